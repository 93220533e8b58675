import type { Counter } from "prom-client";
import { createHubClient, type HubClient } from "#src/client/hub-client.ts";
import type { ShopView } from "#src/client/hub-schema.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { findShop, putShop } from "./feed.ts";
import type { HubDatabase, HubQueries, ShopFacts } from "./hub-tables.ts";

export interface OriginsDeps {
  readonly database: HubDatabase;
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
  const { database, fetch, logger, polls, clock = systemClock } = deps;
  const { urls, pollMs, signal } = options;
  await dropOthers(database, urls);
  const origins = urls.map((url) => ({
    url,
    client: createHubClient({ fetch, clock }, { baseUrl: url, retries: 0 }),
  }));
  while (!signal.aborted && origins.length > 0) {
    for (const { url, client } of origins) {
      try {
        await pollOrigin(database, client, url, urls, signal);
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
  database: HubDatabase,
  client: HubClient,
  url: string,
  urls: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (let more = true; more && !signal.aborted; ) {
    const known = await database.kysely
      .selectFrom("origins")
      .selectAll()
      .where("url", "=", url)
      .executeTakeFirst();
    const page = await client.shops({ limit: PAGE, ...(known === undefined ? {} : { since: known.cursor }) });
    if (known !== undefined && known.feed !== page.feed) {
      // Its list was begun anew, and says nothing of what was in the old one.
      await database.transaction(async (trx) => {
        await dropOrigin(trx, url);
      });
      continue;
    }
    if (known !== undefined && BigInt(page.next) < BigInt(known.cursor)) {
      throw new HanseError("HANSE_PEER_RESPONSE_INVALID", `${url} goes back in its own sequence`, {
        details: { url, cursor: known.cursor, next: page.next },
      });
    }
    await database.transaction(async (trx) => {
      for (const shop of page.shops) await takeOver(trx, shop, url, urls);
      const row = { url, feed: page.feed, cursor: page.next };
      await trx
        .insertInto("origins")
        .values(row)
        .onConflict((conflict) => conflict.column("url").doUpdateSet(row))
        .execute();
    });
    more = page.more && page.next !== known?.cursor;
  }
}

/** Puts what an origin lists into ours, unless somebody who comes before it has a shop of that code. */
async function takeOver(
  trx: HubQueries,
  view: ShopView,
  url: string,
  urls: readonly string[],
): Promise<void> {
  // What it has from others is theirs to tell.
  if (view.origin !== undefined) return;
  const found = await findShop(trx, view.code);
  if (found !== undefined && found.origin !== url) {
    // A code is one shop's for ever in our own Hub.
    if (found.origin === null) return;
    if (found.standing !== "gone" && urls.indexOf(found.origin) < urls.indexOf(url)) return;
  }
  const facts = view.shop === undefined ? undefined : factsOf(view.shop);
  if (facts === undefined) {
    // One that was never listed here needs no tombstone.
    if (found?.origin !== url || found.standing === "gone") return;
    await putShop(trx, view.code, { standing: "gone", facts: found.facts }, url);
    return;
  }
  await putShop(trx, view.code, { standing: "member", facts }, url);
}

function factsOf(shop: NonNullable<ShopView["shop"]>): ShopFacts {
  const { owner, key, previousKey, overlapEnds, endpoint, profile, stake } = shop;
  return {
    ...{ owner, key, endpoint, profile, stake },
    ...(previousKey === undefined || overlapEnds === undefined
      ? {}
      : { previousKey, overlapEnds: Math.floor(Date.parse(overlapEnds) / 1000) }),
  };
}

async function dropOrigin(trx: HubQueries, url: string): Promise<void> {
  await trx.deleteFrom("origins").where("url", "=", url).execute();
  const rows = await trx
    .selectFrom("shops")
    .select(["code", "facts"])
    .where("origin", "=", url)
    .where("standing", "!=", "gone")
    .execute();
  for (const { code, facts } of rows) await putShop(trx, code, { standing: "gone", facts }, url);
}

/** Those that are followed no more are listed no more. */
async function dropOthers(database: HubDatabase, urls: readonly string[]): Promise<void> {
  await database.transaction(async (trx) => {
    const known = await trx.selectFrom("origins").select("url").execute();
    for (const { url } of known) if (!urls.includes(url)) await dropOrigin(trx, url);
  });
}
