import { HanseError } from "#src/kernel/errors.ts";
import type { Runner } from "./computation.ts";
import type { RunLimits } from "./runner/run-outcome.ts";

/** The smallest program there is: one page of memory, and a `_start` that returns. */
const EMPTY_PROGRAM = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // type section: () -> ()
  ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
  // function section: one of that type
  ...[0x03, 0x02, 0x01, 0x00],
  // memory section: one page at least
  ...[0x05, 0x03, 0x01, 0x00, 0x01],
  // export section: "memory" and "_start"
  ...[
    0x07,
    0x13,
    0x02,
    0x06,
    ...Buffer.from("memory"),
    0x02,
    0x00,
    0x06,
    ...Buffer.from("_start"),
    0x00,
    0x00,
  ],
  // code section: an empty body
  ...[0x0a, 0x04, 0x01, 0x02, 0x00, 0x0b],
);

/**
 * Runs a program that does nothing: a worker that cannot even do that would be drawn, miss its places and be fined.
 * @throws HANSE_RUNNER_BROKEN
 */
export async function assertRunnerWorks(runner: Runner, limits: RunLimits): Promise<void> {
  const request = {
    wasm: EMPTY_PROGRAM,
    dataset: null,
    params: Uint8Array.of(),
    limits,
    seed: new Uint8Array(32),
  };
  const outcome = await runner(request, { signal: AbortSignal.timeout(limits.timeMs + 10_000) });
  if (outcome.type === "success") return;
  throw new HanseError("HANSE_RUNNER_BROKEN", `an empty program does not run: ${outcome.reason}`, {
    details: { outcome: outcome.type },
  });
}
