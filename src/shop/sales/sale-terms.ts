import type { Address } from "viem";
import type { Arbiter, Outcome } from "#src/protocol/goods-orders.ts";

/** On which terms a shop sells, beside its prices. Durations in seconds. */
export interface SaleTerms {
  readonly shipWithin: number;
  readonly deliverWithin: number;
  readonly complaintTime: number;
  readonly arbiter: Arbiter;
  readonly defaultOutcome: Outcome;
  /** Of the price, in hundredths of a percent: what the shop has at stake. */
  readonly bondShare: number;
  /** Of the price, in hundredths of a percent: what a partner with the right earn-commission gets. */
  readonly commissionShare: number;
  readonly resaleMargin: number;
  /** For how long a quote can be sealed. */
  readonly quoteSeconds: number;
}

/** The contracts that a shop's orders are for. */
export interface SaleChain {
  readonly chainId: number;
  readonly receipt: Address;
  /** The owner's epoch in the Clerk: orders of another are void. */
  readonly epochOf: (owner: Address) => Promise<bigint>;
  /** The number of the newest block. */
  readonly head: () => Promise<bigint>;
}
