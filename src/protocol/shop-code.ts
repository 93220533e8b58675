import { type Hex, hexToString, isHex, padHex, stringToHex } from "viem";

/** A shop's name in the federation: 2 to 8 characters `A–Z` and `0–9`, the first a letter. */
export type ShopCode = string;

/** What a shop's code looks like, for schemas. */
export const SHOP_CODE_PATTERN = /^[A-Z][A-Z0-9]{1,7}$/;

export function isShopCode(text: string): text is ShopCode {
  return SHOP_CODE_PATTERN.test(text);
}

/** A code as the Hub has it: `bytes8`, padded with zeros on the right. */
export function shopCodeToBytes(code: ShopCode): Hex {
  return padHex(stringToHex(code), { size: 8, dir: "right" });
}

/** @returns undefined where these are no eight bytes of a code */
export function shopCodeFromBytes(bytes: Hex): ShopCode | undefined {
  if (!isHex(bytes) || bytes.length !== 18) return undefined;
  // By whole bytes: the last digit of a code may be a zero as well.
  const code = hexToString(bytes, { size: 8 });
  // Read back: a zero in the middle, or another way to write it, is no code.
  return isShopCode(code) && shopCodeToBytes(code) === bytes.toLowerCase() ? code : undefined;
}
