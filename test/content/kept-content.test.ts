import { appendFile, mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { createFileClaimJournal } from "#src/content/file-claim-journal.ts";
import { createFileContentStore } from "#src/content/file-content-store.ts";
import { createKeptContent, type KeptContentOptions } from "#src/content/kept-content.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";

const root = await mkdtemp(join(tmpdir(), "hanse-kept-"));
let count = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

const DAY = 86_400_000;
const alice = { name: "alice", quotaBytes: 1_000 };
const bob = { name: "bob" };
const filled = (size: number, value: number) => new Uint8Array(size).fill(value);
async function* inPieces(bytes: Uint8Array, size: number) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function fixture(options: KeptContentOptions = {}, directory = join(root, String(++count))) {
  const clock = createManualClock(Date.now());
  const store = await createFileContentStore({ directory });
  const journalPath = join(directory, "claims.jsonl");
  const open = async () =>
    createKeptContent({ store, journal: createFileClaimJournal(journalPath), clock }, options);
  return { clock, store, journalPath, open, kept: await open() };
}

describe("refuses", () => {
  it("what exceeds an uploader's quota, announced or not, and promises the same room only once", async () => {
    const { kept, store } = await fixture();
    const quota = { code: "HANSE_CONTENT_QUOTA_EXCEEDED", details: { uploader: "alice", quotaBytes: 1_000 } };
    await expect(kept.put(alice, filled(1_001, 1))).rejects.toMatchObject(quota);
    await expect(kept.put(alice, inPieces(filled(5_000, 1), 100))).rejects.toMatchObject(quota);
    await expect(kept.put(alice, filled(1, 1), { announcedBytes: 1_001 })).rejects.toMatchObject(quota);
    expect(kept.usage(alice)).toEqual({ claimedBytes: 0, reservedBytes: 0 });
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map((value) => kept.put(alice, inPieces(filled(300, value), 7))),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(3);
    const { claimedBytes, reservedBytes } = kept.usage(alice);
    expect([claimedBytes % 300, claimedBytes <= 900, reservedBytes]).toEqual([0, true, 0]);
    let sum = 0;
    for await (const { size } of store.list()) sum += size;
    expect(sum).toBe(claimedBytes);
    await kept.put(bob, filled(5_000, 9));
  });

  it("what exceeds the whole quota, and removes nothing where that would not suffice", async () => {
    const { kept, clock } = await fixture({ quotaBytes: 1_000, retentionMs: DAY });
    const first = await kept.put(bob, filled(400, 1));
    await clock.advance(DAY + 1);
    await kept.put(bob, filled(400, 2));
    await expect(kept.put(bob, filled(700, 3))).rejects.toMatchObject({
      code: "HANSE_CONTENT_STORE_FULL",
      retryable: true,
      details: { quotaBytes: 1_000, storedBytes: 800 },
    });
    expect(await kept.stat(first.address)).toBeDefined();
    const room = await kept.reserve(bob, 200);
    await expect(kept.put(bob, filled(601, 3)), "what is reserved is taken").rejects.toMatchObject({
      code: "HANSE_CONTENT_STORE_FULL",
    });
    room.release();
    room.release();
    await kept.put(bob, filled(600, 3));
    expect(await kept.stat(first.address)).toBeUndefined();
    expect(kept.totals()).toEqual({ storedBytes: 1_000, reservedBytes: 0 });
  });

  it("to claim what is not here, or what the claimer's quota does not hold", async () => {
    const { kept } = await fixture();
    const missing = contentAddressOf(filled(1, 1));
    await expect(kept.claim(alice, missing, { pinned: true })).rejects.toMatchObject({
      code: "HANSE_CONTENT_NOT_FOUND",
    });
    const { address } = await kept.put(bob, filled(1_001, 1));
    await expect(kept.claim(alice, address)).rejects.toMatchObject({ code: "HANSE_CONTENT_QUOTA_EXCEEDED" });
    expect(kept.claimsOf(alice)).toEqual([]);
  });
});

describe("keeps", () => {
  it("content for its time, longer when it is touched or uploaded again, and for ever while it is pinned", async () => {
    const { kept, clock } = await fixture({ retentionMs: 10 * DAY });
    const [plain, touched, again, pinned, shared] = await Promise.all(
      [1, 2, 3, 4, 5].map((value) => kept.put(alice, filled(10, value))),
    );
    if (!plain || !touched || !again || !pinned || !shared) throw new Error("nothing was put");
    await kept.claim(alice, pinned.address, { pinned: true });
    await clock.advance(9 * DAY);
    await kept.claim(alice, touched.address);
    await kept.put(alice, filled(10, 3), { expected: again.address });
    await kept.claim(bob, shared.address);
    expect(await kept.sweep(), "nothing before its time").toEqual([]);
    await clock.advance(2 * DAY);
    expect((await kept.sweep()).map(({ address }) => address)).toEqual([plain.address]);
    await clock.advance(50 * DAY);
    expect((await kept.sweep()).length).toBe(3);
    expect(await kept.stat(pinned.address)).toBeDefined();
    await kept.claim(alice, pinned.address, { pinned: false });
    await clock.advance(10 * DAY);
    expect((await kept.sweep()).map(({ address }) => address)).toEqual([pinned.address]);
    expect(kept.totals().storedBytes).toBe(0);
    expect(kept.usage(alice).claimedBytes).toBe(0);
  });

  it("what is being read and what is being put again, while the sweeper passes", async () => {
    const { kept, clock, store } = await fixture({ retentionMs: DAY });
    const bytes = filled(900_000, 1);
    const { address } = await kept.put(bob, bytes);
    await clock.advance(2 * DAY);
    const { stream } = await kept.open(address);
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    expect(await kept.sweep()).toEqual([]);
    await reader.return?.();
    const unread = await kept.open(address);
    expect(await kept.sweep(), "opened, not yet read").toEqual([]);
    await unread.stream[Symbol.asyncIterator]().return?.();

    const { promise: more, resolve: sendMore } = Promise.withResolvers<void>();
    async function* slowly() {
      yield bytes.subarray(0, 1_000);
      await more;
      yield bytes.subarray(1_000);
    }
    const putting = kept.put(bob, slowly(), { expected: address });
    expect(await kept.sweep()).toEqual([]);
    sendMore();
    await putting;
    expect(await store.has(address)).toBe(true);
    await clock.advance(2 * DAY);
    expect((await kept.sweep()).length, "nobody holds it any more").toBe(1);
  });

  it("what was acknowledged, however puts, reads and sweeps fall together", async () => {
    const { kept, clock, store } = await fixture({ retentionMs: 1 });
    const bytes = filled(100, 1);
    for (let round = 0; round < 50; round++) {
      const [info] = await Promise.all([
        kept.put(bob, inPieces(bytes, 30)),
        kept.sweep(),
        clock.advance(1).then(() => kept.sweep()),
      ]);
      // Swept after its time, or here: never counted and gone.
      expect(await store.has(info.address)).toBe(kept.totals().storedBytes > 0);
      await clock.advance(2);
      await Promise.all([
        kept.sweep(),
        kept.open(info.address).then(
          async ({ stream }) => {
            for await (const chunk of stream) expect(chunk).toHaveLength(100);
          },
          (error: unknown) => expect(error).toMatchObject({ code: "HANSE_CONTENT_NOT_FOUND" }),
        ),
      ]);
    }
  });

  it("each uploader's account of content that several claim, and drops only what is over for room", async () => {
    const { kept, clock } = await fixture({ retentionMs: DAY });
    const { address } = await kept.put(alice, filled(600, 1));
    await kept.put(bob, filled(600, 1));
    expect([kept.usage(alice), kept.usage(bob), kept.totals()]).toMatchObject([
      { claimedBytes: 600 },
      { claimedBytes: 600 },
      { storedBytes: 600 },
    ]);
    await clock.advance(DAY);
    await kept.claim(bob, address);
    await kept.put(alice, filled(700, 2));
    expect(kept.usage(alice).claimedBytes).toBe(700);
    expect(await kept.stat(address), "bob's claim stands").toBeDefined();
    expect(await kept.sweep()).toEqual([]);
  });

  it("its accounts over a restart, also with a line that was cut off, and counts what nobody claimed", async () => {
    const { kept, store, open, journalPath, clock } = await fixture({ retentionMs: DAY });
    const one = await kept.put(alice, filled(100, 1));
    const two = await kept.put(alice, filled(200, 2));
    const gone = await kept.put(alice, filled(50, 4));
    await kept.claim(alice, two.address, { pinned: true });
    const stray = await store.put(filled(300, 3));
    await store.remove(gone.address);
    await appendFile(journalPath, `{"type":"claimed","address":"${stray.address}","uploa`);
    const again = await open();
    expect(again.usage(alice).claimedBytes).toBe(300);
    expect(again.totals().storedBytes).toBe(600);
    expect(again.claimsOf(alice).find(({ pinned }) => pinned)).toMatchObject({ ...two, keptUntil: null });
    await clock.advance(2 * DAY);
    expect((await again.sweep()).map(({ address }) => address).sort()).toEqual(
      [one.address, stray.address].sort(),
    );
    await truncate(journalPath, 0);
    expect((await open()).claimsOf(alice)).toEqual([]);
  });
});

it("keeps the journal short, and loses nothing by that", async () => {
  const path = join(root, "journal", "claims.jsonl");
  const journal = createFileClaimJournal(path, { slack: 10 });
  await journal.load();
  const claim = { address: contentAddressOf(filled(1, 1)), uploader: "alice", pinned: true } as const;
  await Promise.all(
    Array.from({ length: 100 }, (_, touchedAt) => journal.append([{ type: "claimed", ...claim, touchedAt }])),
  );
  expect((await readFile(path, "utf8")).trim().split("\n").length).toBeLessThan(20);
  expect(await createFileClaimJournal(path).load()).toEqual([{ ...claim, touchedAt: 99 }]);
});
