import { type Selectable, sql } from "kysely";
import { HanseError } from "#src/kernel/errors.ts";
import { createKeptRows } from "#src/store/kept-rows.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import { nextSequence } from "./feed-sequence.ts";

/** A product as a shop's own system has it. */
export interface CatalogueProduct {
  /** What the own system calls it; stays in the shop. */
  readonly internalId: string;
  /** What others call it, behind the shop's code: letters, digits, `_`, `.` and `-`, at most 64. */
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly imageUrl: string;
  readonly categories: readonly string[];
  /** In minor units of the shop's currency. */
  readonly priceMinor: bigint;
  /** Pieces in the house, reserved ones included; null: not counted, there is always enough. */
  readonly onHand: bigint | null;
  /** Whether partners who promote may show it off. */
  readonly featured?: boolean;
}

export type ProductRow = Selectable<ShopTables["products"]>;

export interface Changes {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export interface FeedPage {
  readonly rows: readonly ProductRow[];
  /** To go on with. */
  readonly cursor: string;
  readonly more: boolean;
}

/** A feed, and how far it is. */
export interface FeedState {
  /** Another one where the database is another: what was told before is not in it. */
  readonly id: string;
  /** As long as it stays, nothing that others see has changed. */
  readonly sequence: bigint;
}

export interface CataloguePutOptions {
  readonly complete?: boolean;
  readonly short?: "refuse" | "keep";
  readonly mostRemoved?: number;
}

export interface Catalogue {
  /**
   * Takes products over. What is not named stays, unless `complete`: then it is gone, and told so to whoever follows the feed.
   * What is named under another sku than before is sold no more under that one. All or nothing.
   * @param options `short`: what happens where less is in the house than is reserved. `refuse` unless told; `keep`: as much
   * counts as in the house as is reserved, so that no more is sold, and the rest of the catalogue is taken over
   * `mostRemoved`: how many percent of what is sold may be gone at once, where it is complete; all unless told. What only is
   * called otherwise is not gone
   * @throws HANSE_STOCK_RESERVED, HANSE_CATALOGUE_SHRUNK
   */
  put(products: readonly CatalogueProduct[], options?: CataloguePutOptions): Promise<Changes>;
  /** What changed since a cursor, oldest first, what is gone included; all, without a cursor. */
  page(cursor: string | undefined, limit: number): Promise<FeedPage>;
  feed(): Promise<FeedState>;
  /** @throws HANSE_PRODUCT_UNKNOWN */
  find(sku: string): Promise<ProductRow>;
  /** Each of these, by what it is called. @throws HANSE_PRODUCT_UNKNOWN for the first that there is none of */
  findAll(skus: readonly string[]): Promise<ReadonlyMap<string, ProductRow>>;
}

/** Rows in one statement. PostgreSQL takes 65,535 parameters: whatever has no bound is one of them, an array. */
const CHUNK = 1_000;

export function createCatalogue({ database }: { readonly database: ShopDatabase }): Catalogue {
  const feed = createKeptRows(database.versions, {
    tables: ["feed"],
    load: () => database.kysely.selectFrom("feed").select(["id", "sequence"]).executeTakeFirstOrThrow(),
  });
  return {
    async put(told, { complete = false, short = "refuse", mostRemoved = 100 } = {}) {
      const skus = new Set(told.map(({ sku }) => sku));
      const internal = new Set(told.map(({ internalId }) => internalId));
      if (skus.size !== told.length || internal.size !== told.length) {
        throw new HanseError("HANSE_REQUEST_INVALID", "A catalogue names a product twice");
      }
      return await database.transaction(async (trx) => {
        // Before any product is locked: reservations take the feed's row after their products', catalogues are few and wait.
        await trx
          .selectFrom("products")
          .select("sku")
          .where(sql<boolean>`sku = any(${[...skus]}::text[])`)
          .orderBy("sku")
          .forUpdate()
          .execute();
        const before = new Map(
          (await trx.selectFrom("products").selectAll().execute()).map((row) => [row.sku, row]),
        );
        const products = short === "keep" ? told.map((each) => noLessThanReserved(each, before)) : told;
        let [added, changed] = [0, 0];
        const due = products.filter((product) => {
          const row = before.get(product.sku);
          if (row === undefined || row.gone) added++;
          else if (isOther(row, product)) changed++;
          else return false;
          return true;
        });
        for (const { sku, onHand } of due) {
          const reserved = before.get(sku)?.reserved ?? 0n;
          if (onHand === null || onHand >= reserved) continue;
          throw new HanseError(
            "HANSE_STOCK_RESERVED",
            `${reserved} of ${sku} are reserved, more than ${onHand}`,
            {
              details: { sku, reserved: reserved.toString(), onHand: onHand.toString() },
            },
          );
        }
        const sold = [...before.values()].filter((row) => !row.gone);
        const gone = sold
          .filter((row) => !skus.has(row.sku) && (complete || internal.has(row.internal_id)))
          .map(({ sku }) => sku);
        const removed = sold.filter((row) => !skus.has(row.sku) && !internal.has(row.internal_id)).length;
        if (complete && removed * 100 > mostRemoved * sold.length) {
          throw new HanseError(
            "HANSE_CATALOGUE_SHRUNK",
            `${removed} of ${sold.length} products would be gone at once`,
            { details: { removed, sold: sold.length, mostRemoved } },
          );
        }
        if (due.length + gone.length === 0) return { added, changed, removed: 0 };
        const sequence = await nextSequence(trx);
        for (let at = 0; at < due.length; at += CHUNK) {
          await trx
            .insertInto("products")
            .values(due.slice(at, at + CHUNK).map((product) => rowOf(product, sequence)))
            .onConflict((conflict) =>
              conflict.column("sku").doUpdateSet((of) => ({
                internal_id: of.ref("excluded.internal_id"),
                name: of.ref("excluded.name"),
                description: of.ref("excluded.description"),
                image_url: of.ref("excluded.image_url"),
                categories: of.ref("excluded.categories"),
                price_minor: of.ref("excluded.price_minor"),
                on_hand: of.ref("excluded.on_hand"),
                featured: of.ref("excluded.featured"),
                sequence: of.ref("excluded.sequence"),
                gone: of.ref("excluded.gone"),
              })),
            )
            .execute();
        }
        if (gone.length > 0) {
          await trx
            .updateTable("products")
            .set({ gone: true, sequence })
            .where(sql<boolean>`sku = any(${gone}::text[])`)
            .execute();
        }
        return { added, changed, removed: gone.length };
      });
    },

    async page(cursor, limit) {
      const { sequence, sku } = readCursor(cursor);
      const rows = await database.kysely
        .selectFrom("products")
        .selectAll()
        .where(sql<boolean>`(sequence, sku) > (${sequence}, ${sku})`)
        // A newcomer is not told of what it never saw.
        .$if(cursor === undefined, (query) => query.where("gone", "=", false))
        .orderBy("sequence")
        .orderBy("sku")
        .limit(limit + 1)
        .execute();
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        rows: page,
        cursor: last === undefined ? (cursor ?? "0:") : `${last.sequence}:${last.sku}`,
        more: rows.length > limit,
      };
    },

    feed: () => feed("feed"),

    async find(sku) {
      return (await findAll([sku])).get(sku) as ProductRow;
    },

    findAll,
  };

