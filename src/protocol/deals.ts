import type { Address, Hex } from "viem";
import { type AssetId, dealId } from "./ids.ts";

/** A sealed deal, one to one with `contracts/types/Deals.sol`. Amounts are nano-HANSE per task. */
export interface Deal {
  readonly requestId: Hex;
  readonly app: AssetId;
  readonly dataset: AssetId;
  readonly pool: AssetId;
  readonly appOwner: Address;
  readonly datasetOwner: Address;
  readonly poolOwner: Address;
  readonly requester: Address;
  readonly payer: Address;
  readonly beneficiary: Address;
  readonly callback: Address;
  readonly certifier: Address;
  readonly appPrice: bigint;
  readonly datasetPrice: bigint;
  readonly poolPrice: bigint;
  readonly poolStake: bigint;
  readonly sealedAtBlock: bigint;
  readonly firstTask: number;
  readonly volume: number;
  readonly trust: number;
  readonly category: number;
  readonly tag: Hex;
  readonly paramsHash: Hex;
  readonly attesters: Hex;
  readonly frozen: Hex;
}

export function idOfDeal(deal: Pick<Deal, "requestId" | "firstTask">): Hex {
  return dealId(deal.requestId, deal.firstTask);
}

/** What the buyer has locked for each task, in nano-HANSE. */
export function buyerUnit(deal: Pick<Deal, "appPrice" | "datasetPrice" | "poolPrice">): bigint {
  return deal.appPrice + deal.datasetPrice + deal.poolPrice;
}

/** The indices of a deal's tasks in its request. */
export function taskIndices(deal: Pick<Deal, "firstTask" | "volume">): number[] {
  return Array.from({ length: deal.volume }, (_, i) => deal.firstTask + i);
}
