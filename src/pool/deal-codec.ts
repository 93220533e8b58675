import { decodeAbiParameters, encodeAbiParameters, getAbiItem, type Hex } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { Deal } from "#src/protocol/deals.ts";

// The chain's own encoding: no second description of a deal that could drift from the first.
const [dealParameter] = getAbiItem({ abi: pocoAbi, name: "extend" }).inputs;

/** A deal as bytes, to be stored. */
export function encodeDeal(deal: Deal): Hex {
  return encodeAbiParameters([dealParameter], [deal]);
}

export function decodeDeal(bytes: Hex): Deal {
  return decodeAbiParameters([dealParameter], bytes)[0];
}
