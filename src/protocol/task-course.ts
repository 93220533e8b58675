import type { Hex } from "viem";
import type { Deal } from "./deals.ts";
import { frozenTerms } from "./frozen-terms.ts";

/** A task as it stands on chain; see `Task` in `IPoco`. */
export interface TaskState {
  /** 0: open; else certified, failed or claimed. */
  readonly status: number;
  /** The running round, from 1; 0: the first, and nobody has committed yet. */
  readonly round: number;
  /** Places drawn in all rounds so far; 0 while nobody has committed in the running one. */
  readonly drawn: number;
  /** Seals committed in all rounds so far. */
  readonly committed: number;
  /** The block whose seed draws the running round. */
  readonly seedBlock: bigint;
  /** The block in which its last place committed; undefined: not all have. */
  readonly completedAt?: bigint | undefined;
  /** Chain over all committed seals, as `sealsChain` computes it. */
  readonly seals: Hex;
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

/**
 * Where a task stands; as `Rounds.sol` reckons.
 * @param head the newest block there is, not newer than `task`
 */
export function courseOf(deal: Deal, task: TaskState, head: bigint): TaskCourse {
  const { roundBlocks, deadlineBlocks } = frozenTerms(deal);
  const closesAt = task.completedAt ?? task.seedBlock + roundBlocks;
  return {
    settled: task.status !== 0,
    round: Math.max(task.round, 1),
    seedBlock: task.seedBlock,
    closesAt,
    closed: task.completedAt !== undefined || head > closesAt,
    overdue: head > deal.sealedAtBlock + deadlineBlocks,
  };
}
