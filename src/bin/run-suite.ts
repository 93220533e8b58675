import { spawn } from "node:child_process";
import { join } from "node:path";

/** The package's own folder; suites run from there. */
export const ROOT = join(import.meta.dirname, "../..");

/** After its end, for what it wrote last to arrive. */
const LAST_WORDS_MS = 10_000;

export interface SuiteRun {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a tool of the package, shows its output as it comes unless it is `held`, and keeps it. */
export async function runSuite(
  command: string,
  args: readonly string[],
  { env = {}, held = false }: { env?: Readonly<Record<string, string>>; held?: boolean } = {},
): Promise<SuiteRun> {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const [stream, target] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    // Characters may be cut in two by the pieces they come in.
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      output += chunk;
      if (!held) target.write(chunk);
    });
  }
  const exitCode = await new Promise<number>((resolve) => {
    child.once("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(127);
    });
    child.once("close", (code) => resolve(code ?? 1));
    // What a failed test left running may hold the pipes for ever.
    child.once("exit", (code) => setTimeout(() => resolve(code ?? 1), LAST_WORDS_MS));
  });
  return { exitCode, output };
}
