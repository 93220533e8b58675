import { sql, type Transaction } from "kysely";
import { HanseError } from "#src/kernel/errors.ts";
import type { CatalogueProduct, Changes } from "../inventory/catalogue.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import type { AdapterLine, ShopAdapter } from "./shop-adapter.ts";

/** The built-in shop system: a shop that has no other keeps its products and pieces here. */
export interface StockAdapter extends ShopAdapter {
  /**
   * Takes products over, with the pieces that are in the house now. What is not named stays, unless `complete`.
   * @throws HANSE_CATALOGUE_INVALID where one is named twice
   */
  put(
    products: readonly CatalogueProduct[],
    options?: { readonly complete?: boolean },
  ): Promise<Omit<Changes, "changed">>;
}

const CHUNK = 1_000;

/** Stock in PostgreSQL. What an order took is noted with it, so that being told again takes nothing. */
export function createStockAdapter({ database }: { readonly database: ShopDatabase }): StockAdapter {
  return {
    async put(products, { complete = false } = {}) {
      const ids = products.map(({ internalId }) => internalId);
      const skus = new Set(products.map(({ sku }) => sku));
      if (new Set(ids).size !== ids.length || skus.size !== ids.length)
        throw new HanseError("HANSE_CATALOGUE_INVALID", "A product is named twice");
      return await database.transaction(async (trx) => {
        // A sku that comes under another id is that one's from now on.
        if (ids.length > 0) {
          await trx
            .deleteFrom("stock")
            .where(sql<boolean>`sku = any(${products.map(({ sku }) => sku)}::text[])`)
            .where(sql<boolean>`not internal_id = any(${ids}::text[])`)
            .execute();
        }
        const before = new Set(
          (await trx.selectFrom("stock").select("internal_id").execute()).map((row) => row.internal_id),
        );
        for (let at = 0; at < products.length; at += CHUNK) {
          await trx
            .insertInto("stock")
            .values(
              products.slice(at, at + CHUNK).map((each) => ({
                ...{
                  internal_id: each.internalId,
                  sku: each.sku,
                  name: each.name,
                  description: each.description,
                },
                ...{
                  image_url: each.imageUrl,
                  categories: [...each.categories],
                  price_minor: each.priceMinor,
                },
                ...{ on_hand: each.onHand, featured: each.featured ?? false },
              })),
            )
            .onConflict((conflict) =>
              conflict.column("internal_id").doUpdateSet((of) => ({
                sku: of.ref("excluded.sku"),
                name: of.ref("excluded.name"),
                description: of.ref("excluded.description"),
                image_url: of.ref("excluded.image_url"),
                categories: of.ref("excluded.categories"),
                price_minor: of.ref("excluded.price_minor"),
                on_hand: of.ref("excluded.on_hand"),
                featured: of.ref("excluded.featured"),
              })),
            )
            .execute();
        }
        const kept = new Set(ids);
        const gone = complete ? [...before].filter((id) => !kept.has(id)) : [];
        if (gone.length > 0) {
          await trx.deleteFrom("stock").where(sql<boolean>`internal_id = any(${gone}::text[])`).execute();
        }
        return { added: ids.filter((id) => !before.has(id)).length, removed: gone.length };
      });
    },

    async catalogue() {
      const rows = await database.kysely.selectFrom("stock").selectAll().orderBy("sku").execute();
      return rows.map((row) => ({
        ...{ internalId: row.internal_id, sku: row.sku, name: row.name, description: row.description },
        ...{ imageUrl: row.image_url, categories: row.categories, priceMinor: row.price_minor },
        ...{ onHand: row.on_hand, featured: row.featured },
      }));
    },

    take: (orderId, lines) => move(orderId, "take", lines),
    async putBack(orderId, lines) {
      await move(orderId, "put-back", lines);
    },
  };

  async function move(
    orderId: string,
    kind: "take" | "put-back",
    lines: readonly AdapterLine[],
  ): Promise<boolean> {
    const wanted = new Map<string, bigint>();
    for (const { internalId, quantity } of lines)
      wanted.set(internalId, (wanted.get(internalId) ?? 0n) + quantity);
    return await database
      .transaction(async (trx) => {
        const first = await trx
          .insertInto("stock_moves")
          .values({ order_id: orderId, kind })
          .onConflict((conflict) => conflict.doNothing())
          .returning("order_id")
          .executeTakeFirst();
        if (first === undefined) return true;
        if (kind === "put-back" && !(await wasTaken(trx, orderId))) return true;
        // Locked in one order, whoever takes several.
        const rows = await trx
          .selectFrom("stock")
          .select(["internal_id", "on_hand"])
          .where(sql<boolean>`internal_id = any(${[...wanted.keys()]}::text[])`)
          .orderBy("internal_id")
          .forUpdate()
          .execute();
        const left = rows.flatMap(({ internal_id, on_hand }) => {
          const quantity = wanted.get(internal_id) ?? 0n;
          if (on_hand === null) return [];
          return [{ id: internal_id, pieces: on_hand + (kind === "take" ? -quantity : quantity) }];
        });
        const isShort = rows.length < wanted.size || left.some(({ pieces }) => pieces < 0n);
        // Nothing of the order is taken: what was noted before it in this transaction neither.
        if (kind === "take" && isShort) throw notThere;
        await sql`
          update stock set on_hand = next.pieces
          from unnest(
            ${left.map(({ id }) => id)}::text[], ${left.map(({ pieces }) => pieces)}::int8[]
          ) as next(id, pieces)
          where internal_id = next.id`.execute(trx);
        return true;
      })
      .catch((error: unknown) => {
        if (error === notThere) return false;
        throw error;
      });
  }
}

async function wasTaken(trx: Transaction<ShopTables>, orderId: string): Promise<boolean> {
  const move = await trx
    .selectFrom("stock_moves")
    .select("kind")
    .where("order_id", "=", orderId)
    .where("kind", "=", "take")
    .executeTakeFirst();
  return move !== undefined;
}

const notThere = new Error("not there");
