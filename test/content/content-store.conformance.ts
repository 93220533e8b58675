import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import type { ContentStore } from "#src/content/content-store.ts";
import { collect } from "./collect.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const absent = `0x${"0".repeat(64)}` as const;

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** What every content store owes. `create` gives an empty one whose limit is `maxBytes`. */
export function describeContentStore(
  name: string,
  create: (maxBytes: number) => Promise<ContentStore>,
): void {
  describe(`${name} refuses`, () => {
    it("to find what it does not have", async () => {
      const store = await create(100);
      expect(await store.has(absent)).toBe(false);
      expect(await store.stat(absent)).toBeUndefined();
      await expect(store.open(absent)).rejects.toMatchObject({ code: "HANSE_CONTENT_NOT_FOUND" });
      await expect(store.read(absent)).rejects.toMatchObject({ code: "HANSE_CONTENT_NOT_FOUND" });
    });

    it("one byte too many, also in a stream without end, and keeps nothing of it", async () => {
      const store = await create(10);
      const address = contentAddressOf(bytesOf("12345678901"));
      await expect(store.put(bytesOf("12345678901"))).rejects.toMatchObject({
        code: "HANSE_CONTENT_TOO_LARGE",
      });
      async function* endless() {
        for (;;) yield bytesOf("x");
      }
      await expect(store.put(endless())).rejects.toMatchObject({ code: "HANSE_CONTENT_TOO_LARGE" });
      expect(await store.has(address)).toBe(false);
      expect((await store.put(bytesOf("1234567890"))).size).toBe(10);
    });

    it("bytes that are not what they are said to be, and keeps nothing of them", async () => {
      const store = await create(100);
      await expect(
        store.put(bytesOf("false"), { expected: contentAddressOf(bytesOf("true")) }),
      ).rejects.toMatchObject({
        code: "HANSE_CONTENT_HASH_MISMATCH",
      });
      expect(await store.has(contentAddressOf(bytesOf("true")))).toBe(false);
      expect(await store.has(contentAddressOf(bytesOf("false")))).toBe(false);
    });

    it("a stream that breaks, with its own error, and keeps nothing of it", async () => {
      const store = await create(100);
      async function* breaking() {
        yield bytesOf("whole");
        throw new Error("hung up");
      }
      await expect(store.put(breaking())).rejects.toThrow("hung up");
      expect(await store.has(contentAddressOf(bytesOf("whole")))).toBe(false);
    });

    it("to read more than the reader can take", async () => {
      const store = await create(100);
      const { address } = await store.put(bytesOf("four"));
      await expect(store.read(address, { maxBytes: 3 })).rejects.toMatchObject({
        code: "HANSE_CONTENT_TOO_LARGE",
      });
      expect(await store.read(address, { maxBytes: 4 })).toEqual(bytesOf("four"));
    });

    it("a range that is not within the content, also of what is empty or not there", async () => {
      const store = await create(100);
      const { address } = await store.put(bytesOf("four"));
      const empty = await store.put(new Uint8Array());
      for (const [start, end] of [
        [0, 4],
        [4, 4],
        [2, 1],
        [-1, 2],
      ] as const) {
        await expect(store.open(address, { range: { start, end } })).rejects.toMatchObject({
          code: "HANSE_RANGE_UNSATISFIABLE",
          details: { size: 4 },
        });
      }
      const range = { start: 0, end: 0 };
      await expect(store.open(empty.address, { range })).rejects.toMatchObject({
        code: "HANSE_RANGE_UNSATISFIABLE",
      });
      await expect(store.open(absent, { range })).rejects.toMatchObject({ code: "HANSE_CONTENT_NOT_FOUND" });
    });

    it("what is not admitted, with the refusal's own error, and keeps nothing of it", async () => {
      const store = await create(100);
      const address = contentAddressOf(bytesOf("unwanted"));
      const asked: unknown[] = [];
      const admit = async (info: unknown) => {
        asked.push([info, await store.has(address)]);
        throw new Error("no room");
      };
      await expect(store.put(bytesOf("unwanted"), { admit })).rejects.toThrow("no room");
      expect(asked, "asked while nobody could see it").toEqual([[{ address, size: 8 }, false]]);
      expect(await store.has(address)).toBe(false);
      await expect(store.put(bytesOf("other"), { admit, expected: address })).rejects.toMatchObject({
        code: "HANSE_CONTENT_HASH_MISMATCH",
      });
      expect(asked, "not asked about wrong bytes").toHaveLength(1);
    });
  });

  describe(name, () => {
    it("gives back any bytes, however they were cut, under their sha-256", async () => {
      const store = await create(1_000_000);
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 5_000 }),
          fc.integer({ min: 1, max: 2_000 }),
          async (bytes, size) => {
            const whole = await store.put(bytes);
            const pieces = await store.put(inPieces(bytes, size), { expected: whole.address });
            expect(pieces).toEqual({
              address: `0x${createHash("sha256").update(bytes).digest("hex")}`,
              size: bytes.length,
            });
            expect(await store.read(whole.address)).toEqual(new Uint8Array(bytes));
            expect(await store.stat(whole.address)).toEqual(whole);
          },
        ),
        { numRuns: 30 },
      );
    });

    it("keeps its own copy", async () => {
      const store = await create(100);
      const bytes = bytesOf("mine");
      const { address } = await store.put(bytes);
      bytes.fill(0);
      const read = await store.read(address);
      expect(read).toEqual(bytesOf("mine"));
      read.fill(0);
      expect(await store.read(address)).toEqual(bytesOf("mine"));
    });

    it("takes the same content many times at once", async () => {
      const store = await create(100);
      const infos = await Promise.all(Array.from({ length: 10 }, () => store.put(bytesOf("same"))));
      expect(new Set(infos.map(({ address }) => address)).size).toBe(1);
      expect(await store.read(contentAddressOf(bytesOf("same")))).toEqual(bytesOf("same"));
    });

    it("streams large content", async () => {
      const store = await create(3_000_000);
      const large = new Uint8Array(2_500_000).map((_, index) => index % 251);
      const { address } = await store.put(inPieces(large, 70_000));
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await store.open(address)).stream) chunks.push(chunk);
      expect(contentAddressOf(Buffer.concat(chunks))).toBe(address);
    });

    it("gives any range of content of several chunks, and of small content", async () => {
      const store = await create(3_000_000);
      const large = new Uint8Array(2_500_000).map((_, index) => (index * 7) % 251);
      const small = bytesOf("0123456789");
      for (const bytes of [large, small]) {
        const { address } = await store.put(bytes);
        const last = bytes.length - 1;
        const position = fc.oneof(
          fc.integer({ min: 0, max: last }),
          fc.constantFrom(0, 1_048_575, 1_048_576, 2_097_151, 2_097_152, last).filter((at) => at <= last),
        );
        await fc.assert(
          fc.asyncProperty(position, position, async (one, other) => {
            const range = { start: Math.min(one, other), end: Math.max(one, other) };
            const reading = await store.open(address, { range });
            expect(reading.size).toBe(bytes.length);
            const got = Buffer.concat(await collect(reading.stream));
            expect(got.equals(bytes.subarray(range.start, range.end + 1))).toBe(true);
          }),
          { numRuns: 20 },
        );
      }
    });

    it("lists what is here, and forgets what was removed", async () => {
      const store = await create(2_000_000);
      const before = Date.now();
      const kept = await store.put(new Uint8Array(1_500_000).fill(1));
      const gone = await store.put(new Uint8Array(1_500_000).fill(2));
      const listed = await collect(store.list());
      expect(listed.map(({ address }) => address).sort()).toEqual([kept.address, gone.address].sort());
      for (const { size, storedAt } of listed) {
        expect(size).toBe(1_500_000);
        // File systems and servers round to a second.
        expect(storedAt).toBeGreaterThan(before - 2_000);
        expect(storedAt).toBeLessThan(Date.now() + 2_000);
      }
      await store.remove(gone.address);
      await store.remove(gone.address);
      expect(await store.has(gone.address)).toBe(false);
      expect(await collect(store.list())).toEqual([expect.objectContaining(kept)]);
      expect(await store.read(kept.address)).toHaveLength(1_500_000);
    });
  });
}
