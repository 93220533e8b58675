import type { Address, Hex } from "viem";

/** A sealed deal, member by member as the contract has it. */
export interface Deal {
  readonly requestId: Hex;
  readonly app: bigint;
  readonly dataset: bigint;
  readonly pool: bigint;
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

/** What buyer and pool have locked for each task. */
export function unitOf(deal: Deal): { readonly price: bigint; readonly stake: bigint } {
  return { price: deal.appPrice + deal.datasetPrice + deal.poolPrice, stake: deal.poolStake };
}

export function sameDeal(one: Deal, other: Deal): boolean {
  return Object.keys(one).every((member) => one[member as keyof Deal] === other[member as keyof Deal]);
}
