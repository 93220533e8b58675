import { type Address, concatHex, domainSeparator, type Hex, keccak256 } from "viem";
import { clerkDomain } from "./order-types.ts";
import { structHash } from "./struct-hash.ts";

/**
 * What a signer signs to have an order taken off a broker's book, in the Clerk's domain. It asks the broker only: the
 * order stays valid on chain, for whoever has it, until `Clerk.cancel` or a higher epoch.
 */
export const CANCEL_TYPED_DATA = {
  CancelOrder: [{ name: "orderHash", type: "bytes32" }],
} as const;

export function cancelDigest(orderHash: Hex, chainId: number, clerk: Address): Hex {
  const separator = domainSeparator({ domain: clerkDomain(chainId, clerk) });
  return keccak256(
    concatHex(["0x1901", separator, structHash(CANCEL_TYPED_DATA, "CancelOrder", { orderHash })]),
  );
}
