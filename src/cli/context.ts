import type { Hex } from "viem";
import type { RegisteredAsset } from "#src/chain/market-reader.ts";

/** What a command gets from outside. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line of the answer. */
  readonly write: (line: string) => void;
  /** Progress and notes: not part of the answer. */
  readonly note: (line: string) => void;
  /** A path as the user means it, made absolute. */
  readonly fromCaller: (path: string) => string;
  /**
   * Asks the person at the terminal; what is typed is not shown where `secret`.
   * @returns undefined where nobody is there to ask
   */
  readonly ask: (question: string, options?: { readonly secret?: boolean }) => Promise<string | undefined>;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  /** Computes a task on this machine. */
  readonly recompute: (task: TaskToCompute) => Promise<Recomputed>;
}

/** A task with everything that its computation depends on. */
export interface TaskToCompute {
  readonly task: Hex;
  readonly dealId: Hex;
  readonly index: number;
  readonly app: RegisteredAsset;
  readonly wasm: Uint8Array;
  readonly dataset: Uint8Array | undefined;
  readonly params: Hex;
  readonly memoryMib: number;
  readonly timeMs: number;
  readonly outputBytes: number;
}

/** What came out; one to one with `Result` in `IPoco`, but for the callback's data. */
export interface Recomputed {
  readonly outcome: number;
  readonly content: Hex;
  readonly memoryHash: Hex;
}
