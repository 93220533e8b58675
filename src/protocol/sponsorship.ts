import type { Hex } from "viem";
import type { Sponsorship } from "./orders.ts";
import { structHash } from "./struct-hash.ts";

/**
 * The EIP-712 type of a sponsor's word about a request, in the Clerk's domain; `request` is the request's struct hash.
 * Twin of `OrderHash.SPONSORSHIP_TYPEHASH`.
 */
export const SPONSORSHIP_TYPED_DATA = {
  Sponsorship: [
    { name: "request", type: "bytes32" },
    { name: "cap", type: "uint64" },
    { name: "validUntil", type: "uint64" },
    { name: "epoch", type: "uint64" },
  ],
} as const;

/** The EIP-712 struct hash that a sponsor signs. */
export function sponsorshipHash(
  request: Hex,
  { cap, validUntil, epoch }: Omit<Sponsorship, "signature">,
): Hex {
  return structHash(SPONSORSHIP_TYPED_DATA, "Sponsorship", { request, cap, validUntil, epoch });
}
