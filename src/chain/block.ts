import type { Hex } from "viem";

export interface BlockRef {
  readonly number: bigint;
  readonly hash: Hex;
}

/** What is known of a block that was told by a majority. */
export interface ChainBlock extends BlockRef {
  readonly parentHash: Hex;
  /** Unix seconds. */
  readonly timestamp: bigint;
}
