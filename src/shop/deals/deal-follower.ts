import type { Transaction } from "kysely";
import type { Address, Hex, Log } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import { followChain } from "#src/chain/follower.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type GoodsDeal, STAGES, type Stage } from "#src/protocol/goods-deals.ts";
import type { ShopTables } from "../shop-tables.ts";
import type { DealStep, DealStore, SealedDeal } from "./deal-store.ts";

export interface DealFollowerDeps {
  readonly chain: ChainClient;
  readonly store: DealStore;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Whether a deal that was just sealed concerns this shop. */
  readonly concerns: (deal: SealedDeal) => Promise<boolean>;
  /** What else changes with deals, in the same transaction. */
  readonly onDeals: (trx: Transaction<ShopTables>, ids: readonly Hex[]) => Promise<void>;
  /** Called when it is stored, with the deals that are new, changed or gone: there may be something to do. */
  readonly onChange: (ids: readonly Hex[]) => void;
}

export interface DealFollowerOptions {
  readonly receipt: Address;
  readonly genesisHash: Hex;
  /** The first block of interest. */
  readonly startBlock: bigint;
  readonly signal: AbortSignal;
}

/** Follows the Receipt for the deals of one shop until the signal aborts. */
export async function followDeals(deps: DealFollowerDeps, options: DealFollowerOptions): Promise<void> {
  const { chain, store, logger, clock = systemClock, concerns, onDeals, onChange } = deps;
  const { receipt, genesisHash, startBlock, signal } = options;
  const { cursor, known } = await store.begin({ receipt, genesisHash });
  for await (const event of followChain(
    { chain, logger, clock },
    { addresses: [receipt], cursor, known, startBlock, signal },
  )) {
    if (event.type === "finalized") continue;
    if (event.type === "reorg") {
      logger.warn({ to: event.to.number }, "the chain was reorganised");
      onChange(await store.rewind(event.to, onDeals));
      continue;
    }
    const { block, logs } = event;
    const sealed: SealedDeal[] = [];
    for (const each of sealedDeals(logs)) if (await concerns(each)) sealed.push(each);
    const changed = await store.apply({ block, deals: sealed, steps: dealSteps(logs) }, onDeals);
    for (const { id, deal } of sealed) {
      logger.info(
        { deal: id, seller: deal.seller, buyer: deal.buyer, block: block.number },
        "deal of goods sealed",
      );
    }
    // Time passes with each block: quotes run out.
    if (changed.length > 0) onChange(changed);
  }
}

/** The deals that these logs seal. */
export function sealedDeals(logs: readonly Log[]): SealedDeal[] {
  return decodeEvents({ abi: receiptAbi, logs, eventName: "GoodsSealed" }).map(
    ({ args, transactionHash }) => ({
      ...{ id: args.id, saleHash: args.saleHash, purchaseHash: args.purchaseHash, tx: transactionHash },
      deal: args.deal as GoodsDeal,
    }),
  );
}

function dealSteps(logs: readonly Log[]): DealStep[] {
  return decodeEvents({ abi: receiptAbi, logs }).flatMap((event): DealStep[] => {
    const { logIndex } = event;
    switch (event.eventName) {
      case "Shipped":
      case "Disputed":
      case "Contested":
        return [{ id: event.args.id, logIndex, stage: event.eventName }];
      case "ComplaintExtended":
        return [{ id: event.args.id, logIndex, stage: "Extended" }];
      case "GoodsSettled": {
        const { id, stage, toBuyer, toSeller, toReferrer } = event.args;
        return [{ id, logIndex, stage: STAGES[stage] as Stage, paidOut: { toBuyer, toSeller, toReferrer } }];
      }
      default:
        return [];
    }
  });
}
