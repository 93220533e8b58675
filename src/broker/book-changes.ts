import type { Hex } from "viem";
import type { BrokerQueries } from "./broker-tables.ts";

/** What signers changed about orders that are in the book, by way of whichever process. */
export interface BookChange {
  readonly id: bigint;
  readonly order_hash: Hex;
  readonly type: "removed" | "renewed";
}

const TYPES = ["removed", "renewed"] as const;

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
