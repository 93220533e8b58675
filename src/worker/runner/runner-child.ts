// The process that runs one program, started by wasi-runner.ts: no file access at all, no environment, and the dataset as
// an open descriptor. It computes in its main thread, so it can neither answer nor stop: the parent kills it.
import { readSync } from "node:fs";
import { type ChildMessage, DATASET_FD, type RunOrder } from "./child-messages.ts";
import { runGuest } from "./guest-run.ts";
import { hashMemory } from "./memory-hash.ts";
import type { RunFailure, RunFault, RunSuccess } from "./run-outcome.ts";

/** Resolves once the message is handed to the system: a busy main thread would otherwise keep it back. */
function tell(message: ChildMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error: Error | null) =>
      error === null ? resolve() : reject(error),
    );
  });
}

async function execute(order: RunOrder): Promise<RunSuccess | RunFailure | RunFault> {
  await tell({ type: "started" });
  const readAt = (target: Uint8Array, position: number) =>
    readSync(DATASET_FD, target, 0, target.length, position);
  const dataset = order.datasetSize === null ? null : { size: order.datasetSize, readAt };
  const end = runGuest({ ...order, dataset });
  await tell({ type: "ended" });
  if (end.type !== "ended") return end;
  return { type: "success", output: end.output, memoryHash: hashMemory(end.memory), log: end.log };
}

process.once("message", async (order: RunOrder) => {
  let outcome: RunSuccess | RunFailure | RunFault;
  try {
    outcome = await execute(order);
  } catch (error) {
    outcome = {
      type: "fault",
      reason: `the runner broke: ${error instanceof Error ? error.stack : String(error)}`,
    };
  }
  await tell({ type: "outcome", outcome });
  process.disconnect();
});
// A parent that is gone cannot be answered.
process.once("disconnect", () => process.exit());
await tell({ type: "ready" });
