import { type Hex, hexToString, keccak256, stringToHex } from "viem";
import type { GoodsId } from "./goods-orders.ts";

/** A shop's name in the federation: 2 to 8 characters `A–Z` and `0–9`, the first a letter. Twin of `ShopCode` in Solidity. */
export type ShopCode = string;

/** What a code looks like, for schemas. */
export const SHOP_CODE_PATTERN = /^[A-Z][A-Z0-9]{1,7}$/;

/** What a shop calls its goods: 1 to 64 visible ASCII characters, so that nobody writes the same in two ways. */
const SKU = /^[!-~]{1,64}$/;

/** What is sold, as it is written in the federation: `CODE:SKU`. */
export interface PublicId {
  readonly code: ShopCode;
  readonly sku: string;
}

export function isShopCode(text: string): boolean {
  return SHOP_CODE_PATTERN.test(text);
}

/**
 * As contracts have it: ASCII, padded with zeros on the right.
 * @throws RangeError when it is no code
 */
export function shopCodeToHex(code: ShopCode): Hex {
  if (!isShopCode(code)) throw new RangeError(`${JSON.stringify(code)} is no shop code`);
  return stringToHex(code, { size: 8 });
}

/** @returns undefined for what is not the code of a shop */
export function shopCodeFromHex(bytes8: Hex): ShopCode | undefined {
  if (!/^0x[0-9a-fA-F]{16}$/.test(bytes8)) return undefined;
  const code = hexToString(bytes8).replace(/\0+$/, "");
  return isShopCode(code) ? code : undefined;
}

export function isSku(text: string): boolean {
  return SKU.test(text);
}

/** @returns undefined unless it is a code, a colon and a SKU; further colons belong to the SKU */
export function parsePublicId(text: string): PublicId | undefined {
  const colon = text.indexOf(":");
  if (colon === -1) return undefined;
  const [code, sku] = [text.slice(0, colon), text.slice(colon + 1)];
  return isShopCode(code) && isSku(sku) ? { code, sku } : undefined;
}

/** @throws RangeError when code or SKU is none */
export function formatPublicId({ code, sku }: PublicId): string {
  if (!isShopCode(code) || !isSku(sku))
    throw new RangeError(`${JSON.stringify({ code, sku })} names no goods`);
  return `${code}:${sku}`;
}

/**
 * What orders call goods: `keccak256` of the public id.
 * @throws RangeError when code or SKU is none
 */
export function goodsId(id: PublicId): GoodsId {
  return keccak256(stringToHex(formatPublicId(id)));
}
