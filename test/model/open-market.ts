import { afterAll, beforeAll } from "vitest";
import { createMarketChain, type MarketChain, type Sent } from "./history/market-chain.ts";
import {
  HistoryDifference,
  type HistoryOptions,
  type HistoryReport,
  openMarket,
  playHistory,
} from "./history/play.ts";
import { ACTOR_COUNT } from "./history/world.ts";

interface OpenMarket {
  /** Plays a history in which model and contracts have to agree. */
  play(options: HistoryOptions): Promise<HistoryReport>;
  /** Plays a history and tells where they differ; empty where they do not. */
  differenceIn(options: HistoryOptions): Promise<string>;
}

/** One market for all tests of a file; each history begins on it as it was opened. */
export function useMarket(): OpenMarket {
  let chain: MarketChain;
  let opened: readonly Sent[];
  beforeAll(async () => {
    chain = await createMarketChain(ACTOR_COUNT);
    opened = await openMarket(chain);
  }, 180_000);
  afterAll(() => chain.close());
  async function play(options: HistoryOptions): Promise<HistoryReport> {
    const back = await chain.remember();
    try {
      return await playHistory(chain, opened, options);
    } finally {
      await back();
    }
  }
  return {
    play,
    async differenceIn(options) {
      try {
        await play(options);
        return "";
      } catch (error) {
        if (error instanceof HistoryDifference) return error.message;
        throw error;
      }
    },
  };
}
