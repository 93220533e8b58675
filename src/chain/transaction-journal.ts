import type { Address, Hex } from "viem";
import type { BlockRef } from "./block.ts";

/** One transaction as it was signed. */
export interface SignedTransaction {
  readonly hash: Hex;
  /** The bytes to broadcast; they hold the call too. */
  readonly signed: Hex;
  readonly nonce: number;
  /** Wei for each unit of gas at most. */
  readonly maxFeePerGas: bigint;
  /** Clock milliseconds. */
  readonly signedAt: number;
  /** The newest block then. */
  readonly signedAtBlock: bigint;
}

/** What became of a call that was to be sent. */
export interface JournalEntry {
  /** Genesis hash of its chain: another chain may have the same id and the same account. */
  readonly chain: Hex;
  /** What is meant, as the caller names it. */
  readonly id: string;
  readonly from: Address;
  /** The function and who calls it, for messages. */
  readonly what: string;
  /**
   * `open`: signed, perhaps on its way. `mined`: in a block that may be undone. `final`: for good. `refused`: nothing was
   * done, for nobody took it or the contract refused it; the id may be sent anew.
   */
  readonly state: "open" | "mined" | "final" | "refused";
  /** All that was signed for it, oldest first: any of them may be mined, and one at most will be. */
  readonly signed: readonly [SignedTransaction, ...SignedTransaction[]];
  /** Where it was mined. */
  readonly block?: BlockRef | undefined;
  /** Clock milliseconds. */
  readonly changedAt: number;
}

/** The memory of senders. One process at a time writes for an account. */
export interface TransactionJournal {
  find(chain: Hex, id: string): Promise<JournalEntry | undefined>;
  /** What is open or mined, by nonce. */
  unfinished(chain: Hex, from: Address): Promise<JournalEntry[]>;
  /** Writes an entry in the place of the one with its id. It lasts once this resolves. */
  put(entry: JournalEntry): Promise<void>;
  /** Forgets what is final or refused since before a time (clock milliseconds). */
  prune(before: number): Promise<void>;
}

/** For programs that end with what they send, and tests. */
export function createMemoryJournal(initial: Iterable<JournalEntry> = []): TransactionJournal {
  const entries = new Map<string, JournalEntry>();
  for (const entry of initial) entries.set(keyOfEntry(entry), entry);
  return {
    find: async (chain, id) => entries.get(keyOfEntry({ chain, id })),
    unfinished: async (chain, from) =>
      [...entries.values()]
        .filter((each) => each.chain === chain && each.from === from && !isFinished(each))
        .sort((a, b) => currentOf(a).nonce - currentOf(b).nonce),
    async put(entry) {
      entries.set(keyOfEntry(entry), entry);
    },
    async prune(before) {
      for (const [key, entry] of entries)
        if (isFinished(entry) && entry.changedAt < before) entries.delete(key);
    },
  };
}

export function keyOfEntry({ chain, id }: Pick<JournalEntry, "chain" | "id">): string {
  return `${chain} ${id}`;
}

/** What was signed last, and is broadcast again. */
export function currentOf({ signed }: JournalEntry): SignedTransaction {
  return signed.at(-1) ?? signed[0];
}

export function isFinished({ state }: JournalEntry): boolean {
  return state === "final" || state === "refused";
}
