import type { Transaction } from "kysely";
import type { AdapterLine } from "../adapters/shop-adapter.ts";
import { lockProducts, movePieces, type PieceMove } from "../inventory/move-pieces.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";

type Trx = Transaction<ShopTables>;

/** The pieces of sales, in this service's own books; each move is part of the transaction of what causes it. */
export interface SalePieces {
  /** Pieces that were kept for a sale have left the house. */
  takeOut(trx: Trx, saleId: string): Promise<void>;
  /** They are in the house again. */
  putBack(trx: Trx, saleId: string): Promise<void>;
  /** Pieces that are kept for a sale are there for others again. */
  giveBack(trx: Trx, saleId: string): Promise<void>;
  /** @returns whether the pieces of a sale could be kept once more */
  keepAgain(trx: Trx, saleId: string): Promise<boolean>;
  /** As the shop's own system knows them. */
  linesOf(saleId: string): Promise<readonly AdapterLine[]>;
}

export function createSalePieces(database: ShopDatabase): SalePieces {
  return {
    takeOut: (trx, saleId) => move(trx, saleId, (quantity) => ({ reserved: -quantity, onHand: -quantity })),
    putBack: (trx, saleId) => move(trx, saleId, (quantity) => ({ onHand: quantity })),
    giveBack: (trx, saleId) => move(trx, saleId, (quantity) => ({ reserved: -quantity })),

    async keepAgain(trx, saleId) {
      const wanted = await piecesOf(trx, saleId);
      const rows = await lockProducts(trx, [...wanted.keys()]);
      const short = rows.some(
        ({ sku, on_hand, reserved }) => on_hand !== null && on_hand - reserved < (wanted.get(sku) ?? 0n),
      );
      if (short) return false;
      const moves = [...wanted].map(([sku, quantity]) => ({ sku, reserved: quantity }));
      await movePieces(trx, moves, rows);
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

async function move(
  trx: Trx,
  saleId: string,
  change: (quantity: bigint) => Omit<PieceMove, "sku">,
): Promise<void> {
  const pieces = await piecesOf(trx, saleId);
  await movePieces(
    trx,
    [...pieces].map(([sku, quantity]) => ({ sku, ...change(quantity) })),
  );
}

async function piecesOf(trx: Trx, saleId: string): Promise<Map<string, bigint>> {
  const lines = await trx
    .selectFrom("sale_lines")
    .select(["sku", "quantity"])
    .where("sale_id", "=", saleId)
    .execute();
  const sums = new Map<string, bigint>();
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0n) + quantity);
  return sums;
}
