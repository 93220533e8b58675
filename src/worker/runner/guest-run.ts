import { createBytesFile, createHostFile, createResultFile, type GuestFile } from "./guest-files.ts";
import { type FailureCode, failureCodes, type RunFailure, type RunFault } from "./run-outcome.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createWasiHost } from "./wasi-host.ts";

/** 2020-01-01T00:00:00Z: the only moment a program ever sees. */
export const FIXED_CLOCK_NANOSECONDS = 1_577_836_800_000_000_000n;

const LOG_BYTES = 8192;

export type GuestRun = {
  /** A module that `prepareModule` passed. */
  wasm: Uint8Array<ArrayBuffer>;
  params: Uint8Array;
  dataset: { size: number; readAt: (target: Uint8Array, position: number) => number } | null;
  seed: Uint8Array;
  memoryBytes: number;
  outputBytes: number;
};

export type GuestEnd =
  | { type: "ended"; output: Uint8Array; memory: Uint8Array; log: string }
  | RunFailure
  | RunFault;

type Verdict =
  | { type: "exit"; code: number }
  | { type: "output" }
  | { type: "trap"; reason: string }
  | { type: "fault"; reason: string };

/** What unwinds the program's stack once the verdict is in. */
const UNWIND = Symbol("unwind");

/** Runs a program to its end, in this thread. Only the caller can stop it. */
export function runGuest(run: GuestRun): GuestEnd {
  let verdict: Verdict | undefined;
  let log = new Uint8Array(0);
  // The first verdict stands: a program with exception handling can catch the unwinding and go on.
  const end = (last: Verdict): never => {
    verdict ??= last;
    throw UNWIND;
  };

  const inputs = new Map<string, GuestFile>([["params.json", createBytesFile(run.params)]]);
  if (run.dataset !== null) {
    const changed = (cause: unknown) =>
      end({ type: "fault", reason: `the dataset cannot be read: ${String(cause)}` });
    inputs.set("dataset", createHostFile(run.dataset.size, run.dataset.readAt, changed));
  }
  const result = createResultFile(run.outputBytes, () => end({ type: "output" }));
  let memory: WebAssembly.Memory | undefined;
  const functions = createWasiHost(
    {
      inputs,
      result,
      clockNanoseconds: FIXED_CLOCK_NANOSECONDS,
      random: createSeededRandom(run.seed),
      exit: (code) => end({ type: "exit", code }),
      print(bytes) {
        if (log.length < LOG_BYTES) log = Buffer.concat([log, bytes.subarray(0, LOG_BYTES - log.length)]);
      },
      broken(error) {
        if (error === UNWIND) throw error;
        // A call made where the stack is nearly used up: the program's own doing.
        return end(
          isStackOverflow(error)
            ? { type: "trap", reason: String(error) }
            : { type: "fault", reason: String(error) },
        );
      },
    },
    // Nothing calls before the instance is there: prepareModule refuses start sections.
    () => memory as WebAssembly.Memory,
  );

  const failure = (code: FailureCode, reason: string): RunFailure => {
    return { type: "failure", code, reason, log: new TextDecoder().decode(log) };
  };
  /** A program without memory left ends in a trap or an exit code of its own choice: told apart by how far it had grown. */
  const failureOfProgram = (code: FailureCode, reason: string): RunFailure => {
    const held = memory?.buffer.byteLength ?? 0;
    const full = held >= run.memoryBytes - run.memoryBytes / 8;
    return full
      ? failure(failureCodes.memoryLimit, `${reason}; held ${held} bytes of memory`)
      : failure(code, reason);
  };

  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(run.wasm);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return failure(failureCodes.invalidModule, error.message);
    throw error;
  }
  try {
    const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: functions });
    memory = instance.exports.memory as WebAssembly.Memory;
    (instance.exports._start as () => void)();
  } catch (error) {
    if (error !== UNWIND) {
      // Before the program has begun a RangeError means that the machine could not give the memory: no fault of the program.
      const trapped =
        error instanceof WebAssembly.RuntimeError || (memory !== undefined && isStackOverflow(error));
      if (!trapped) throw error;
      verdict ??= { type: "trap", reason: String(error) };
    }
  }
  if (verdict?.type === "fault") return verdict;
  if (verdict?.type === "output")
    return failure(failureCodes.outputLimit, `more than ${run.outputBytes} bytes of output`);
  if (verdict?.type === "trap") return failureOfProgram(failureCodes.trap, verdict.reason);
  if (verdict?.type === "exit" && verdict.code !== 0)
    return failureOfProgram(failureCodes.nonZeroExit, `exit code ${verdict.code}`);
  const bytes = new Uint8Array((memory as WebAssembly.Memory).buffer);
  return { type: "ended", output: result.bytes(), memory: bytes, log: new TextDecoder().decode(log) };
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message === "Maximum call stack size exceeded";
}
