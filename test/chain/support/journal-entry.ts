import { numberToHex } from "viem";
import type { JournalEntry } from "#src/chain/transaction-journal.ts";

export const CHAIN = numberToHex(1, { size: 32 });
export const ALICE = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

/** An open entry, except for what is changed. */
export function entryOf(
  id: string,
  change: Partial<JournalEntry> & { readonly nonce?: number } = {},
): JournalEntry {
  const { nonce = 7, ...rest } = change;
  const current = {
    hash: numberToHex(1_000 + nonce, { size: 32 }),
    signed: "0x02c0de",
    nonce,
    // More than a double holds exactly.
    maxFeePerGas: 2n ** 70n + 1n,
    signedAt: 1_700_000_000_123,
    signedAtBlock: 12n,
  } as const;
  return {
    ...{
      chain: CHAIN,
      id,
      from: ALICE,
      what: "seal",
      state: "open",
      signed: [current],
      changedAt: 1_700_000_000_456,
    },
    ...rest,
  };
}
