import { type Address, type Hex, isAddress, isHex } from "viem";
import { z } from "zod";
import type { JournalEntry } from "./transaction-journal.ts";

const hex = z.string().refine((text): text is Hex => isHex(text));
const amount = z
  .string()
  .regex(/^\d+$/)
  .transform((digits) => BigInt(digits));

export const signedSchema = z.object({
  hash: hex,
  signed: hex,
  nonce: z.number().int().nonnegative(),
  maxFeePerGas: amount,
  signedAt: z.number(),
  signedAtBlock: amount,
});

const entrySchema = z.object({
  chain: hex,
  id: z.string(),
  from: z.string().refine((text): text is Address => isAddress(text)),
  what: z.string(),
  state: z.enum(["open", "mined", "final", "refused"]),
  signed: z.tuple([signedSchema], signedSchema),
  block: z.object({ number: amount, hash: hex }).optional(),
  changedAt: z.number(),
});

/** An entry as one line of JSON. */
export function encodeEntry(entry: JournalEntry): string {
  return toJson(entry);
}

/** @returns undefined for what is no entry */
export function decodeEntry(line: string): JournalEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** JSON in which a bigint is the text of its digits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === "bigint" ? each.toString() : each));
}
