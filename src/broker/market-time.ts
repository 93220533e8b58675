import type { Clock } from "#src/kernel/clock.ts";

/** The time by which orders expire, in Unix seconds. */
export interface MarketTime {
  /** The newest block's time, or the machine's while none was seen: good enough to refuse a new order by. */
  now(): bigint;
  /**
   * The newest block's time; 0 while none was seen. What was acknowledged expires by it alone: the machine's clock may jump,
   * and what has expired does not come back.
   */
  passed(): bigint;
  /** A block was seen. */
  atBlock(timestamp: bigint): void;
}

export function createMarketTime({ clock }: { readonly clock: Clock }): MarketTime {
  let chain = 0n;
  return {
    now: () => (chain > 0n ? chain : BigInt(Math.floor(clock.now() / 1000))),
    passed: () => chain,
    atBlock(timestamp) {
      chain = timestamp;
    },
  };
}
