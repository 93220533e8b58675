import type { Deal } from "#src/protocol/deals.ts";
import type { WorkerTaskState } from "./worker-chain.ts";

/** The running round of a task, as the chain has it. */
export interface RoundState {
  readonly settled: boolean;
  /** From 1. */
  readonly round: number;
  /** No seal can be committed to it any more. */
  readonly closed: boolean;
}

/** @param head a block that is not newer than `state` */
export function roundState(deal: Deal, state: WorkerTaskState, head: bigint): RoundState {
  // Of `Deal.frozen`, see `PocoFrozen.sol`.
  const roundBlocks = (BigInt(deal.frozen) >> 112n) & 0xffffffffn;
  const seedBlock = state.round === 0 ? deal.sealedAtBlock + 1n : BigInt(state.seedBlock);
  return {
    settled: state.status !== 0,
    round: Math.max(state.round, 1),
    closed: state.completedAt !== 0 || head > seedBlock + roundBlocks,
  };
}
