import type { Address, TypedDataDomain } from "viem";
import type { Side } from "./goods-orders.ts";
import { ORDER_TYPED_DATA } from "./order-types.ts";

/**
 * The EIP-712 types of the orders of goods, as wallets want them. Twin of `contracts/libraries/GoodsHash.sol`; both are
 * held to `test/vectors/goods-orders.json`.
 */
export const GOODS_TYPED_DATA = {
  Conditions: ORDER_TYPED_DATA.Conditions,
  SaleOrder: [
    { name: "seller", type: "address" },
    { name: "goods", type: "bytes32" },
    { name: "price", type: "uint64" },
    { name: "shipWithin", type: "uint32" },
    { name: "deliverWithin", type: "uint32" },
    { name: "complaintTime", type: "uint32" },
    { name: "arbiter", type: "bytes32" },
    { name: "defaultOutcome", type: "uint8" },
    { name: "sellerBond", type: "uint64" },
    { name: "referrer", type: "address" },
    { name: "commission", type: "uint64" },
    { name: "resaleMargin", type: "uint32" },
    { name: "supply", type: "bytes32" },
    { name: "onlyBuyer", type: "bytes32" },
    { name: "conditions", type: "Conditions" },
  ],
  PurchaseOrder: [
    { name: "buyer", type: "address" },
    { name: "goods", type: "bytes32" },
    { name: "maxPrice", type: "uint64" },
    { name: "shipTo", type: "bytes32" },
    { name: "saleOrder", type: "bytes32" },
    { name: "onlySeller", type: "bytes32" },
    { name: "maxShipWithin", type: "uint32" },
    { name: "maxDeliverWithin", type: "uint32" },
    { name: "minComplaintTime", type: "uint32" },
    { name: "onlyArbiter", type: "bytes32" },
    { name: "defaultOutcome", type: "uint8" },
    { name: "minSellerBond", type: "uint64" },
    { name: "minResaleMargin", type: "uint32" },
    { name: "basket", type: "bytes32" },
    { name: "basketSize", type: "uint16" },
    { name: "conditions", type: "Conditions" },
  ],
} as const;

export const GOODS_PRIMARY_TYPES = {
  sale: "SaleOrder",
  purchase: "PurchaseOrder",
} as const satisfies Record<Side, keyof typeof GOODS_TYPED_DATA>;

/** The buyer's word that it has what it wanted; `deal` is `goodsDealHash`. */
export const CONFIRMATION_TYPED_DATA = { Confirmation: [{ name: "deal", type: "bytes32" }] } as const;

/** Either side's word that the buyer gets `toBuyer` (nano-HANSE) of the price; `deal` is `goodsDealHash`. */
export const SPLIT_TYPED_DATA = {
  Split: [
    { name: "deal", type: "bytes32" },
    { name: "toBuyer", type: "uint64" },
  ],
} as const;

/** The EIP-712 domain of all these: a signature holds for one Receipt on one chain. */
export function receiptDomain(chainId: number, receipt: Address) {
  return {
    name: "Hanse Receipt",
    version: "1",
    chainId,
    verifyingContract: receipt,
  } satisfies TypedDataDomain;
}
