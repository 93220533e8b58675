import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { type AssetId, assetIdToHex } from "./ids.ts";
import type { Conditions, Terms } from "./orders.ts";
import { onlyAccount } from "./restrictions.ts";

// The orders of goods as they are signed: one to one with `contracts/types/Goods.sol`, where each member is explained.
// Amounts are nano-HANSE per piece, quantities pieces, times Unix seconds, durations seconds.

/** What is sold: `keccak256` of its public id, `CODE:SKU`; see `goodsId`. */
export type GoodsId = Hex;

/** Who decides when buyer and seller do not agree: nobody, an account, or a worker pool's jurors. */
export type Arbiter = Hex;

/** Nobody decides: the order's default stands. */
export const NO_ARBITER: Arbiter = zeroHash;

export function arbiterAccount(account: Address): Arbiter {
  return onlyAccount(account);
}

/** Jurors drawn among the seats of a pool. */
export function arbiterPool(pool: AssetId): Arbiter {
  return assetIdToHex(pool);
}

/** Who gets the price, by the number it has in orders; `Outcome` in Solidity. */
export const OUTCOME = { Buyer: 0, Seller: 1 } as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** The two orders of goods, in the order of `Side` in Solidity. */
export const SIDES = ["sale", "purchase"] as const;
export type Side = (typeof SIDES)[number];

/** The most pieces that one purchase may be of. */
export const MAX_PURCHASE_VOLUME = 16_777_214;

export interface SaleOrder {
  readonly seller: Address;
  readonly goods: GoodsId;
  readonly price: bigint;
  readonly shipWithin: number;
  readonly deliverWithin: number;
  readonly complaintTime: number;
  readonly arbiter: Arbiter;
  readonly defaultOutcome: Outcome;
  readonly sellerBond: bigint;
  readonly referrer: Address;
  readonly commission: bigint;
  readonly resaleMargin: number;
  readonly supply: Hex;
  readonly onlyBuyer: Hex;
  readonly conditions: Conditions;
}

export interface PurchaseOrder {
  readonly buyer: Address;
  readonly goods: GoodsId;
  readonly maxPrice: bigint;
  readonly shipTo: Hex;
  readonly saleOrder: Hex;
  readonly onlySeller: Hex;
  readonly maxShipWithin: number;
  readonly maxDeliverWithin: number;
  readonly minComplaintTime: number;
  readonly onlyArbiter: Hex;
  readonly defaultOutcome: Outcome;
  readonly minSellerBond: bigint;
  readonly minResaleMargin: number;
  readonly basket: Hex;
  readonly basketSize: number;
  readonly conditions: Conditions;
}

/** Either order of goods, with what tells them apart. */
export type GoodsOrder =
  | { readonly type: "sale"; readonly order: SaleOrder }
  | { readonly type: "purchase"; readonly order: PurchaseOrder };

/** An order of goods and all that has to be brought with it to be sealed; none of that is part of its hash. */
export type SignedGoodsOrder = GoodsOrder & {
  readonly signature: Hex;
  /** Where the order's conditions name terms; the checker is an `IGoodsTerms`. */
  readonly terms?: Terms | undefined;
};

/** What a seller has to state; the rest has a neutral value. */
export type SaleInput = Pick<
  SaleOrder,
  "seller" | "goods" | "price" | "shipWithin" | "deliverWithin" | "complaintTime" | "conditions"
> &
  Partial<SaleOrder>;

/** A sale with everything optional left open: any buyer, nobody to judge or to be paid besides, nothing at stake. */
export function sale(input: SaleInput): Extract<GoodsOrder, { type: "sale" }> {
  return {
    type: "sale",
    order: {
      ...{ arbiter: NO_ARBITER, defaultOutcome: OUTCOME.Buyer, sellerBond: 0n, referrer: zeroAddress },
      ...{ commission: 0n, resaleMargin: 0, supply: zeroHash, onlyBuyer: zeroHash },
      ...input,
    },
  };
}

/** What a buyer has to state; the rest has a neutral value. */
export type PurchaseInput = Pick<PurchaseOrder, "buyer" | "goods" | "maxPrice" | "shipTo" | "conditions"> &
  Partial<PurchaseOrder>;

/**
 * A purchase that accepts nothing it does not say: the sale it names or, by bounds that are given, any within them. Without
 * bounds no sale takes any time to ship or to arrive, and none has an arbiter.
 */
export function purchase(input: PurchaseInput): Extract<GoodsOrder, { type: "purchase" }> {
  return {
    type: "purchase",
    order: {
      ...{ saleOrder: zeroHash, onlySeller: zeroHash, onlyArbiter: NO_ARBITER, basket: zeroHash },
      ...{ maxShipWithin: 0, maxDeliverWithin: 0, minComplaintTime: 0, minResaleMargin: 0, basketSize: 0 },
      ...{ defaultOutcome: OUTCOME.Buyer, minSellerBond: 0n },
      ...input,
    },
  };
}
