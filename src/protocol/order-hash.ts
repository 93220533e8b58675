import { type Address, concatHex, domainSeparator, type Hex, keccak256 } from "viem";
import { clerkDomain, ORDER_TYPED_DATA, PRIMARY_TYPES } from "./order-types.ts";
import type { Order } from "./orders.ts";
import { structHash } from "./struct-hash.ts";

/** The EIP-712 struct hash of an order: its identity, the same on every chain. As `Clerk.hash…Order`. */
export function orderHash(order: Order): Hex {
  return structHash(ORDER_TYPED_DATA, PRIMARY_TYPES[order.type], order.order);
}

/** What is signed: the struct hash of an order (or of a bulk of them, or a sponsorship), bound to one Clerk on one chain. */
export function orderDigest(hash: Hex, chainId: number, clerk: Address): Hex {
  const separator = domainSeparator({ domain: clerkDomain(chainId, clerk) });
  return keccak256(concatHex(["0x1901", separator, hash]));
}
