import { sql, type Transaction } from "kysely";
import type { ShopTables } from "../shop-tables.ts";

/**
 * The number of a change that others see. The row stays locked until the transaction ends, so that a reader who saw a number
 * has seen all before it.
 */
export async function nextSequence(trx: Transaction<ShopTables>, count = 1): Promise<bigint> {
  const { sequence } = await trx
    .updateTable("feed")
    .set({ sequence: sql<bigint>`sequence + ${count}` })
    .returning("sequence")
    .executeTakeFirstOrThrow();
  return sequence;
}
