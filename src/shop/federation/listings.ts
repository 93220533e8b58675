import { type Selectable, sql } from "kysely";
import type { FeedItem, ProductFeed } from "#src/client/shop-schema.ts";
import type { Right } from "#src/identity/grant.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { parsePublicId } from "#src/protocol/shop-code.ts";
import type { ShopMetrics } from "../shop-metrics.ts";
import { MOST_MINOR, type ShopDatabase, type ShopTables } from "../shop-tables.ts";
import { createFairTurns } from "./fair-turns.ts";
import type { Peers } from "./peers.ts";
import type { FeedAnswer } from "./poll-feed.ts";

export type Listing = Selectable<ShopTables["listings"]>;

/** Products of partners, kept here to be shown and sold. */
export interface Listings {
  /**
   * Takes over what changed at a partner since the last time. A page is a transaction: whatever fails, what is here is what
   * the partner said at some moment, and the next time goes on there.
   * @returns how many products were told of, and how many are gone
   * @param signal ends it; the pages until then are taken
   * @throws HANSE_RIGHT_MISSING, HANSE_SHOP_UNKNOWN, HANSE_PEER_*
   */
  sync(partner: string, signal?: AbortSignal): Promise<{ readonly told: number; readonly gone: number }>;
  /**
   * What can be bought: of members that let us list and sell it now, whatever they told before. By partner and SKU: all, or so
   * many behind a product's id.
   */
  list(
    partner?: string,
    page?: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Listing[]>;
  /**
   * That partners offer all of these, by their ids. Who is said not to is asked for news once, and not more than once in a
   * second, whoever wants to know: strangers do not use up our share of its time.
   * @throws HANSE_PRODUCT_UNKNOWN, HANSE_RIGHT_MISSING, HANSE_SHOP_UNKNOWN, HANSE_PEER_*
   */
  assertOffered(ids: readonly string[]): Promise<void>;
  /**
   * Syncs every partner that shares its inventory, until the signal. However slowly one answers, the others are synced; who
   * fails again and again is asked less often.
   */
  keepSyncing(signal: AbortSignal): Promise<void>;
}

export interface ListingsDeps {
  readonly database: ShopDatabase;
  readonly peers: Pick<Peers, "find">;
  readonly poll: (
    partner: string,
    endpoint: string,
    cursor: string | undefined,
    etag: string | undefined,
    signal: AbortSignal | undefined,
  ) => Promise<FeedAnswer>;
  readonly rightsFrom: (partner: string) => Promise<readonly Right[]>;
  readonly partners: () => Promise<readonly string[]>;
  readonly metrics?: Pick<ShopMetrics, "leftOut">;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface ListingsOptions {
  /** How often (milliseconds) partners are asked. */
  readonly everyMs?: number;
  /** How long (milliseconds) one may keep others waiting. */
  readonly laneMs?: number;
  /** How long (milliseconds) one is listened to at a time. */
  readonly turnMs?: number;
}

/** Pages of one partner taken in one turn. */
const MOST_PAGES = 1_000;
const CHUNK = 1_000;
/** Partners synced at a time, and how many slow ones beside them: each may have a page of many megabytes under way. */
const [LANES, MOST_SLOW] = [4, 8];
/** Whoever takes longer is slow. */
const LANE_MS = 2_000;
/** As long as a page may take: pages that came until then are kept, and the next turn goes on behind them. */
const TURN_MS = 30_000;
const LONGEST_REST_MS = 15 * 60_000;
/** How long strangers are apart who have a partner asked, and how long the answer may take. */
const [LOOK_AGAIN_MS, LOOK_MS] = [1_000, 10_000];
/** What a partner has to grant for its products to be shown and sold here. */
const NEEDED = ["share-inventory", "sell"] as const satisfies readonly Right[];

export function createListings(
  deps: ListingsDeps,
  { everyMs = 60_000, laneMs = LANE_MS, turnMs = TURN_MS }: ListingsOptions = {},
): Listings {
  const { database, peers, poll, rightsFrom, partners, metrics, logger, clock = systemClock } = deps;
  const looks = new Map<string, Promise<void>>();
  const lookedAt = new Map<string, number>();

  const listings: Listings = {
    async sync(partner, signal) {
      const { endpoint } = await peers.find(partner);
      let [told, gone] = [0, 0];
      for (let pages = 0; pages < MOST_PAGES; pages++) {
        // Only what brought nothing in its time has failed.
        if (pages > 0 && signal?.aborted) return { told, gone };
        const at = await database.kysely
          .selectFrom("listing_cursors")
          .selectAll()
          .where("partner", "=", partner)
          .executeTakeFirst();
        const answer = await poll(partner, endpoint, at?.cursor ?? undefined, at?.etag ?? undefined, signal);
        if (answer.type === "unchanged") return { told, gone };
        const { feed } = answer;
        // Another feed: the partner lost its database, and our cursor says nothing about where we are in it.
        if (typeof at?.cursor === "string" && at.feed !== feed.feed) {
          logger.warn({ partner, feed: feed.feed }, "a partner's feed began anew");
          await beginAnew(partner, feed.feed);
          continue;
        }
        checkPrefixes(
          partner,
          feed.products.map(({ id }) => id),
          feed.gone,
        );
        await take(partner, withoutUnstorable(partner, feed), answer.etag);
        told += feed.products.length;
        gone += feed.gone.length;
        if (!feed.more) return { told, gone };
      }
      // Whoever has always more is gone on with at the next look: the others are looked at too.
      return { told, gone };
    },

    async list(partner, page) {
      const after = page?.after === undefined ? undefined : parsePublicId(page.after);
      const open = await openPartners(partner);
      return await database.kysely
        .selectFrom("listings")
        .selectAll()
        .where("gone", "=", false)
        .where(sql<boolean>`partner = any(${open}::text[])`)
        .$if(after !== undefined, (query) =>
          query.where(sql<boolean>`(partner, sku) > (${after?.code}, ${after?.sku})`),
        )
        .$if(page !== undefined, (query) => query.limit(page?.limit ?? 0))
        .orderBy("partner")
        .orderBy("sku")
        .execute();
    },

    async assertOffered(ids) {
      for (const [partner, own] of Map.groupBy(ids, (id) => parsePublicId(id)?.code ?? "")) {
        await assertOpen(partner);
        if ((await missingOf(partner, own)) !== undefined) await lookAgain(partner);
        const missing = await missingOf(partner, own);
        if (missing === undefined) continue;
        throw new HanseError("HANSE_PRODUCT_UNKNOWN", `${partner} does not offer ${missing}`, {
          details: { id: missing },
        });
      }
    },

    async keepSyncing(signal) {
      const turns = createFairTurns(
        { take: syncOne, onFailed: tell, clock },
        {
          ...{ lanes: LANES, mostSlow: MOST_SLOW, laneMs, turnMs },
          ...{ restMs: everyMs, longestRestMs: Math.max(LONGEST_REST_MS, everyMs) },
        },
        signal,
      );
      while (!signal.aborted) {
        for (const partner of await partners().catch(() => [])) turns.offer(partner);
        await clock.sleep(everyMs, signal).catch(() => undefined);
      }
      await turns.ended();
    },
  };
  return listings;

  /** @throws HANSE_SHOP_UNKNOWN, HANSE_RIGHT_MISSING */
  async function assertOpen(partner: string): Promise<void> {
    await peers.find(partner);
    const rights = await rightsFrom(partner);
    const missing = NEEDED.filter((right) => !rights.includes(right));
    if (missing.length === 0) return;
    throw new HanseError("HANSE_RIGHT_MISSING", `${partner} does not grant us ${missing.join(" and ")} now`, {
      details: { partner, missing },
    });
  }

  /** All, or the one that is named, where it is one. */
  async function openPartners(only: string | undefined): Promise<readonly string[]> {
    const codes = only === undefined ? await partners() : [only];
    const open = await Promise.allSettled(codes.map(assertOpen));
    const failed = open.find((each) => each.status === "rejected" && !isRefusal(each.reason));
    if (failed?.status === "rejected") throw failed.reason;
    return codes.filter((_, at) => open[at]?.status === "fulfilled");
  }

  async function missingOf(partner: string, ids: readonly string[]): Promise<string | undefined> {
    const rows = await database.kysely
      .selectFrom("listings")
      .select("sku")
      .where("partner", "=", partner)
      .where(sql<boolean>`sku = any(${ids.map(skuOf)}::text[])`)
      .where("gone", "=", false)
      .execute();
    const listed = new Set(rows.map(({ sku }) => sku));
    return ids.find((id) => !listed.has(skuOf(id)));
  }

  /** What has just come there is not known here yet. Who comes while somebody waits for the next look waits for the same. */
  async function lookAgain(partner: string): Promise<void> {
    let look = looks.get(partner);
    if (look === undefined) {
      const restMs = (lookedAt.get(partner) ?? Number.NEGATIVE_INFINITY) + LOOK_AGAIN_MS - clock.now();
      look = clock.sleep(Math.max(0, restMs)).then(async () => {
        // Who comes from here on may want what comes there from here on.
        looks.delete(partner);
        lookedAt.set(partner, clock.now());
        const limit = AbortSignal.timeout(LOOK_MS);
        await listings.sync(partner, limit).catch((error: unknown) => {
          if (error !== limit.reason) throw error;
          throw new HanseError("HANSE_PEER_TIMED_OUT", `${partner} did not tell what it offers in time`, {
            details: { partner },
          });
        });
      });
      looks.set(partner, look);
    }
    await look;
  }

  async function syncOne(partner: string, signal: AbortSignal): Promise<void> {
    if ((await rightsFrom(partner)).includes("share-inventory")) await listings.sync(partner, signal);
  }

  function tell(partner: string, error: unknown): void {
    logger.warn(
      { partner, err: error, retryable: isRetryable(error) },
      "a partner's products are not synced",
    );
  }

  /** From its beginning; what is here stays until the new feed has told all it has, and what it does not tell goes then. */
  async function beginAnew(partner: string, feed: string): Promise<void> {
    await database.transaction(async (trx) => {
      await trx
        .updateTable("listing_cursors")
        .set({ feed, cursor: null, etag: null })
        .where("partner", "=", partner)
        .execute();
      // Told by no feed: one that was set back goes on under its name.
      await trx.updateTable("listings").set({ feed: "" }).where("partner", "=", partner).execute();
    });
  }

  /** What no database takes is not offered here: one product of a partner's must not hold up all of them for good. */
  function withoutUnstorable(partner: string, feed: ProductFeed): ProductFeed {
    if (feed.feed.includes("\0") || feed.cursor.includes("\0")) {
      throw new HanseError("HANSE_PEER_RESPONSE_INVALID", `${partner} tells a feed nobody can go on with`, {
        details: { partner },
      });
    }
    const out = feed.products.filter((item) => !isStorable(item)).map(({ id }) => id);
    if (out.length === 0) return feed;
    metrics?.leftOut(partner, out.length);
    logger.warn(
      { partner, products: out.slice(0, 20), count: out.length },
      "products of a partner are left out",
    );
    return { ...feed, products: feed.products.filter(isStorable), gone: [...feed.gone, ...out] };
  }

  async function take(
    partner: string,
    { products, gone, cursor, feed, more }: ProductFeed,
    tag: string | undefined,
  ): Promise<void> {
    // A page is not the whole: its tag says nothing about the next poll.
    const etag = more ? null : (tag ?? null);
    await database.transaction(async (trx) => {
      const rows = products.map((item) => ({
        ...{ partner, sku: skuOf(item.id), name: item.name, description: item.description },
        ...{ image_url: item.imageURL, currency: item.currency, price_minor: item.priceMinor },
        ...{ available: item.available, categories: item.categories, gone: false, feed },
      }));
      // As many as the partner likes, whatever it was asked for: PostgreSQL takes 65,535 parameters in a statement.
      for (let at = 0; at < rows.length; at += CHUNK) {
        await trx
          .insertInto("listings")
          .values(rows.slice(at, at + CHUNK))
          .onConflict((conflict) =>
            conflict.columns(["partner", "sku"]).doUpdateSet((of) => ({
              name: of.ref("excluded.name"),
              description: of.ref("excluded.description"),
              image_url: of.ref("excluded.image_url"),
              currency: of.ref("excluded.currency"),
              price_minor: of.ref("excluded.price_minor"),
              available: of.ref("excluded.available"),
              categories: of.ref("excluded.categories"),
              gone: of.ref("excluded.gone"),
              feed: of.ref("excluded.feed"),
            })),
          )
          .execute();
      }
      if (gone.length > 0) {
        await trx
          .updateTable("listings")
          .set({ gone: true })
          .where("partner", "=", partner)
          .where(sql<boolean>`sku = any(${gone.map(skuOf)}::text[])`)
          .execute();
      }
      if (!more) {
        // What another feed told and this one does not is gone.
        await trx
          .updateTable("listings")
          .set({ gone: true })
          .where("partner", "=", partner)
          .where("feed", "!=", feed)
          .execute();
      }
      const at = { feed, cursor, etag, polled_at: new Date(clock.now()) };
      await trx
        .insertInto("listing_cursors")
        .values({ partner, ...at })
        .onConflict((conflict) => conflict.column("partner").doUpdateSet(at))
        .execute();
    });
  }
}

/** A partner tells of its own products, and of nobody else's. */
function checkPrefixes(partner: string, ...lists: readonly (readonly string[])[]): void {
  const foreign = lists.flat().find((id) => !id.startsWith(`${partner}:`));
  if (foreign === undefined) return;
  throw new HanseError(
    "HANSE_PEER_RESPONSE_INVALID",
    `${partner} tells of ${foreign}, which is not its own`,
    {
      details: { partner, id: foreign },
    },
  );
}

function isStorable({ name, description, imageURL, currency, categories, priceMinor }: FeedItem): boolean {
  const texts = [name, description, imageURL, currency, ...categories];
  return priceMinor >= 0n && priceMinor <= MOST_MINOR && !texts.some((text) => text.includes("\0"));
}

const isRefusal = (error: unknown) =>
  isHanseError(error, "HANSE_SHOP_UNKNOWN") || isHanseError(error, "HANSE_RIGHT_MISSING");

const skuOf = (id: string) => parsePublicId(id)?.sku ?? "";
