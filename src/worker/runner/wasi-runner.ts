import { type ChildProcess, spawn } from "node:child_process";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { readCpuMs } from "./child-cpu-time.ts";
import type { ChildMessage, RunOrder } from "./child-messages.ts";
import { childProgram } from "./child-program.ts";
import {
  failureCodes,
  type RunFailure,
  type RunFault,
  type RunLimits,
  type RunOutcome,
} from "./run-outcome.ts";
import { PAGE_BYTES, prepareModule } from "./wasm-module.ts";

export type RunRequest = {
  /** The module, or the path of its file. */
  wasm: Uint8Array | string;
  /** Path of the file the program sees as `/in/dataset`; null for none. It must not change meanwhile. */
  dataset: string | null;
  /** Content of `/in/params.json`. */
  params: Uint8Array;
  limits: RunLimits;
  /** What random_get derives from; zeros when left out. The same for every worker of a task. */
  seed?: Uint8Array;
};

export type RunnerDeps = {
  /** Node.js to run the child with; this process's own by default. */
  nodePath?: string;
  /** Kills the run; the outcome is then a fault. */
  signal?: AbortSignal;
  /** How long the child may take apart from running the program: to come up, and to hash the memory (ms). */
  graceMs?: number;
  /** CPU time a process has used, in ms, null if unknown. */
  cpuMs?: (pid: number) => Promise<number | null>;
};

const MAX_MODULE_BYTES = 64 << 20;
const NO_SEED = new Uint8Array(32);

/**
 * Runs a WASI command in a child process of its own and says what came of it. Never rejects.
 *
 * Warning: the time limit is measured by clock. A task has to be sized well below it, or workers of different speed will
 * disagree. A machine too busy to give the child half of the time that passed answers with a fault instead of failure 3.
 *
 * Warning: failure 4 beside 2 and 7 is an attribution: the program failed with at least 7/8 of its memory limit in use.
 */
export async function runWasi(request: RunRequest, deps: RunnerDeps = {}): Promise<RunOutcome> {
  const maxPages = Math.floor(request.limits.memoryBytes / PAGE_BYTES);
  let dataset: FileHandle | null = null;
  try {
    const wasm = typeof request.wasm === "string" ? await orMissing(readFile(request.wasm)) : request.wasm;
    if (wasm === null) return failure(failureCodes.missingInput, "the module is not there");
    if (wasm.length > MAX_MODULE_BYTES)
      return failure(failureCodes.invalidModule, `above ${MAX_MODULE_BYTES} bytes`);
    const prepared = prepareModule(wasm, { maxPages });
    if (prepared.type === "invalid") return failure(failureCodes.invalidModule, prepared.reason);
    if (prepared.type === "memory") return failure(failureCodes.memoryLimit, prepared.reason);

    if (request.dataset !== null) {
      dataset = await orMissing(open(request.dataset, "r"));
      if (dataset === null) return failure(failureCodes.missingInput, "the dataset is not there");
    }
    const order: RunOrder = {
      wasm: prepared.wasm,
      params: request.params,
      datasetSize: dataset === null ? null : (await dataset.stat()).size,
      seed: request.seed ?? NO_SEED,
      memoryBytes: maxPages * PAGE_BYTES,
      outputBytes: request.limits.outputBytes,
    };
    return await supervise(order, dataset, request.limits.timeMs, deps);
  } catch (error) {
    return fault(String(error));
  } finally {
    await dataset?.close();
  }
}