  async function findAll(skus: readonly string[]): Promise<ReadonlyMap<string, ProductRow>> {
    const wanted = [...new Set(skus)];
    const rows = await database.kysely
      .selectFrom("products")
      .selectAll()
      .where(sql<boolean>`sku = any(${wanted}::text[])`)
      .where("gone", "=", false)
      .execute();
    const found = new Map(rows.map((row) => [row.sku, row]));
    const missing = wanted.find((sku) => !found.has(sku));
    if (missing === undefined) return found;
    throw new HanseError("HANSE_PRODUCT_UNKNOWN", `There is no product ${missing}`, {
      details: { sku: missing },
    });
  }
}

/** Where in the feed a reader is. @throws HANSE_REQUEST_INVALID */
export function readCursor(cursor: string | undefined): { readonly sequence: bigint; readonly sku: string } {
  if (cursor === undefined) return { sequence: -1n, sku: "" };
  const [, sequence, sku] = /^(\d{1,18}):([\w.-]{0,64})$/.exec(cursor) ?? [];
  if (sequence === undefined || sku === undefined) {
    throw new HanseError("HANSE_REQUEST_INVALID", "The cursor is none that this feed gave");
  }
  return { sequence: BigInt(sequence), sku };
}

function rowOf(product: CatalogueProduct, sequence: bigint) {
  return {
    ...{ sku: product.sku, internal_id: product.internalId, name: product.name, sequence, gone: false },
    ...{ description: product.description, image_url: product.imageUrl, price_minor: product.priceMinor },
    ...{ categories: [...product.categories], on_hand: product.onHand, featured: product.featured ?? false },
  };
}

function noLessThanReserved(
  product: CatalogueProduct,
  before: ReadonlyMap<string, ProductRow>,
): CatalogueProduct {
  const reserved = before.get(product.sku)?.reserved ?? 0n;
  const { onHand } = product;
  return onHand === null || onHand >= reserved ? product : { ...product, onHand: reserved };
}

function isOther(row: ProductRow, product: CatalogueProduct): boolean {
  return (
    row.internal_id !== product.internalId ||
    row.name !== product.name ||
    row.description !== product.description ||
    row.image_url !== product.imageUrl ||
    row.price_minor !== product.priceMinor ||
    row.on_hand !== product.onHand ||
    row.featured !== (product.featured ?? false) ||
    row.categories.join("\n") !== product.categories.join("\n")
  );
}
