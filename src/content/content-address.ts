import { createHash, type Hash } from "node:crypto";
import { HanseError } from "#src/kernel/errors.ts";

/** The sha-256 of some bytes: `0x` and 64 lower-case hex digits. One content has one address, in one spelling. */
export type ContentAddress = `0x${string}`;

const pattern = /^0x[0-9a-f]{64}$/;

export function isContentAddress(value: unknown): value is ContentAddress {
  return typeof value === "string" && pattern.test(value);
}

/** @throws HanseError HANSE_CONTENT_ADDRESS_INVALID */
export function parseContentAddress(value: string): ContentAddress {
  if (isContentAddress(value)) return value;
  throw new HanseError("HANSE_CONTENT_ADDRESS_INVALID", "This is no content address", {
    details: { value: value.slice(0, 100) },
  });
}

/** The address of bytes at hand. */
export function contentAddressOf(bytes: Uint8Array): ContentAddress {
  return finishAddress(createHash("sha256").update(bytes));
}

/** The address of everything a sha-256 hash has taken in. */
export function finishAddress(hash: Hash): ContentAddress {
  return `0x${hash.digest("hex")}`;
}
