import { numberToHex } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TransactionJournal } from "#src/chain/transaction-journal.ts";
import { ALICE, CHAIN, entryOf } from "./journal-entry.ts";

const OTHER_CHAIN = numberToHex(2, { size: 32 });
const BOB = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";

/** What every journal keeps to. `reopen` closes and opens it on the same store, where it has one. */
export function describeJournal(
  name: string,
  open: () => Promise<{
    journal: TransactionJournal;
    reopen?: () => Promise<TransactionJournal>;
    close(): Promise<void>;
  }>,
): void {
  describe(`a ${name} journal`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let journal: TransactionJournal;
    beforeEach(async () => {
      opened = await open();
      journal = opened.journal;
    });
    afterEach(() => opened.close());

    it("knows nothing it was not told", async () => {
      await journal.put(entryOf("a"));
      expect(await journal.find(CHAIN, "b")).toBeUndefined();
      expect(await journal.find(OTHER_CHAIN, "a")).toBeUndefined();
      expect(await journal.unfinished(CHAIN, BOB)).toEqual([]);
      expect(await journal.unfinished(OTHER_CHAIN, ALICE)).toEqual([]);
    });

    it("gives back exactly what it was told, by id", async () => {
      const replaced = entryOf("a", { nonce: 8 }).signed[0];
      const entry = entryOf("a", {
        state: "mined",
        signed: [...entryOf("a").signed, replaced],
        block: { number: 2n ** 60n, hash: numberToHex(9, { size: 32 }) },
      });
      await journal.put(entry);
      await journal.put(entryOf("a", { chain: OTHER_CHAIN, what: "elsewhere" }));
      expect(await journal.find(CHAIN, "a")).toEqual(entry);
    });

    it("replaces an entry whole", async () => {
      await journal.put(
        entryOf("a", { state: "mined", block: { number: 3n, hash: numberToHex(3, { size: 32 }) } }),
      );
      await journal.put(entryOf("a", { nonce: 9 }));
      expect(await journal.find(CHAIN, "a")).toEqual(entryOf("a", { nonce: 9 }));
      expect(await journal.unfinished(CHAIN, ALICE)).toHaveLength(1);
    });

    it("lists what is open or mined of one account, by nonce", async () => {
      await journal.put(entryOf("third", { nonce: 12 }));
      await journal.put(entryOf("second", { nonce: 9, state: "mined" }));
      await journal.put(entryOf("first", { nonce: 2 }));
      await journal.put(entryOf("final", { nonce: 1, state: "final" }));
      await journal.put(entryOf("refused", { nonce: 3, state: "refused" }));
      await journal.put(entryOf("bob's", { from: BOB }));
      expect((await journal.unfinished(CHAIN, ALICE)).map(({ id }) => id)).toEqual([
        "first",
        "second",
        "third",
      ]);
    });

    it("forgets only what ended before a time", async () => {
      const at = (changedAt: number) => ({ changedAt });
      await journal.put(entryOf("old and final", { state: "final", ...at(1_000) }));
      await journal.put(entryOf("old and refused", { state: "refused", ...at(1_000) }));
      await journal.put(entryOf("old and open", at(1_000)));
      await journal.put(entryOf("old and mined", { state: "mined", ...at(1_000) }));
      await journal.put(entryOf("young", { state: "final", ...at(2_000) }));
      await journal.prune(2_000);
      const left = ["old and final", "old and refused", "old and open", "old and mined", "young"];
      const found = await Promise.all(left.map(async (id) => (await journal.find(CHAIN, id))?.id));
      expect(found).toEqual([undefined, undefined, ...left.slice(2)]);
    });

    it("keeps all of many that are written at once", async () => {
      const ids = Array.from({ length: 300 }, (_, index) => `entry ${index}`);
      await Promise.all(ids.map((id, nonce) => journal.put(entryOf(id, { nonce }))));
      const again = opened.reopen === undefined ? journal : await opened.reopen();
      expect((await again.unfinished(CHAIN, ALICE)).map(({ id }) => id)).toEqual(ids);
    });
  });
}
