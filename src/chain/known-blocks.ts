import type { BlockRef } from "./block.ts";

/** The blocks that were dealt with last, in ascending order: by them a reorganisation is traced. */
export interface KnownBlocks {
  readonly newest: BlockRef | undefined;
  /** Newest first, those at or below a height. */
  upTo(height: bigint): BlockRef[];
  /** Whether nothing was dealt with before the oldest of them. */
  reachTo(startBlock: bigint): boolean;
  add(block: BlockRef): void;
  dropAbove(height: bigint): void;
}

/** How many are remembered. */
const REMEMBERED = 256;

export function createKnownBlocks(initial: readonly BlockRef[]): KnownBlocks {
  let blocks = [...initial];
  return {
    get newest() {
      return blocks.at(-1);
    },
    upTo: (height) => blocks.filter(({ number }) => number <= height).reverse(),
    reachTo: (startBlock) => (blocks[0]?.number ?? startBlock) <= startBlock,
    add({ number, hash }) {
      blocks.push({ number, hash });
      if (blocks.length > REMEMBERED) blocks.shift();
    },
    dropAbove(height) {
      blocks = blocks.filter(({ number }) => number <= height);
    },
  };
}
