import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";
import type { Terms } from "./orders.ts";

/** What an order's conditions say of its terms: `keccak256(abi.encode(checker, data))`. */
export function termsHash({ checker, data }: Terms): Hex {
  return keccak256(
    encodeAbiParameters([{ type: "address" }, { type: "bytes" }], [checker.toLowerCase() as Address, data]),
  );
}
