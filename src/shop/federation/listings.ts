import type { Selectable } from "kysely";
import type { FeedItem } from "#src/client/shop-schema.ts";
import type { Right } from "#src/identity/grant.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import type { Peers } from "./peers.ts";
import type { FeedAnswer } from "./poll-feed.ts";

export type Listing = Selectable<ShopTables["listings"]>;

/** Products of partners, kept here to be shown and sold. */
export interface Listings {
  /**
   * Takes over what changed at a partner since the last time. A page is a transaction: whatever fails, what is here is what
   * the partner said at some moment, and the next time goes on there.
   * @returns how many products were told of, and how many are gone
   * @throws HANSE_RIGHT_MISSING, HANSE_SHOP_UNKNOWN, HANSE_PEER_*
   */
  sync(partner: string): Promise<{ readonly told: number; readonly gone: number }>;
  list(partner?: string): Promise<readonly Listing[]>;
  /** @throws HANSE_PRODUCT_UNKNOWN */
  find(id: string): Promise<Listing>;
  /** Syncs every partner that shares its inventory, until the signal. */
  keepSyncing(signal: AbortSignal): Promise<void>;
}

export interface ListingsDeps {
  readonly database: ShopDatabase;
  readonly peers: Pick<Peers, "find">;
  readonly poll: (
    endpoint: string,
    cursor: string | undefined,
    etag: string | undefined,
  ) => Promise<FeedAnswer>;
  readonly rightsFrom: (partner: string) => Promise<readonly Right[]>;
  readonly partners: () => Promise<readonly string[]>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export function createListings(
  deps: ListingsDeps,
  { everyMs = 60_000 }: { readonly everyMs?: number } = {},
): Listings {
  const { database, peers, poll, rightsFrom, partners, logger, clock = systemClock } = deps;

  const listings: Listings = {
    async sync(partner) {
      const { endpoint } = await peers.find(partner);
      let [told, gone] = [0, 0];
      for (;;) {
        const at = await database.kysely
          .selectFrom("listing_cursors")
          .selectAll()
          .where("partner", "=", partner)
          .executeTakeFirst();
        const answer = await poll(endpoint, at?.cursor, at?.etag ?? undefined);
        if (answer.type === "unchanged") return { told, gone };
        const { feed } = answer;
        checkPrefixes(
          partner,
          feed.products.map(({ id }) => id),
          feed.gone,
        );
        await take(partner, feed.products, feed.gone, {
          cursor: feed.cursor,
          // A page is not the whole: its tag says nothing about the next poll.
          etag: feed.more ? null : (answer.etag ?? null),
        });
        told += feed.products.length;
        gone += feed.gone.length;
        if (!feed.more) return { told, gone };
      }
    },

    async list(partner) {
      return await database.kysely
        .selectFrom("listings")
        .selectAll()
        .where("gone", "=", false)
        .$if(partner !== undefined, (query) => query.where("partner", "=", partner ?? ""))
        .orderBy("partner")
        .orderBy("sku")
        .execute();
    },

    async find(id) {
      const [partner = "", sku = ""] = id.split(":");
      const row = await database.kysely
        .selectFrom("listings")
        .selectAll()
        .where("partner", "=", partner)
        .where("sku", "=", sku)
        .where("gone", "=", false)
        .executeTakeFirst();
      if (row === undefined) {
        throw new HanseError("HANSE_PRODUCT_UNKNOWN", `No partner offers ${id}`, { details: { id } });
      }
      return row;
    },

    async keepSyncing(signal) {
      while (!signal.aborted) {
        for (const partner of await partners().catch(() => [])) {
          if (signal.aborted) return;
          try {
            if ((await rightsFrom(partner)).includes("share-inventory")) await listings.sync(partner);
          } catch (error) {
            // Whatever a partner does, the others are synced; the log says that this one is not.
            logger.warn(
              { partner, err: error, retryable: isRetryable(error) },
              "a partner's products are not synced",
            );
          }
        }
        await clock.sleep(everyMs, signal).catch(() => undefined);
      }
    },
  };
  return listings;

  async function take(
    partner: string,
    products: readonly FeedItem[],
    gone: readonly string[],
    { cursor, etag }: { readonly cursor: string; readonly etag: string | null },
  ): Promise<void> {
    await database.transaction(async (trx) => {
      const rows = products.map((item) => ({
        ...{ partner, sku: skuOf(item.id), name: item.name, description: item.description },
        ...{ image_url: item.imageURL, currency: item.currency, price_minor: item.priceMinor },
        ...{ available: item.available, categories: item.categories, gone: false },
      }));
      if (rows.length > 0) {
        await trx
          .insertInto("listings")
          .values(rows)
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
            })),
          )
          .execute();
      }
      if (gone.length > 0) {
        await trx
          .updateTable("listings")
          .set({ gone: true })
          .where("partner", "=", partner)
          .where("sku", "in", gone.map(skuOf))
          .execute();
      }
      await trx
        .insertInto("listing_cursors")
        .values({ partner, cursor, etag, polled_at: new Date(clock.now()) })
        .onConflict((conflict) =>
          conflict.column("partner").doUpdateSet({ cursor, etag, polled_at: new Date(clock.now()) }),
        )
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

const skuOf = (id: string) => id.slice(id.indexOf(":") + 1);
