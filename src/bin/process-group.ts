import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";

export interface ProcessSpec {
  readonly name: string;
  /** Arguments of `hanse`: every process is one of its commands. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Asked until it is true. */
  readonly ready: () => Promise<boolean>;
  readonly readyTimeoutMs?: number;
}

export interface ProcessGroup {
  /**
   * Starts a process and waits until it is ready.
   * @throws HANSE_PROCESS_FAILED with the end of its log when it ends or is not ready in time
   */
  start(spec: ProcessSpec): Promise<void>;
  /** Stops all, last started first; resolves when every one has ended. */
  stop(): Promise<void>;
  /** Rejects with HANSE_PROCESS_FAILED when a process ends that nobody stopped. */
  readonly failed: Promise<never>;
}

const STOP_TIMEOUT_MS = 10_000;
/** Asked more often, twenty services that come up together would be kept from it by the questions. */
const READY_POLL_MS = 250;
const LOG_TAIL_LINES = 6;

/** Runs the commands of `hanse` as processes of their own, each with a log file. */
export function createProcessGroup(
  deps: { readonly clock?: Clock },
  options: { readonly logDir: string; readonly entry: string; readonly signal: AbortSignal },
): ProcessGroup {
  const { clock = systemClock } = deps;
  const running: { name: string; child: ChildProcess; ended: Promise<void> }[] = [];
  let stopping = false;
  let fail: (error: HanseError) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Whoever waits on it hears of it; where nobody does, it must not end the process.
  failed.catch(() => undefined);
  mkdirSync(options.logDir, { recursive: true });

  return {
    failed,

    async start({ name, args, env, ready, readyTimeoutMs = 30_000 }) {
      if (stopping) throw new HanseError("HANSE_INTERRUPTED", `${name} was not started any more`);
      const child = spawn(process.execPath, [options.entry, ...args], {
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          ...env,
          HANSE_SUPERVISED: "1",
        },
        // A group of its own: Ctrl-C reaches this process alone, which then stops the others in order. The pipe to its
        // standard input tells a child that this process died.
        detached: true,
        stdio: ["pipe", "pipe", "pipe"],
      });
      const log = createWriteStream(logPath(name), { flags: "a" });
      child.stdout?.pipe(log, { end: false });
      child.stderr?.pipe(log, { end: false });
      const ended = new Promise<void>((resolve) => {
        child.once("error", () => resolve());
        child.once("close", () => resolve());
      });
      running.push({ name, child, ended });
      let over = false;
      void ended.then(async () => {
        over = true;
        log.end();
        if (!stopping) fail(await failure(name, `${name} ended (${child.signalCode ?? child.exitCode})`));
      });

      const deadline = clock.now() + readyTimeoutMs;
      while (!(await ready().catch(() => false))) {
        options.signal.throwIfAborted();
        if (over) throw await failure(name, `${name} ended before it was ready`);
        if (clock.now() > deadline)
          throw await failure(name, `${name} was not ready in ${readyTimeoutMs} ms`);
        await clock.sleep(READY_POLL_MS);
      }
    },

    async stop() {
      stopping = true;
      for (const { child, ended } of running.splice(0).reverse()) {
        child.kill("SIGTERM");
        const patience = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
        await ended;
        clearTimeout(patience);
      }
    },
  };

  function logPath(name: string): string {
    return join(options.logDir, `${name}.log`);
  }

  async function failure(name: string, what: string): Promise<HanseError> {
    const log = await readFile(logPath(name), "utf8").catch(() => "");
    const tail = log.trimEnd().split("\n").slice(-LOG_TAIL_LINES).map(shorten).join("\n");
    return new HanseError("HANSE_PROCESS_FAILED", `${what}; the end of ${logPath(name)}:\n${tail}`, {
      details: { process: name },
    });
  }
}

/** What matters of a log line: the whole is in the file. */
function shorten(line: string): string {
  try {
    const { level, msg, err } = JSON.parse(line) as {
      level?: string;
      msg?: string;
      err?: { code?: string; message?: string };
    };
    return `  ${level ?? ""}: ${msg ?? ""}${err === undefined ? "" : ` (${err.code ?? ""} ${err.message ?? ""})`}`;
  } catch {
    return `  ${line.slice(0, 300)}`;
  }
}
