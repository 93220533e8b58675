import { type Address, zeroAddress, zeroHash } from "viem";
import type { Deal } from "#src/protocol/deals.ts";
import { NO_ASSET } from "#src/protocol/ids.ts";
import type { PoolOrder, RequestOrder, SignedOrder } from "#src/protocol/orders.ts";
import type { ChainFacts } from "./chain-facts.ts";

/** What a signer must have free for the smallest fill of an order, in nano-HANSE. */
export async function neededNano(facts: ChainFacts, signer: Address, signed: SignedOrder): Promise<bigint> {
  if (signed.type === "request") return smallestFill(signed.order) * highestUnit(signed.order);
  if (signed.type !== "pool") return 0n;
  const stake = await facts.poolStakeNano(draftOf(signed.order, signer));
  return smallestFill(signed.order) * stake;
}

/** What a task costs a requester at most. */
function highestUnit({ maxAppPrice, maxDatasetPrice, maxPoolPrice, dataset }: RequestOrder): bigint {
  return maxAppPrice + (dataset === NO_ASSET ? 0n : maxDatasetPrice) + maxPoolPrice;
}

function smallestFill({ conditions }: RequestOrder | PoolOrder): bigint {
  return BigInt(Math.max(conditions.minFill, 1));
}

/** The deal a pool's order could become, as far as the order tells; enough to ask the certifier for its terms. */
function draftOf(order: PoolOrder, owner: Address): Deal {
  return {
    requestHash: zeroHash,
    app: NO_ASSET,
    dataset: NO_ASSET,
    pool: order.pool,
    appOwner: zeroAddress,
    datasetOwner: zeroAddress,
    poolOwner: owner,
    requester: zeroAddress,
    payer: zeroAddress,
    beneficiary: zeroAddress,
    callback: zeroAddress,
    certifier: order.conditions.certifier,
    appPrice: 0n,
    datasetPrice: 0n,
    poolPrice: order.price,
    poolStake: 0n,
    sealedAtBlock: 0n,
    firstTask: 0,
    volume: 0,
    trust: 0,
    category: order.category,
    tag: zeroHash,
    paramsHash: zeroHash,
    attesters: zeroHash,
    frozen: zeroHash,
  };
}
