import { type Address, getAddress, type Hex, isAddress } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { parseHanse } from "#src/protocol/money.ts";
import { isShopCode } from "#src/protocol/shop-code.ts";
import { TAG_BITS, type Tag, tagsToHex } from "#src/protocol/tags.ts";

// What people type, made what it means. Each throws HANSE_ARGUMENT_INVALID.

export function parseAddress(text: string): Address {
  // All in one case is an address too, as explorers and contracts print it; a wrong checksum is a typing mistake.
  if (isAddress(text, { strict: false }) && (isAddress(text) || !isMixed(text))) return getAddress(text);
  throw invalid(`${text} is no address`, "An address is 0x and 40 hex digits; mind upper and lower case.");
}

/** @returns nano-HANSE, more than none */
export function parseAmount(text: string): bigint {
  const nano = parseHanse(text);
  if (nano !== undefined && nano > 0n) return nano;
  throw invalid(
    `${text} is no amount of HANSE`,
    "Give a positive decimal number with at most nine decimals, such as 12.5.",
  );
}

/** @returns nano-HANSE, zero allowed */
export function parsePrice(text: string): bigint {
  return /^0+(\.0+)?$/.test(text) ? 0n : parseAmount(text);
}

export function parseBytes32(what: string, text: string): Hex {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex;
  throw invalid(`${text} is no ${what}`, `A ${what} is 0x and 64 hex digits.`);
}

export function parseCode(text: string): string {
  if (isShopCode(text)) return text;
  throw invalid(
    `${text} is no code of a shop`,
    "A code has 2 to 8 characters A–Z and 0–9, the first a letter.",
  );
}

export function parseAsset(text: string): AssetId {
  return BigInt(parseBytes32("asset id", text));
}

export function parseCount(text: string, name: string, most = 999_999_999): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw invalid(`${name} ${text}: no whole number from 0 to ${most}`, "Give a whole number.");
}

const SECONDS = { s: 1n, m: 60n, h: 3600n, d: 86_400n, w: 604_800n } as const;

/** A length of time such as `90m` or `30d`. @returns seconds */
export function parseDuration(text: string): bigint {
  const parts = /^(\d{1,9})([smhdw])$/.exec(text);
  if (parts !== null) return BigInt(parts[1] ?? "") * SECONDS[parts[2] as keyof typeof SECONDS];
  throw invalid(`${text} is no length of time`, "Give a number and s, m, h, d or w, such as 12h or 30d.");
}

/** Names separated by commas. @returns the tags' bits */
export function parseTags(text: string): Hex {
  return tagsToHex(parseNames(text, Object.keys(TAG_BITS) as Tag[], "tag"));
}

/** Names separated by commas, each one of `known`. */
export function parseNames<Name extends string>(text: string, known: readonly Name[], what: string): Name[] {
  const names = text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  const unknown = names.find((each) => !known.includes(each as Name));
  if (unknown === undefined) return names as Name[];
  throw invalid(`${unknown} is no ${what}`, `Choose among: ${known.join(", ")}.`);
}

/** Words such as `NotArrived`, as they are typed: `not-arrived`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter, at) => `${at === 0 ? "" : "-"}${letter.toLowerCase()}`);
}

export function invalid(message: string, hint: string): HanseError {
  return new HanseError("HANSE_ARGUMENT_INVALID", message, { hint });
}

function isMixed(text: string): boolean {
  const digits = text.slice(2);
  return digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
}
