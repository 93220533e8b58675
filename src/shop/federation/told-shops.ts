import { randomUUID } from "node:crypto";
import { type Selectable, sql, type Transaction } from "kysely";
import type { Hex } from "viem";
import type { ShopListKeeper } from "#src/client/follow-shop-list.ts";
import type { ShopView } from "#src/client/hub-schema.ts";
import { isShopKey } from "#src/identity/shop-key.ts";
import type { Clock } from "#src/kernel/clock.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";

/** What each hub service tells of shops. None changes what another told; of what they tell of one code, one is chosen. */
export interface ToldShops extends ShopListKeeper {
  /** Forgets what was told by those who are listened to no more. */
  forgetOthers(): Promise<void>;
}

type Told = Selectable<ShopTables["told_shops"]>;
type Queries = Transaction<ShopTables>;

/** @param options `hubs`: those who are listened to, the more trusted first */
export function createToldShops(
  { database, clock }: { readonly database: ShopDatabase; readonly clock: Pick<Clock, "now"> },
  { hubs }: { readonly hubs: readonly string[] },
): ToldShops {
  let forgotten: Promise<void> | undefined;

  return {
    async cursorOf(hub) {
      return await database.kysely
        .selectFrom("hub_cursors")
        .select(["feed", "cursor"])
        .where("hub", "=", hub)
        .executeTakeFirst();
    },

    async take(hub, { feed, shops, next, more }) {
      await database.transaction(async (trx) => {
        await alone(trx);
        const at = await trx
          .selectFrom("hub_cursors")
          .select("reading")
          .where("hub", "=", hub)
          .executeTakeFirst();
        const reading = at?.reading ?? randomUUID();
        for (const shop of shops) await put(trx, hub, reading, shop);
        const untold = more
          ? []
          : await trx
              .deleteFrom("told_shops")
              .where("hub", "=", hub)
              .where("reading", "!=", reading)
              .returning("code")
              .execute();
        await choose(
          trx,
          [...shops, ...untold].map(({ code }) => code),
        );
        const row = { feed, cursor: next, reading };
        await trx
          .insertInto("hub_cursors")
          .values({ hub, ...row })
          .onConflict((conflict) => conflict.column("hub").doUpdateSet(row))
          .execute();
      });
    },

    async beginAnew(hub) {
      await database.kysely.deleteFrom("hub_cursors").where("hub", "=", hub).execute();
    },

    async forgetOthers() {
      forgotten ??= database
        .transaction(async (trx) => {
          await alone(trx);
          const rows = await trx.selectFrom("told_shops").select(["hub", "code", "origin"]).execute();
          const gone = rows.filter(
            ({ hub, origin }) => !hubs.includes(hub) || (origin !== null && hubs.includes(origin)),
          );
          for (const { hub, code } of gone) await forget(trx, hub, code);
          const known = await trx.selectFrom("hub_cursors").select("hub").execute();
          for (const { hub } of known) {
            // One that is listened to again later tells all it has.
            if (!hubs.includes(hub)) await trx.deleteFrom("hub_cursors").where("hub", "=", hub).execute();
          }
          await choose(
            trx,
            gone.map(({ code }) => code),
          );
        })
        .catch((error: unknown) => {
          forgotten = undefined;
          throw error;
        });
      await forgotten;
    },
  };

  /** What several tell at once is chosen of one after the other: each sees what the one before has taken over. */
  async function alone(trx: Queries): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended('told shops', 0))`.execute(trx);
  }

  async function put(trx: Queries, hub: string, reading: string, view: ShopView): Promise<void> {
    const { code, origin } = view;
    const standing = standingOf(view);
    // What is another of our hub services' to tell, that one is asked.
    if (standing === undefined || (origin !== undefined && hubs.includes(origin))) {
      return await forget(trx, hub, code);
    }
    const row = { origin: origin ?? null, standing, reading, ...factsOf(view) };
    await trx
      .insertInto("told_shops")
      .values({ hub, code, ...row })
      .onConflict((conflict) => conflict.columns(["hub", "code"]).doUpdateSet(row))
      .execute();
  }

  async function forget(trx: Queries, hub: string, code: string): Promise<void> {
    await trx.deleteFrom("told_shops").where("hub", "=", hub).where("code", "=", code).execute();
  }

  /** Makes `peers` of some codes what is told of them now. */
  async function choose(trx: Queries, codes: readonly string[]): Promise<void> {
    if (codes.length === 0) return;
    const all = await trx.selectFrom("told_shops").selectAll().where("code", "in", codes).execute();
    const byCode = Map.groupBy(all, ({ code }) => code);
    for (const code of new Set(codes)) {
      const told = (byCode.get(code) ?? []).toSorted((one, other) => rankOf(one) - rankOf(other))[0];
      await setPeer(trx, code, told);
    }
  }

  /**
   * The lower, the sooner chosen. What is in a hub service's own Hub comes before what it heard of others; who says that a shop is
   * in, before who says that it is suspended, for the Hub is asked in any case; then the more trusted.
   */
  function rankOf({ hub, origin, standing }: Told): number {
    const [far, suspended] = [Number(origin !== null), Number(standing === "suspended")];
    return (far * 2 + suspended) * hubs.length + hubs.indexOf(hub);
  }

  async function setPeer(trx: Queries, code: string, told: Told | undefined): Promise<void> {
    const seen_at = new Date(clock.now());
    const { owner, endpoint, key } = told ?? {};
    if (told === undefined || !owner || endpoint === null || endpoint === undefined || !key) {
      const standing = told?.standing ?? "left";
      await trx.updateTable("peers").set({ standing, seen_at }).where("code", "=", code).execute();
      return;
    }
    const { standing, previous_key, previous_key_until } = told;
    const row = {
      ...{ owner, endpoint, key, previous_key, previous_key_until, standing, seen_at },
      origin: told.origin ?? told.hub,
    };
    await trx
      .insertInto("peers")
      .values({ code, ...row })
      .onConflict((conflict) => conflict.column("code").doUpdateSet(row))
      .execute();
  }
}

/** Undefined: it is none, or is told of no more. */
function standingOf({ standing, shop }: ShopView): Told["standing"] | undefined {
  if (standing === "suspended") return standing;
  if (standing !== "member" && standing !== "leaving") return undefined;
  // A hub service that tells no key of one that leaves, of before or because it was suspended, says that it is none.
  if (shop === undefined) return undefined;
  // One with a key that is none: the Hub takes any, and nobody can seal anything to it.
  return isShopKey(shop.key) ? standing : "suspended";
}

function factsOf({ shop }: ShopView) {
  if (shop === undefined || !isShopKey(shop.key)) {
    return { owner: null, endpoint: null, key: null, previous_key: null, previous_key_until: null };
  }
  const { owner, endpoint, key, previousKey, overlapEnds } = shop;
  return {
    ...{ owner, endpoint, key: key as Hex, previous_key: (previousKey as Hex | undefined) ?? null },
    previous_key_until: overlapEnds === undefined ? null : new Date(overlapEnds),
  };
}
