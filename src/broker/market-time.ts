import type { Clock } from "#src/kernel/clock.ts";

/** The time by which orders expire, in Unix seconds. */
export interface MarketTime {
  now(): bigint;
  /** A block was seen. */
  atBlock(timestamp: bigint): void;
}

/**
 * The later of the chain's time and the machine's: the next block is no earlier than the last one, and a chain that
 * mines only on demand stands still meanwhile.
 */
export function createMarketTime({ clock }: { readonly clock: Clock }): MarketTime {
  let chain = 0n;
  return {
    now() {
      const machine = BigInt(Math.floor(clock.now() / 1000));
      return chain > machine ? chain : machine;
    },
    atBlock(timestamp) {
      chain = timestamp;
    },
  };
}
