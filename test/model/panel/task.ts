import type { Address, Hex } from "viem";
import type { Committed } from "#src/protocol/contributions.ts";
import { taskId } from "#src/protocol/deals.ts";
import { structHash } from "#src/protocol/struct-hash.ts";
import type { Deal } from "../clerk/deal.ts";
import type { Mark } from "../clerk/keyring.ts";

export type TaskStatus = "open" | "certified" | "failed" | "claimed";

export interface Round {
  readonly seedBlock: bigint;
  /** Kept when the next round is opened. */
  readonly seed?: Hex | undefined;
  /** The seats drawn in it, once somebody committed in it or the next round was opened. */
  readonly drawn?: readonly number[] | undefined;
  /** The block in which its last place committed. */
  readonly completedAt?: bigint | undefined;
}

export interface TaskBook {
  readonly status: TaskStatus;
  /** Empty: round 1 runs by itself from the seal on. */
  readonly rounds: readonly Round[];
  readonly seals: readonly Committed[];
}

export interface Contribution {
  readonly seat: number;
  readonly seal: Hex;
  readonly mark: Mark;
}

/** A task that may be acted on. */
export interface OpenTask {
  readonly id: Hex;
  readonly deal: Deal;
  readonly book: TaskBook;
  readonly rounds: readonly Round[];
  readonly running: Round;
}

/** Who a certifier is, and whom it answers to. */
export interface PanelParties {
  readonly certifier: Address;
  readonly treasury: Address;
  readonly governance: Address;
}

/** Everything that tells tasks apart comes from here. */
export function taskIdOf(deal: Deal, index: number): Hex {
  return taskId(deal, index);
}

const CONTRIBUTION = {
  Contribution: [
    { name: "taskId", type: "bytes32" },
    { name: "round", type: "uint8" },
    { name: "seal", type: "bytes32" },
  ],
} as const;

export function contributionHash(task: Hex, round: number, seal: Hex): Hex {
  return structHash(CONTRIBUTION, "Contribution", { taskId: task, round, seal });
}
