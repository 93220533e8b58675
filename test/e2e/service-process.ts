import { spawn } from "node:child_process";
import { bundleProgram } from "#src/bin/program-bundle.ts";
import { freePort } from "#src/store/free-port.ts";

/** A service as a process of its own, as `hanse <name> start` runs it. */
export interface ServiceProcess {
  readonly name: string;
  readonly url: string;
  /** Everything it wrote so far, to its output and its errors. */
  output(): string;
  /** Undefined while it runs. */
  exit(): string | undefined;
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  /** With SIGKILL: it hears nothing of it. */
  kill(): Promise<void>;
}

/** Starts a service on a port of loopback, a free one unless told. It may not be ready yet: see `untilReady`. */
export async function spawnService(
  name: string,
  env: Readonly<Record<string, string>>,
  fixedPort?: number,
): Promise<ServiceProcess> {
  const port = fixedPort ?? (await freePort());
  const child = spawn(process.execPath, [await bundleProgram(), name, "start"], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...env,
      HANSE_PORT: String(port),
      HANSE_SUPERVISED: "1",
    },
    // The pipe to its standard input tells it when this process is gone.
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  let exit: string | undefined;
  const ended = new Promise<void>((resolve) =>
    child.once("close", (code, signal) => {
      exit = String(signal ?? code);
      resolve();
    }),
  );
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    exit: () => exit,
    ended,
    async stop() {
      const patience = setTimeout(() => child.kill("SIGKILL"), 15_000);
      child.kill("SIGTERM");
      await ended;
      clearTimeout(patience);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Resolves when the service is ready; throws with what it wrote when it ends or takes longer. */
export async function untilReady(service: ServiceProcess, timeoutMs = 90_000): Promise<ServiceProcess> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await fetch(`${service.url}/readyz`).catch(() => undefined);
    if (answer?.ok) return service;
    if (service.exit() !== undefined || Date.now() > deadline) {
      throw new Error(`${service.name} is not ready: ${service.output().slice(-2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