async function orMissing<T>(opened: Promise<T>): Promise<T | null> {
  try {
    return await opened;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

const failure = (code: RunFailure["code"], reason: string): RunFailure => ({
  type: "failure",
  code,
  reason,
  log: "",
});
const fault = (reason: string): RunFault => ({ type: "fault", reason });

/** Sees the child through: one clock for the program, another for all that is ours, SIGKILL at the end in every case. */
function supervise(
  order: RunOrder,
  dataset: FileHandle | null,
  timeMs: number,
  deps: RunnerDeps,
): Promise<RunOutcome> {
  const { signal, graceMs = 30_000, cpuMs = readCpuMs } = deps;
  if (signal?.aborted) return Promise.resolve(fault("stopped"));
  return new Promise((resolve) => {
    const child = startChild(order, dataset, timeMs, deps.nodePath ?? process.execPath);
    let timer: NodeJS.Timeout | undefined;
    let complaint = "";
    let settled = false;
    let ended = false;

    // The answer waits for the process to be gone: nothing of it outlives the call.
    const settle = (outcome: RunOutcome) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      child.kill("SIGKILL");
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) resolve(outcome);
      else child.once("exit", () => resolve(outcome));
    };
    const stop = () => settle(fault("stopped"));
    const allow = (ms: number, late: () => void) => {
      clearTimeout(timer);
      timer = setTimeout(late, ms);
    };
    const cpuNow = () => (child.pid === undefined ? Promise.resolve(null) : cpuMs(child.pid));

    async function timeIsUp(cpuAtStart: Promise<number | null>): Promise<void> {
      // Stopped first, so that asking what it used takes nothing from the deadline.
      child.kill("SIGSTOP");
      const [before, after] = await Promise.all([cpuAtStart, cpuNow()]);
      // Where this process was late itself, the news of the end may be waiting in the pipe: let it in first.
      await new Promise((drained) => setImmediate(drained));
      if (ended) {
        child.kill("SIGCONT");
        return;
      }
      const used = before === null || after === null ? timeMs : after - before;
      if (used < timeMs / 2)
        settle(fault(`the machine gave ${Math.round(used)} ms of CPU time in ${timeMs} ms`));
      else settle(failure(failureCodes.timeLimit, `not done after ${timeMs} ms`));
    }

    child.on("message", (message: ChildMessage) => {
      if (settled) return;
      if (message.type === "ready")
        child.send(order, (error) => error && settle(fault(`no order sent: ${error.message}`)));
      else if (message.type === "started") {
        const cpuAtStart = cpuNow();
        allow(timeMs, () => void timeIsUp(cpuAtStart));
      } else if (message.type === "ended") {
        ended = true;
        allow(graceMs, () => settle(fault("the memory was not hashed in time")));
      } else settle(message.outcome);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(0, 2000);
    });
    child.on("error", (error) => settle(fault(`no child process: ${error.message}`)));
    // Out of memory, a killer other than us, a crash of the engine: nothing that another worker has to see alike.
    child.on("close", (code, killer) =>
      settle(fault(`the child ended early (${killer ?? code}) ${complaint.trim()}`)),
    );
    signal?.addEventListener("abort", stop);
    allow(graceMs, () => settle(fault("the child did not come up in time")));
  });
}

function startChild(
  order: RunOrder,
  dataset: FileHandle | null,
  timeMs: number,
  nodePath: string,
): ChildProcess {
  // Should this process die, nobody is left to kill the child: the system then does, by CPU time, whatever it computes. Twice
  // the limit, because compilation runs on several cores.
  const cpuSeconds = Math.ceil((timeMs * 2) / 1000) + 60;
  const node = [
    // Not one file, not even its own.
    "--permission",
    "--disallow-code-generation-from-strings",
    // One compiler, so that one program has one depth of stack and one way to compute a NaN.
    "--no-liftoff",
    ...["--input-type=module", "--eval", childProgram()],
  ];
  return spawn(
    "/bin/sh",
    ["-c", 'ulimit -c 0; ulimit -t "$0" && exec "$@"', String(cpuSeconds), nodePath, ...node],
    {
      cwd: "/",
      env: {},
      serialization: "advanced",
      stdio: [
        "ignore",
        "ignore",
        "pipe",
        "ipc",
        order.datasetSize === null ? "ignore" : (dataset?.fd ?? "ignore"),
      ],
    },
  );
}
