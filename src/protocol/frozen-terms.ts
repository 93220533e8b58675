import type { Deal } from "./deals.ts";

/** What a panel froze into a deal; twin of `contracts/certifiers/panel/PanelFrozen.sol`. */
export interface FrozenTerms {
  /** How many seat numbers the pool had given out. */
  readonly seats: number;
  /** Nano-HANSE. */
  readonly seatStake: bigint;
  readonly schedulerShare: number;
  /** Blocks. */
  readonly roundBlocks: bigint;
  readonly deadlineBlocks: bigint;
}

/** From the top: seats 32 bits, seatStake 64, schedulerShare 16, roundBlocks 32, deadlineBlocks 32. */
export function frozenTerms({ frozen }: Pick<Deal, "frozen">): FrozenTerms {
  const bits = BigInt(frozen);
  const field = (shift: bigint, width: bigint) => (bits >> shift) & ((1n << width) - 1n);
  return {
    seats: Number(field(224n, 32n)),
    seatStake: field(160n, 64n),
    schedulerShare: Number(field(144n, 16n)),
    roundBlocks: field(112n, 32n),
    deadlineBlocks: field(80n, 32n),
  };
}
