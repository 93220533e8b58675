import { type Address, encodeAbiParameters, type Hex, keccak256, type TypedDataDomain } from "viem";

/** What was computed; `Result` in `IPoco`. */
export interface Result {
  /** 0: success; else why the task cannot succeed, see `OUTCOMES`. */
  readonly outcome: number;
  /** SHA-256 of the output, its address in the content store. */
  readonly content: Hex;
  /** Keccak-256 of the program's final memory. */
  readonly memoryHash: Hex;
  readonly callbackData: Hex;
}

/** A sealed answer on chain, `Committed` in `IPoco`. */
export interface Committed {
  readonly seat: number;
  readonly round: number;
  readonly worker: Address;
  readonly seal: Hex;
}

/** Why a task ended as it did: part of the result that workers agree on. */
export const OUTCOMES = [
  "success",
  "missing-input",
  "trap",
  "time-limit",
  "memory-limit",
  "output-limit",
  "invalid-module",
  "non-zero-exit",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** `R`: what a worker found, as one hash. */
export function resultHash(result: Result): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "uint8" }, { type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }],
      [result.outcome, result.content, result.memoryHash, keccak256(result.callbackData)],
    ),
  );
}

/** `D_r`: the result as round `round` discloses it; tells the next round nothing it could copy. */
export function roundDigest(round: number, task: Hex, resultHashOfIt: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "uint8" }, { type: "bytes32" }, { type: "bytes32" }],
      [round, task, resultHashOfIt],
    ),
  );
}

/** A worker's seal: it commits to the digest, and is worth nothing in another's hand. */
export function sealOf(worker: Address, digest: Hex): Hex {
  return keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [worker, digest]));
}

/** What a worker signs for the scheduler to commit. */
export const CONTRIBUTION_TYPED_DATA = {
  Contribution: [
    { name: "taskId", type: "bytes32" },
    { name: "round", type: "uint8" },
    { name: "seal", type: "bytes32" },
  ],
} as const;

export function pocoDomain(chainId: number, poco: Address) {
  return { name: "Hanse Poco", version: "1", chainId, verifyingContract: poco } satisfies TypedDataDomain;
}
