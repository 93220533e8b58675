import type { RunFailure, RunFault, RunSuccess } from "./run-outcome.ts";

/** The descriptor under which the child finds the dataset, opened by the parent. */
export const DATASET_FD = 4;

/** Parent to child, once, after `ready`. */
export type RunOrder = {
  wasm: Uint8Array<ArrayBuffer>;
  params: Uint8Array;
  datasetSize: number | null;
  seed: Uint8Array;
  memoryBytes: number;
  outputBytes: number;
};

/** Child to parent: up; order received, the program's time runs; the program ended; what became of it. */
export type ChildMessage =
  | { type: "ready" }
  | { type: "started" }
  | { type: "ended" }
  | { type: "outcome"; outcome: RunSuccess | RunFailure | RunFault };
