import type { Address } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { followChain } from "#src/chain/follower.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { shopEventsOf } from "./shop-events.ts";
import type { ShopStore } from "./shop-store.ts";

export interface HubFollowerDeps {
  readonly chain: ChainClient;
  readonly store: ShopStore;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface HubFollowerOptions {
  readonly hub: Address;
  /** The first block that may tell of a shop. */
  readonly startBlock: bigint;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** What happened longer ago (seconds) is no news: a list that is built anew does not tell shops of it all. */
const NEWS_S = 86_400;

/** Follows the Hub until the signal aborts. */
export async function followHub(deps: HubFollowerDeps, options: HubFollowerOptions): Promise<void> {
  const { chain, store, logger, clock = systemClock } = deps;
  const { hub, startBlock, pollMs, signal } = options;
  const known = await store.blocks();
  const following = followChain(
    { chain, logger, clock },
    { addresses: [hub], cursor: known.at(-1), known: known.slice(0, -1), startBlock, pollMs, signal },
  );
  for await (const event of following) {
    if (event.type === "finalized") continue;
    if (event.type === "reorg") {
      logger.warn({ to: event.to.number }, "the chain was reorganised");
      await store.rewind(event.to);
      continue;
    }
    const { block, logs } = event;
    const events = shopEventsOf(logs, hub);
    const isNews = clock.now() / 1000 - Number(block.timestamp) < NEWS_S;
    await store.apply(block, events, { isNews });
    for (const { code, type } of events) {
      if (type !== undefined) logger.info({ shop: code, change: type, block: block.number }, "shop changed");
    }
  }
}
