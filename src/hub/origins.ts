import type { Counter } from "prom-client";
import { followShopList } from "#src/client/follow-shop-list.ts";
import { createHubClient } from "#src/client/hub-client.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { OriginShops } from "./origin-shops.ts";

export interface OriginsDeps {
  readonly shops: OriginShops;
  readonly fetch: Fetch;
  readonly logger: Logger;
  /** Counts polls by `origin` and `result`. */
  readonly polls: Counter<"origin" | "result">;
  readonly clock?: Clock;
}

export interface OriginsOptions {
  /** Base URLs of the other hub services, the more trusted first. */
  readonly urls: readonly string[];
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** So many shops at once. */
const PAGE = 200;

/** Follows other hub services until the signal aborts: one after the other, again and again. What is away is asked later. */
export async function followOrigins(deps: OriginsDeps, options: OriginsOptions): Promise<void> {
  const { shops, fetch, logger, polls, clock = systemClock } = deps;
  const { urls, pollMs, signal } = options;
  await shops.forgetOthers();
  const origins = urls.map((url) => ({
    url,
    client: createHubClient({ fetch, clock }, { baseUrl: url, retries: 0 }),
  }));
  while (!signal.aborted && origins.length > 0) {
    for (const { url, client } of origins) {
      try {
        await followShopList(shops, { url, client }, { limit: PAGE, signal });
        polls.inc({ origin: url, result: "ok" });
      } catch (error) {
        if (signal.aborted) return;
        polls.inc({ origin: url, result: "failed" });
        logger.warn({ err: error, origin: url }, "another hub service cannot be followed, trying again");
      }
    }
    await clock.sleep(pollMs, signal).catch(() => undefined);
  }
}
