import type { Transaction } from "kysely";
import type { AdapterLine } from "../adapters/shop-adapter.ts";
import { nextSequence } from "../inventory/feed-sequence.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";

type Trx = Transaction<ShopTables>;

interface Pieces {
  readonly reserved: bigint;
  readonly on_hand: bigint | null;
}

/** The pieces of sales, in this service's own books; each move is part of the transaction of what causes it. */
export interface SalePieces {
  /** Pieces that were kept for a sale have left the house. */
  takeOut(trx: Trx, saleId: string): Promise<void>;
  /** They are in the house again. */
  putBack(trx: Trx, saleId: string): Promise<void>;
  /** Pieces that are kept for a sale are there for others again. */
  giveBack(trx: Trx, saleId: string): Promise<void>;
  /** @returns whether the pieces of a quote could be kept once more */
  keepAgain(trx: Trx, quoteId: string): Promise<boolean>;
  /** As the shop's own system knows them. */
  linesOf(saleId: string): Promise<readonly AdapterLine[]>;
}

export function createSalePieces(database: ShopDatabase): SalePieces {
  return {
    takeOut: (trx, saleId) =>
      eachProduct(trx, saleId, ({ reserved, on_hand }, quantity) => ({
        reserved: reserved - quantity,
        on_hand: on_hand === null ? null : on_hand - quantity,
      })),

    putBack: (trx, saleId) =>
      eachProduct(trx, saleId, ({ reserved, on_hand }, quantity) => ({
        reserved,
        on_hand: on_hand === null ? null : on_hand + quantity,
      })),

    giveBack: (trx, saleId) =>
      eachProduct(trx, saleId, ({ reserved, on_hand }, quantity) => ({
        reserved: reserved - quantity,
        on_hand,
      })),

    async keepAgain(trx, quoteId) {
      const lines = await trx
        .selectFrom("sale_lines")
        .innerJoin("sales", "sales.id", "sale_lines.sale_id")
        .innerJoin("products", "products.sku", "sale_lines.sku")
        .select(["sale_lines.sku", "sale_lines.quantity", "products.on_hand", "products.reserved"])
        .where("sales.quote_id", "=", quoteId)
        .orderBy("products.sku")
        .forUpdate("products")
        .execute();
      const wanted = new Map<string, bigint>();
      for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0n) + quantity);
      const short = lines.some(
        ({ sku, on_hand, reserved }) => on_hand !== null && on_hand - reserved < (wanted.get(sku) ?? 0n),
      );
      if (short) return false;
      for (const [sku, quantity] of wanted) {
        await trx
          .updateTable("products")
          .set((of) => ({ reserved: of("reserved", "+", quantity) }))
          .where("sku", "=", sku)
          .execute();
      }
      return true;
    },

    async linesOf(saleId) {
      const rows = await database.kysely
        .selectFrom("sale_lines")
        .innerJoin("products", "products.sku", "sale_lines.sku")
        .select(["products.internal_id", "sale_lines.quantity"])
        .where("sale_lines.sale_id", "=", saleId)
        .orderBy("sale_lines.line")
        .execute();
      return rows.map(({ internal_id, quantity }) => ({ internalId: internal_id, quantity }));
    },
  };
}

async function eachProduct(
  trx: Trx,
  saleId: string,
  change: (product: Pieces, quantity: bigint) => Pieces,
): Promise<void> {
  const lines = await trx
    .selectFrom("sale_lines")
    .select(["sku", "quantity"])
    .where("sale_id", "=", saleId)
    .orderBy("sku")
    .execute();
  for (const { sku, quantity } of lines) {
    const product = await trx
      .selectFrom("products")
      .select(["on_hand", "reserved"])
      .where("sku", "=", sku)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const next = change(product, quantity);
    const soldOut = ({ on_hand, reserved }: Pieces) => on_hand !== null && on_hand <= reserved;
    await trx
      .updateTable("products")
      .set({ ...next, ...(soldOut(product) === soldOut(next) ? {} : { sequence: await nextSequence(trx) }) })
      .where("sku", "=", sku)
      .execute();
  }
}
