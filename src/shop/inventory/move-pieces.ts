import { sql, type Transaction } from "kysely";
import type { ShopTables } from "../shop-tables.ts";
import { nextSequence } from "./feed-sequence.ts";

/** What changes of a product's pieces. */
export interface PieceMove {
  readonly sku: string;
  /** So many more are kept for somebody. */
  readonly reserved?: bigint;
  /** So many more are in the house; nothing where they are not counted. */
  readonly onHand?: bigint;
}

export interface ProductPieces {
  readonly sku: string;
  readonly on_hand: bigint | null;
  readonly reserved: bigint;
}

/** Products, locked until the transaction ends: in one order, whoever takes several. */
export async function lockProducts(trx: Transaction<ShopTables>, skus: readonly string[]) {
  if (skus.length === 0) return [];
  return await trx
    .selectFrom("products")
    .select(["sku", "on_hand", "reserved", "gone"])
    .where("sku", "in", [...new Set(skus)])
    .orderBy("sku")
    .forUpdate()
    .execute();
}

/**
 * Moves pieces of any number of products, in two statements, and tells those who follow the feed what is sold out now or no
 * more.
 * @param locked where the caller has locked them already, as they stand
 * @throws what PostgreSQL says where more would be reserved than is in the house
 */
export async function movePieces(
  trx: Transaction<ShopTables>,
  moves: readonly PieceMove[],
  locked?: readonly ProductPieces[],
): Promise<void> {
  if (moves.length === 0) return;
  const sums = new Map<string, { reserved: bigint; onHand: bigint }>();
  for (const { sku, reserved = 0n, onHand = 0n } of moves) {
    const sum = sums.get(sku) ?? { reserved: 0n, onHand: 0n };
    sums.set(sku, { reserved: sum.reserved + reserved, onHand: sum.onHand + onHand });
  }
  const rows = locked ?? (await lockProducts(trx, [...sums.keys()]));
  const next = rows.flatMap((row) => {
    const sum = sums.get(row.sku);
    if (sum === undefined) return [];
    const after = {
      sku: row.sku,
      reserved: row.reserved + sum.reserved,
      on_hand: row.on_hand === null ? null : row.on_hand + sum.onHand,
    };
    return [{ ...after, turned: isSoldOut(row) !== isSoldOut(after) }];
  });
  const sequence = next.some(({ turned }) => turned) ? await nextSequence(trx) : null;
  await sql`
    update products set reserved = next.reserved, on_hand = next.on_hand,
      sequence = case when next.turned then ${sequence} else products.sequence end
    from unnest(
      ${next.map(({ sku }) => sku)}::text[], ${next.map(({ reserved }) => reserved)}::int8[],
      ${next.map(({ on_hand }) => on_hand)}::int8[], ${next.map(({ turned }) => turned)}::bool[]
    ) as next(sku, reserved, on_hand, turned)
    where products.sku = next.sku`.execute(trx);
}

function isSoldOut({ on_hand, reserved }: Omit<ProductPieces, "sku">): boolean {
  return on_hand !== null && on_hand <= reserved;
}
