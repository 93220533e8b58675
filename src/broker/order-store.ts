import type { Insertable } from "kysely";
import type { Address, Hex } from "viem";
import type { OrderStatus } from "#src/client/broker-schema.ts";
import { assetIdToHex, requestId } from "#src/protocol/ids.ts";
import { placesOf } from "#src/protocol/order-places.ts";
import { type OrderType, type SignedOrder, soldAsset } from "#src/protocol/orders.ts";
import type { BrokerQueries, BrokerTables, OrderRow } from "./broker-tables.ts";
import { sponsorOf } from "./sponsoring.ts";

/** A checked order on its way into the database. */
export interface NewOrder {
  readonly hash: Hex;
  readonly signer: Address;
  readonly signed: SignedOrder;
  /** Tasks filled on chain already. */
  readonly filled: number;
  /** Whether a signature of it rests on the Keyring's word. */
  readonly byKeyring: boolean;
}

export function newOrderRow(order: NewOrder) {
  const { hash, signer, signed, filled, byKeyring } = order;
  const { conditions } = signed.order;
  const asset = soldAsset(signed);
  return {
    hash,
    signer,
    type: signed.type,
    asset: asset === undefined ? null : assetIdToHex(asset),
    volume_id: requestId(signer, conditions.salt),
    sponsor: sponsorOf(signed) ?? null,
    by_keyring: byKeyring,
    category: signed.type === "pool" || signed.type === "request" ? signed.order.category : null,
    price: signed.type === "request" ? signed.order.maxPoolPrice : signed.order.price,
    certifier: conditions.certifier,
    valid_until: conditions.validUntil,
    volume: BigInt(conditions.volume),
    content: JSON.stringify(placesOf(signed)),
    signature: signed.signature,
    filled: BigInt(filled),
  } satisfies Insertable<BrokerTables["orders"]>;
}

export async function findOrder(queries: BrokerQueries, hash: Hex): Promise<OrderRow | undefined> {
  return await queries.selectFrom("orders").selectAll().where("hash", "=", hash).executeTakeFirst();
}

const BOOK_COLUMNS = [
  ...(["hash", "sequence", "signer", "volume", "filled", "blocked"] as const),
  ...(["content", "signature"] as const),
] as const;

/** What the book has to know of an order. */
export type BookRow = Pick<OrderRow, (typeof BOOK_COLUMNS)[number]>;

/** Open orders in the order of their arrival, in pages: `after` is the sequence of the last one seen. */
export async function openOrdersAfter(
  queries: BrokerQueries,
  after: bigint,
  limit: number,
): Promise<BookRow[]> {
  return await queries
    .selectFrom("orders")
    .select(BOOK_COLUMNS)
    .where("status", "=", "open")
    .where("sequence", ">", after)
    .orderBy("sequence")
    .limit(limit)
    .execute();
}

/** Those of some orders that are open. */
export async function openOrders(queries: BrokerQueries, hashes: readonly Hex[]): Promise<OrderRow[]> {
  return await queries
    .selectFrom("orders")
    .selectAll()
    .where("hash", "in", hashes)
    .where("status", "=", "open")
    .orderBy("sequence")
    .execute();
}

export interface OrderFilter {
  readonly signer?: Address | undefined;
  readonly type?: OrderType | undefined;
  readonly status?: OrderStatus | undefined;
  /** Only orders that came before this sequence. */
  readonly before?: bigint | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listOrders(queries: BrokerQueries, filter: OrderFilter): Promise<OrderRow[]> {
  let query = queries.selectFrom("orders").selectAll().orderBy("sequence", "desc").limit(filter.limit);
  if (filter.signer !== undefined) query = query.where("signer", "=", filter.signer);
  if (filter.type !== undefined) query = query.where("type", "=", filter.type);
  if (filter.status !== undefined) query = query.where("status", "=", filter.status);
  if (filter.before !== undefined) query = query.where("sequence", "<", filter.before);
  return await query.execute();
}

export async function orderHistory(queries: BrokerQueries, hash: Hex) {
  return await queries
    .selectFrom("order_events")
    .selectAll()
    .where("order_hash", "=", hash)
    .orderBy("id")
    .limit(500)
    .execute();
}

export async function countOpenOrders(queries: BrokerQueries): Promise<Record<OrderType, number>> {
  const rows = await queries
    .selectFrom("orders")
    .select(["type", (of) => of.fn.countAll<bigint>().as("count")])
    .where("status", "=", "open")
    .groupBy("type")
    .execute();
  const counts: Record<OrderType, number> = { app: 0, dataset: 0, pool: 0, request: 0 };
  for (const { type, count } of rows) counts[type] = Number(count);
  return counts;
}

/** Aggregated price levels of open, fillable orders, for processes that keep no book. */
export async function levelsOf(
  queries: BrokerQueries,
  type: "pool" | "request",
  category: number,
  limit: number,
) {
  const rows = await queries
    .selectFrom("orders")
    .select(["price", (of) => of.fn.countAll<bigint>().as("orders")])
    .select((of) => of.fn.sum<string>(of("volume", "-", of.ref("filled"))).as("volume"))
    .where("status", "=", "open")
    .where("blocked", "is", null)
    .where("type", "=", type)
    .where("category", "=", category)
    .groupBy("price")
    .orderBy("price", type === "pool" ? "asc" : "desc")
    .limit(limit)
    .execute();
  return rows.map(({ price, volume, orders }) => ({
    price: BigInt(price),
    volume: Number(volume),
    orders: Number(orders),
  }));
}

export async function openCategories(queries: BrokerQueries): Promise<number[]> {
  const rows = await queries
    .selectFrom("orders")
    .select("category")
    .distinct()
    .where("status", "=", "open")
    .where("category", "is not", null)
    .orderBy("category")
    .execute();
  return rows.flatMap(({ category }) => (category === null ? [] : [category]));
}
