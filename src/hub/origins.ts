import type { Counter } from "prom-client";
import { createHubClient, type HubClient } from "#src/client/hub-client.ts";
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
        await pollOrigin(shops, client, url, signal);
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

/** All that is new at one origin, page by page; each is a transaction with its cursor. */
async function pollOrigin(
  shops: OriginShops,
  client: HubClient,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  // Begun anew once at a time: one that does so again and again must not keep the others waiting.
  for (let begun = 0; begun < 2 && !signal.aborted; ) {
    const known = await shops.cursorOf(url);
    const page = await client.shops({ limit: PAGE, ...(known === undefined ? {} : { since: known.cursor }) });
    // Its list was begun anew, or set back: what was in the old one and is not in this is gone.
    if (known !== undefined && (known.feed !== page.feed || BigInt(page.next) < BigInt(known.cursor))) {
      await shops.beginAnew(url);
      begun++;
      continue;
    }
    await shops.take(url, page);
    if (!page.more || page.next === known?.cursor) return;
  }
}
