import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Transaction } from "kysely";
import type { ShopListKeeper } from "#src/client/follow-shop-list.ts";
import type { ShopView } from "#src/client/hub-schema.ts";
import { findShop, putShop } from "./feed.ts";
import type { HubDatabase, HubTables, ShopFacts } from "./hub-tables.ts";

/** What each origin lists. None changes what another listed; of what they list of one code, one is chosen for our list. */
export interface OriginShops extends ShopListKeeper {
  /** Those that are followed no more are listed no more. */
  forgetOthers(): Promise<void>;
  /** Puts into our list what is listed of some codes now, where our own Hub has no shop of that code. */
  choose(trx: Transaction<HubTables>, codes: readonly string[]): Promise<void>;
}

/** @param options `urls`: those who are followed, the more trusted first */
export function createOriginShops(
  database: HubDatabase,
  { urls }: { readonly urls: readonly string[] },
): OriginShops {
  const origins: OriginShops = {
    async cursorOf(url) {
      return await database.kysely
        .selectFrom("origins")
        .select(["feed", "cursor"])
        .where("url", "=", url)
        .executeTakeFirst();
    },

    async take(url, { feed, shops, next, more }) {
      await database.transaction(async (trx) => {
        const at = await trx
          .selectFrom("origins")
          .select("reading")
          .where("url", "=", url)
          .executeTakeFirst();
        const reading = at?.reading ?? randomUUID();
        for (const shop of shops) await put(trx, url, reading, shop);
        const untold = more
          ? []
          : await trx
              .deleteFrom("origin_shops")
              .where("origin", "=", url)
              .where("reading", "!=", reading)
              .returning("code")
              .execute();
        await origins.choose(
          trx,
          [...shops, ...untold].map(({ code }) => code),
        );
        const row = { feed, cursor: next, reading };
        await trx
          .insertInto("origins")
          .values({ url, ...row })
          .onConflict((conflict) => conflict.column("url").doUpdateSet(row))
          .execute();
      });
    },

    async beginAnew(url) {
      await database.kysely.deleteFrom("origins").where("url", "=", url).execute();
    },

    async forgetOthers() {
      await database.transaction(async (trx) => {
        const rows = await trx.selectFrom("origin_shops").select(["origin", "code"]).execute();
        const gone = rows.filter(({ origin }) => !urls.includes(origin));
        for (const { origin, code } of gone) await forget(trx, origin, code);
        const known = await trx.selectFrom("origins").select("url").execute();
        for (const { url } of known) {
          if (!urls.includes(url)) await trx.deleteFrom("origins").where("url", "=", url).execute();
        }
        await origins.choose(
          trx,
          gone.map(({ code }) => code),
        );
      });
    },

    async choose(trx, codes) {
      // One after the other with whatever else changes the list: a shop of our own may be joining just now.
      await trx.selectFrom("feed").select("sequence").forUpdate().execute();
      for (const code of new Set(codes)) await chooseOne(trx, code);
    },
  };
  return origins;

  async function chooseOne(trx: Transaction<HubTables>, code: string): Promise<void> {
    const own = await trx
      .selectFrom("shop_states")
      .select("code")
      .where("code", "=", code)
      .limit(1)
      .executeTakeFirst();
    // A code is one shop's for ever in our own Hub.
    if (own !== undefined) return;
    const found = await findShop(trx, code);
    const listed = await trx.selectFrom("origin_shops").selectAll().where("code", "=", code).execute();
    const rankOf = (row: (typeof listed)[number]) => urls.indexOf(row.origin);
    const chosen = listed.toSorted((one, other) => rankOf(one) - rankOf(other))[0];
    if (chosen !== undefined) {
      const { standing, facts, origin } = chosen;
      const isNews =
        found?.standing !== standing || found.origin !== origin || !isDeepStrictEqual(found.facts, facts);
      if (isNews) await putShop(trx, code, { standing, facts }, origin);
      return;
    }
    // One that was never listed here needs no tombstone.
    if (found === undefined || found.standing === "gone") return;
    await putShop(trx, code, { standing: "gone", facts: found.facts }, found.origin);
  }
}

async function put(
  trx: Transaction<HubTables>,
  origin: string,
  reading: string,
  view: ShopView,
): Promise<void> {
  const { code, standing, shop } = view;
  // What it has from others is theirs to tell.
  if (view.origin !== undefined || shop === undefined || (standing !== "member" && standing !== "leaving")) {
    return await forget(trx, origin, code);
  }
  const row = { standing, facts: JSON.stringify(factsOf(shop)), reading };
  await trx
    .insertInto("origin_shops")
    .values({ origin, code, ...row })
    .onConflict((conflict) => conflict.columns(["origin", "code"]).doUpdateSet(row))
    .execute();
}

async function forget(trx: Transaction<HubTables>, origin: string, code: string): Promise<void> {
  await trx.deleteFrom("origin_shops").where("origin", "=", origin).where("code", "=", code).execute();
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
