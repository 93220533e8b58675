import type { Hex } from "viem";
import type { WhyNot } from "#src/book/why-not.ts";
import type { DealDetail, OrderState, Trade, WhyNotView } from "#src/client/broker-schema.ts";
import { orderToJson } from "#src/client/order-schema.ts";
import { parseDeal, taskId, taskIndices } from "#src/protocol/deals.ts";
import { refusalText } from "#src/protocol/refusal-text.ts";
import type { DealRow, OrderRow } from "./broker-tables.ts";
import { signedOrderOf } from "./stored-order.ts";

// Rows of the database as the API shows them.

export function orderState(row: OrderRow): OrderState {
  const { code, message } = row.blocked === null ? {} : refusalText(row.blocked);
  return {
    hash: row.hash,
    type: row.type,
    signer: row.signer,
    status: row.status,
    volume: Number(row.volume),
    filled: Number(row.filled),
    ...(row.blocked === null || message === undefined
      ? {}
      : { blocked: { refusal: row.blocked, ...(code === undefined ? {} : { code }), message } }),
    receivedAt: row.received_at.toISOString(),
    order: orderToJson(signedOrderOf(row)),
  };
}

export function whyNotView({ leg, refusal, orders, example }: WhyNot): WhyNotView {
  return { leg, refusal, ...refusalText(refusal), orders, ...(example === undefined ? {} : { example }) };
}

export function tradeOf(row: DealRow): Trade {
  const content = row.content as Record<"app" | "dataset" | "pool", Hex> &
    Record<"appPrice" | "datasetPrice" | "poolPrice", string>;
  return {
    deal: row.id,
    category: row.category,
    app: content.app,
    ...(row.dataset_hash === null ? {} : { dataset: content.dataset }),
    pool: content.pool,
    volume: Number(row.volume),
    appPrice: BigInt(content.appPrice),
    datasetPrice: BigInt(content.datasetPrice),
    poolPrice: BigInt(content.poolPrice),
    block: row.block,
    txHash: row.tx_hash,
    sealedAt: row.sealed_at.toISOString(),
  };
}

/** Tasks that are named; a bag may hold millions. */
const NAMED_TASKS = 1_000;

export function dealDetail(row: DealRow): DealDetail {
  const deal = parseDeal(row.content as Parameters<typeof parseDeal>[0]);
  // No more of them are reckoned: of free tasks anybody may have billions sealed.
  const named = { ...deal, volume: Math.min(deal.volume, NAMED_TASKS) };
  return {
    ...tradeOf(row),
    orders: {
      request: row.request_hash,
      app: row.app_hash,
      ...(row.dataset_hash === null ? {} : { dataset: row.dataset_hash }),
      pool: row.pool_hash,
    },
    tasks: taskIndices(named).map((index) => taskId(deal, index)),
    openUnits: Number(row.open_units),
    content: row.content,
    params: row.params,
  };
}
