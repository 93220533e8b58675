import { sql, type Transaction } from "kysely";
import type { Hex } from "viem";
import type { BrokerQueries, BrokerTables } from "./broker-tables.ts";

/** What signers changed about orders that are in the book, by way of whichever process. */
export interface BookChange {
  readonly id: bigint;
  readonly order_hash: Hex;
  readonly type: "removed" | "renewed";
}

const TYPES = ["removed", "renewed"] as const;

/** Names the lock that those who write a change pass on: `changes` in ASCII. */
const TURN = 0x6368616e676573n;

/**
 * Writes a change down. An id is drawn before its row can be seen: writers of all processes take turns, so that whoever has
 * seen an id has seen all before it.
 */
export async function noteBookChange(
  trx: Transaction<BrokerTables>,
  hash: Hex,
  type: BookChange["type"],
): Promise<void> {
  await sql`select pg_advisory_xact_lock(${TURN})`.execute(trx);
  await trx
    .insertInto("order_events")
    .values({ order_hash: hash, type, block: null, details: null })
    .execute();
}

/** In their order; `id` is the last one seen. */
export async function bookChangesAfter(queries: BrokerQueries, id: bigint): Promise<BookChange[]> {
  const rows = await queries
    .selectFrom("order_events")
    .select(["id", "order_hash", "type"])
    .where("type", "in", TYPES)
    .where("id", ">", id)
    .orderBy("id")
    .execute();
  return rows as BookChange[];
}

export async function newestBookChange(queries: BrokerQueries): Promise<bigint> {
  const row = await queries
    .selectFrom("order_events")
    .select("id")
    .where("type", "in", TYPES)
    .orderBy("id", "desc")
    .executeTakeFirst();
  return row?.id ?? 0n;
}
