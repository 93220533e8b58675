import type { Hex } from "viem";

/** The block that a step is part of. */
export interface Moment {
  readonly block: bigint;
  /** Unix seconds. */
  readonly time: bigint;
  /** The hash of an earlier block. Asked for those only whose hash a contract could still see. */
  hashOf(block: bigint): Hex;
}
