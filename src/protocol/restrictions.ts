import { type Address, type Hex, hexToBigInt, padHex, zeroHash } from "viem";
import { type AssetId, assetIdToHex } from "./ids.ts";

/** What a `Restriction` asks for; see `contracts/types/Ids.sol`. */
export type RestrictionRule =
  | { readonly type: "any" }
  | { readonly type: "exactly"; readonly subject: Hex }
  | { readonly type: "members"; readonly group: Address };

export const ANYONE: Hex = zeroHash;

export function onlyAccount(account: Address): Hex {
  return padHex(account.toLowerCase() as Hex, { size: 32 });
}

export function onlyAsset(id: AssetId): Hex {
  return assetIdToHex(id);
}

/** Members of a group contract (`IGroup`), such as a curator's list. */
export function onlyMembersOf(group: Address): Hex {
  return `0xff${padHex(group.toLowerCase() as Hex, { size: 31 }).slice(2)}`;
}

export function restrictionRule(restriction: Hex): RestrictionRule {
  if (hexToBigInt(restriction) === 0n) return { type: "any" };
  if (restriction.slice(2, 4).toLowerCase() !== "ff") return { type: "exactly", subject: restriction };
  return { type: "members", group: `0x${restriction.slice(-40)}` };
}

/**
 * Whether a restriction lets a subject (a left-padded account, or an asset id) in.
 * @returns `ask` where only the group contract can tell.
 */
export function allows(restriction: Hex, subject: Hex): boolean | "ask" {
  const rule = restrictionRule(restriction);
  if (rule.type === "any") return true;
  if (rule.type === "members") return "ask";
  return rule.subject.toLowerCase() === subject.toLowerCase();
}
