import type { Deal } from "#src/protocol/deals.ts";

export type { Deal };

/** What buyer and pool have locked for each task. */
export function unitOf(deal: Deal): { readonly price: bigint; readonly stake: bigint } {
  return { price: deal.appPrice + deal.datasetPrice + deal.poolPrice, stake: deal.poolStake };
}

export function sameDeal(one: Deal, other: Deal): boolean {
  return Object.keys(one).every((member) => one[member as keyof Deal] === other[member as keyof Deal]);
}
