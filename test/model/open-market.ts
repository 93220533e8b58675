import { afterAll, beforeAll } from "vitest";
import { createMarketChain, type MarketChain } from "./history/market-chain.ts";
import { type HistoryOptions, type HistoryReport, playHistory } from "./history/play.ts";
import { ACTOR_COUNT } from "./history/world.ts";

/** One market for all tests of a file; each history begins on it as it was deployed. */
export function useMarket(): { play(options: HistoryOptions): Promise<HistoryReport> } {
  let chain: MarketChain;
  beforeAll(async () => {
    chain = await createMarketChain(ACTOR_COUNT);
  });
  afterAll(() => chain.close());
  return {
    async play(options) {
      const back = await chain.remember();
      try {
        return await playHistory(chain, options);
      } finally {
        await back();
      }
    },
  };
}
