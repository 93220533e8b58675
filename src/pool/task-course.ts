import type { Deal } from "#src/protocol/deals.ts";
import { frozenTerms } from "./frozen-terms.ts";

/** A task as `poco.task` tells it, as far as its course needs. */
export interface ChainTask {
  readonly status: number;
  readonly round: number;
  readonly drawn: number;
  readonly drawnInRound: number;
  readonly committed: number;
  readonly committedInRound: number;
  readonly seedBlock: number;
  readonly completedAt: number;
  readonly seals: `0x${string}`;
}

/** Where a task stands at a block. */
export interface TaskCourse {
  readonly settled: boolean;
  /** The running round, from 1. */
  readonly round: number;
  /** The block whose seed draws it. */
  readonly seedBlock: bigint;
  /** The block in which the round closed, or the last in which it is open. */
  readonly closesAt: bigint;
  /** No seal can be committed to the round any more. */
  readonly closed: boolean;
  /** Not certified in time: it can only be claimed back. */
  readonly overdue: boolean;
}

/** `SEED_DELAY` of Poco: how many blocks after the seal the block of round 1's seed is. */
const SEED_DELAY = 1n;

/** @param head the newest block there is */
export function courseOf(deal: Deal, task: ChainTask, head: bigint): TaskCourse {
  const { roundBlocks, deadlineBlocks } = frozenTerms(deal);
  const seedBlock = task.round === 0 ? deal.sealedAtBlock + SEED_DELAY : BigInt(task.seedBlock);
  const complete = task.completedAt !== 0;
  const closesAt = complete ? BigInt(task.completedAt) : seedBlock + roundBlocks;
  return {
    settled: task.status !== 0,
    round: Math.max(task.round, 1),
    seedBlock,
    closesAt,
    closed: complete || head > closesAt,
    overdue: head > deal.sealedAtBlock + deadlineBlocks,
  };
}
