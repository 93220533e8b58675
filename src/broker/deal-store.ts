import type { Hex } from "viem";
import { orderToJson } from "#src/client/order-schema.ts";
import type { OrderType } from "#src/protocol/orders.ts";
import type { BrokerQueries, DealRow } from "./broker-tables.ts";
import type { BlockRef, SealedDeal } from "./market-chain.ts";

/**
 * Keeps deals. One that is known already is another one where it comes in another block: what was frozen in it at the seal
 * may differ, and none of its units is settled there yet.
 */
export async function storeDeals(
  queries: BrokerQueries,
  deals: readonly SealedDeal[],
  sealedAt: Date,
): Promise<void> {
  if (deals.length === 0) return;
  await queries
    .deleteFrom("settlements")
    .using("deals")
    .whereRef("deals.id", "=", "settlements.deal_id")
    .where((of) =>
      of.or(
        deals.map(({ id, block }) => of.and([of("deals.id", "=", id), of("block_hash", "!=", block.hash)])),
      ),
    )
    .execute();
  await queries
    .insertInto("deals")
    .values(
      deals.map(({ id, orders, deal, params, block, txHash }) => ({
        id,
        request_hash: orders.request,
        app_hash: orders.app,
        dataset_hash: orders.dataset ?? null,
        pool_hash: orders.pool,
        category: deal.category,
        volume: BigInt(deal.volume),
        open_units: BigInt(deal.volume),
        content: JSON.stringify(orderToJson(deal as never)),
        params,
        block: block.number,
        block_hash: block.hash,
        tx_hash: txHash,
        sealed_at: sealedAt,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .column("id")
        .doUpdateSet((of) => ({
          request_hash: of.ref("excluded.request_hash"),
          app_hash: of.ref("excluded.app_hash"),
          dataset_hash: of.ref("excluded.dataset_hash"),
          pool_hash: of.ref("excluded.pool_hash"),
          category: of.ref("excluded.category"),
          volume: of.ref("excluded.volume"),
          open_units: of.ref("excluded.open_units"),
          content: of.ref("excluded.content"),
          params: of.ref("excluded.params"),
          block: of.ref("excluded.block"),
          block_hash: of.ref("excluded.block_hash"),
          tx_hash: of.ref("excluded.tx_hash"),
          sealed_at: of.ref("excluded.sealed_at"),
        }))
        .whereRef("deals.block_hash", "!=", "excluded.block_hash"),
    )
    .execute();
}

/** Deals of blocks above `block` did not happen. */
export async function removeDealsAbove(queries: BrokerQueries, block: bigint): Promise<void> {
  await queries.deleteFrom("deals").where("block", ">", block).execute();
}

/** What was stored ahead of the follower for a block that turned out to be another one did not happen. */
export async function removeDealsOfOtherBranch(
  queries: BrokerQueries,
  { number, hash }: BlockRef,
): Promise<void> {
  await queries.deleteFrom("deals").where("block", "=", number).where("block_hash", "!=", hash).execute();
}

export async function dealsAbove(queries: BrokerQueries, block: bigint): Promise<DealRow[]> {
  return await queries.selectFrom("deals").selectAll().where("block", ">", block).execute();
}

export async function findDeal(queries: BrokerQueries, id: Hex): Promise<DealRow | undefined> {
  return await queries.selectFrom("deals").selectAll().where("id", "=", id).executeTakeFirst();
}

export async function findDeals(queries: BrokerQueries, ids: readonly Hex[]): Promise<DealRow[]> {
  if (ids.length === 0) return [];
  return await queries.selectFrom("deals").selectAll().where("id", "in", ids).execute();
}

const ORDER_COLUMNS = {
  request: "request_hash",
  app: "app_hash",
  dataset: "dataset_hash",
  pool: "pool_hash",
} as const satisfies Record<OrderType, string>;

/** Ids of the deals that an order was sealed into, newest first. */
export async function dealsOfOrder(
  queries: BrokerQueries,
  order: { readonly type: OrderType; readonly hash: Hex },
  limit: number,
): Promise<Hex[]> {
  const rows = await queries
    .selectFrom("deals")
    .select("id")
    .where(ORDER_COLUMNS[order.type], "=", order.hash)
    .orderBy("sequence", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Newest first. */
export async function listDeals(
  queries: BrokerQueries,
  filter: {
    readonly category?: number | undefined;
    readonly before?: bigint | undefined;
    readonly limit: number;
  },
): Promise<DealRow[]> {
  let query = queries.selectFrom("deals").selectAll().orderBy("sequence", "desc").limit(filter.limit);
  if (filter.category !== undefined) query = query.where("category", "=", filter.category);
  if (filter.before !== undefined) query = query.where("sequence", "<", filter.before);
  return await query.execute();
}
