import type { Address, Hex } from "viem";
import type { Book } from "#src/book/book.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { assetIdToHex, requestId } from "#src/protocol/ids.ts";
import type { OrderType } from "#src/protocol/orders.ts";
import type { BrokerMetrics } from "./broker-metrics.ts";
import type { BrokerDatabase, DealRow } from "./broker-tables.ts";
import { forgetBlocksAbove, REMEMBERED_BLOCKS, rememberBlock } from "./chain-cursor.ts";
import type { ChainFacts } from "./chain-facts.ts";
import {
  dealsAbove,
  findDeals,
  removeDealsAbove,
  removeDealsOfOtherBranch,
  storeDeals,
} from "./deal-store.ts";
import type { MarketChainEvent, MarketEvent, SealedDeal } from "./market-chain.ts";
import type { MarketTime } from "./market-time.ts";
import type { OrderLedger, Touched } from "./order-ledger.ts";
import { forgetSettlementsUpTo, settleUnit, undoSettlementsAbove } from "./settlements.ts";

export interface ChainApplierDeps {
  readonly database: BrokerDatabase;
  readonly ledger: OrderLedger;
  readonly facts: ChainFacts;
  readonly time: MarketTime;
  readonly book: Book;
  readonly metrics: BrokerMetrics;
  readonly logger: Logger;
}

export interface ChainApplierOptions {
  /** Blocks after which what was refused is tried again, whatever happened meanwhile. */
  readonly retryBlocks: bigint;
}

/** Makes of a chain event what it means for orders and deals: one transaction, the cursor with it. */
export type ApplyChainEvent = (event: MarketChainEvent) => Promise<void>;

export function createChainApplier(
  deps: ChainApplierDeps,
  { retryBlocks }: ChainApplierOptions,
): ApplyChainEvent {
  const { database, ledger, facts, time, book, metrics, logger } = deps;
  let retriedAt = 0n;

  async function applyBlock({ block, timestamp, events }: Extract<MarketChainEvent, { type: "block" }>) {
    facts.forget();
    time.atBlock(timestamp);
    const deals = events.flatMap((event) => (event.type === "deal-sealed" ? [event.deal] : []));
    const settled = events.filter((event) => event.type === "unit-settled");
    const settledDeals = await findDeals(
      database.kysely,
      settled.map(({ dealId }) => dealId),
    );
    // Read when the chain was at this block already: on another branch of it, perhaps.
    const ahead = await database.kysely
      .selectFrom("orders")
      .select("hash")
      .where("changed_at_block", "=", block.number)
      .execute();
    // What no event tells of, such as seats taken, a group's new member or a key that expired, is asked again now and then.
    const retry = block.number >= retriedAt + retryBlocks;
    await ledger.reassess(
      {
        ...merge(events.map(touchedBy), settledDeals.map(touchedByDeal), [
          { orders: ahead.map(({ hash }) => hash) },
        ]),
        blocked: retry,
        byKeyring: retry,
      },
      {
        block: block.number,
        also: async (trx) => {
          await storeDeals(trx, deals, new Date(Number(timestamp) * 1000));
          await removeDealsOfOtherBranch(trx, block);
          for (const settlement of settled) await settleUnit(trx, settlement, block.number);
          await forgetSettlementsUpTo(trx, block.number - REMEMBERED_BLOCKS);
          await rememberBlock(trx, block);
        },
      },
    );
    if (retry) {
      retriedAt = block.number;
      book.forgetAnswers();
      book.readmit();
    }
    metrics.block.set(Number(block.number));
  }

  async function applyReorg({ to }: Extract<MarketChainEvent, { type: "reorg" }>) {
    facts.forget();
    const undone = await dealsAbove(database.kysely, to.number);
    const changed = await database.kysely
      .selectFrom("orders")
      .select(["hash", "signer"])
      .where("changed_at_block", ">", to.number)
      .execute();
    logger.warn({ to: to.number, deals: undone.length, orders: changed.length }, "the chain was reorganised");
    await ledger.reassess(
      merge(undone.map(touchedByUndoneDeal), [
        { orders: changed.map(({ hash }) => hash), signers: changed.map(({ signer }) => signer) },
      ]),
      {
        also: async (trx) => {
          await removeDealsAbove(trx, to.number);
          await undoSettlementsAbove(trx, to.number);
          await forgetBlocksAbove(trx, to.number);
        },
      },
    );
    metrics.block.set(Number(to.number));
  }

  return async (event) => {
    if (event.type === "block") await applyBlock(event);
    else if (event.type === "reorg") await applyReorg(event);
  };
}

/** What a sealed deal puts in question: its orders, and the money of those who locked some. */
export function touchedBySealedDeal({ orders, deal }: SealedDeal): Touched {
  return {
    orders: [orders.request],
    volumes: [deal.requestId],
    sold: [
      { type: "app", hash: orders.app, signer: deal.appOwner },
      { type: "pool", hash: orders.pool, signer: deal.poolOwner },
      ...(orders.dataset
        ? [{ type: "dataset" as const, hash: orders.dataset, signer: deal.datasetOwner }]
        : []),
    ],
    signers: [deal.payer, deal.poolOwner],
  };
}

function touchedBy(event: MarketEvent): Touched {
  switch (event.type) {
    case "deal-sealed":
      return touchedBySealedDeal(event.deal);
    case "order-cancelled":
      return { volumes: [requestId(event.account, event.salt)] };
    case "account-changed":
      return { signers: [event.account] };
    case "asset-transferred":
      return { assets: [assetIdToHex(event.asset)] };
    case "certifier-changed":
      return { certifiers: [event.certifier] };
    case "unit-settled":
      return {};
  }
}

function touchedByDeal({ content }: DealRow): Touched {
  const { payer, poolOwner, appOwner, datasetOwner } = content as Record<string, Address>;
  return { signers: [payer, poolOwner, appOwner, datasetOwner].filter((each) => each !== undefined) };
}

/** The orders that filled it, and those that share their volumes, have more left again. */
function touchedByUndoneDeal(deal: DealRow): Touched {
  const { requestId, appOwner, datasetOwner, poolOwner } = deal.content as Record<string, Hex>;
  const sold = (type: OrderType, hash: Hex | null, signer: Hex | undefined) =>
    hash === null || signer === undefined ? [] : [{ type, hash, signer }];
  return {
    ...touchedByDeal(deal),
    orders: [deal.request_hash],
    volumes: requestId === undefined ? [] : [requestId],
    sold: [
      ...sold("app", deal.app_hash, appOwner),
      ...sold("dataset", deal.dataset_hash, datasetOwner),
      ...sold("pool", deal.pool_hash, poolOwner),
    ],
  };
}

export function merge(...groups: readonly Touched[][]): Touched {
  const all = groups.flat();
  const unique = <Value>(values: Value[]) => [...new Set(values)];
  return {
    orders: unique(all.flatMap(({ orders = [] }) => orders)),
    volumes: unique(all.flatMap(({ volumes = [] }) => volumes)),
    sold: all.flatMap(({ sold = [] }) => sold),
    signers: unique(all.flatMap(({ signers = [] }) => signers)),
    assets: unique(all.flatMap(({ assets = [] }) => assets)),
    certifiers: unique(all.flatMap(({ certifiers = [] }) => certifiers)),
  };
}
