import type { Hex } from "viem";
import { structHash } from "./struct-hash.ts";

/**
 * What a signer signs to have an order taken off a broker's book, in the Clerk's domain. It asks the broker only: the
 * order stays valid on chain, for whoever has it, until `Clerk.cancel` or a higher epoch.
 */
export const CANCEL_TYPED_DATA = {
  CancelOrder: [{ name: "orderHash", type: "bytes32" }],
} as const;

/** The EIP-712 struct hash of it. */
export function cancelHash(orderHash: Hex): Hex {
  return structHash(CANCEL_TYPED_DATA, "CancelOrder", { orderHash });
}
