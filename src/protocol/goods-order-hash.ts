import { type Address, concatHex, domainSeparator, type Hex, keccak256 } from "viem";
import {
  CONFIRMATION_TYPED_DATA,
  GOODS_PRIMARY_TYPES,
  GOODS_TYPED_DATA,
  receiptDomain,
  SPLIT_TYPED_DATA,
} from "./goods-order-types.ts";
import type { GoodsOrder } from "./goods-orders.ts";
import { structHash } from "./struct-hash.ts";

/** The EIP-712 struct hash of an order of goods: its identity, the same on every chain. As `Receipt.hash…Order`. */
export function goodsOrderHash({ type, order }: GoodsOrder): Hex {
  return structHash(GOODS_TYPED_DATA, GOODS_PRIMARY_TYPES[type], order);
}

/** The EIP-712 struct hash that a buyer signs to have the seller paid. */
export function confirmationHash(deal: Hex): Hex {
  return structHash(CONFIRMATION_TYPED_DATA, "Confirmation", { deal });
}

/** The EIP-712 struct hash that both sides sign to share the price. */
export function splitHash(deal: Hex, toBuyer: bigint): Hex {
  return structHash(SPLIT_TYPED_DATA, "Split", { deal, toBuyer });
}

/** What is signed: a struct hash of the above (or of orders in bulk), bound to one Receipt on one chain. */
export function goodsDigest(hash: Hex, chainId: number, receipt: Address): Hex {
  const separator = domainSeparator({ domain: receiptDomain(chainId, receipt) });
  return keccak256(concatHex(["0x1901", separator, hash]));
}
