import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { type ContentUploadsOptions, createContentUploads } from "#src/content/content-uploads.ts";
import { createKeptContent, type KeptContentOptions } from "#src/content/kept-content.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";

const root = await mkdtemp(join(tmpdir(), "hanse-uploads-"));
let count = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

const alice = { name: "alice" };
const bob = { name: "bob" };
const bytes = new Uint8Array(1_000).map((_, index) => index % 251);
const address = contentAddressOf(bytes);
async function* of(...pieces: Uint8Array[]) {
  yield* pieces;
}
async function* breaking(...pieces: Uint8Array[]) {
  yield* pieces;
  throw new Error("hung up");
}

async function fixture(options: Partial<ContentUploadsOptions & KeptContentOptions> = {}) {
  const clock = createManualClock(Date.now());
  const kept = await createKeptContent({ store: createMemoryContentStore(), clock }, options);
  const directory = join(root, String(++count));
  const open = () => createContentUploads({ kept, clock }, { directory, ...options });
  return { clock, kept, directory, open, uploads: await open() };
}

describe("refuses", () => {
  it("another offset than its own, telling it", async () => {
    const { uploads } = await fixture();
    const { id } = await uploads.create(alice, { size: 1_000 });
    await uploads.append(alice, id, 0, of(bytes.subarray(0, 400)));
    for (const offset of [0, 399, 401, 1_000]) {
      await expect(uploads.append(alice, id, offset, of(bytes))).rejects.toMatchObject({
        code: "HANSE_UPLOAD_OFFSET_MISMATCH",
        details: { offset: 400 },
      });
    }
  });

  it("a second writer while one is writing, who goes on unharmed", async () => {
    const { uploads, kept } = await fixture();
    const { id } = await uploads.create(alice, { size: 1_000, address });
    const { promise: more, resolve } = Promise.withResolvers<void>();
    async function* slowly() {
      yield bytes.subarray(0, 500);
      await more;
      yield bytes.subarray(500);
    }
    const first = uploads.append(alice, id, 0, slowly());
    await expect(uploads.append(alice, id, 0, of(bytes))).rejects.toMatchObject({
      code: "HANSE_UPLOAD_BUSY",
      retryable: true,
    });
    await expect(uploads.remove(alice, id)).rejects.toMatchObject({ code: "HANSE_UPLOAD_BUSY" });
    resolve();
    expect(await first).toEqual({ offset: 1_000, stored: { address, size: 1_000 } });
    expect(await kept.stat(address)).toBeDefined();
  });

  it("to remove one that is being stored", async () => {
    const { uploads, kept } = await fixture();
    const { id } = await uploads.create(alice, { size: 1_000, address });
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { put } = kept;
    kept.put = async (...all) => {
      begun.resolve();
      await goOn.promise;
      return await put(...all);
    };
    const storing = uploads.append(alice, id, 0, of(bytes));
    await begun.promise;
    await expect(uploads.remove(alice, id)).rejects.toMatchObject({ code: "HANSE_UPLOAD_BUSY" });
    goOn.resolve();
    expect(await storing).toMatchObject({ stored: { address } });
  });

  it("another's upload, an unknown one, tricks with paths, and one that is over", async () => {
    const { uploads, clock, directory } = await fixture({ expiryMs: 1_000 });
    const { id } = await uploads.create(alice, { size: 10 });
    const unknown = { code: "HANSE_UPLOAD_UNKNOWN" };
    for (const other of ["", "..", "../x", `${id}/`, `${id}/../${id}`, id.toUpperCase(), "x".repeat(5_000)]) {
      expect(() => uploads.find(alice, other)).toThrow(expect.objectContaining(unknown));
      await expect(uploads.append(alice, other, 0, of())).rejects.toMatchObject(unknown);
      await expect(uploads.remove(alice, other)).rejects.toMatchObject(unknown);
    }
    expect(() => uploads.find(bob, id)).toThrow(expect.objectContaining(unknown));
    await clock.advance(1_000);
    await expect(uploads.append(alice, id, 0, of())).rejects.toMatchObject(unknown);
    expect(await uploads.sweep()).toBe(1);
    expect(await readdir(directory)).toEqual([]);
  });

  it("more bytes than were announced, and what no store may hold", async () => {
    const { uploads } = await fixture({ maxBytes: 2_000 });
    await expect(uploads.create(alice, { size: 2_001 })).rejects.toMatchObject({
      code: "HANSE_CONTENT_TOO_LARGE",
    });
    const { id } = await uploads.create(alice, { size: 999 });
    await expect(
      uploads.append(alice, id, 0, of(bytes.subarray(0, 600), bytes.subarray(600))),
    ).rejects.toMatchObject({ code: "HANSE_CONTENT_TOO_LARGE" });
    expect(uploads.find(alice, id).offset, "what belonged there stays").toBe(600);
  });

  it("wrong bytes at the end, and forgets them", async () => {
    const { uploads, kept, directory } = await fixture();
    const { id } = await uploads.create(alice, { size: 1_000, address });
    await expect(uploads.append(alice, id, 0, of(new Uint8Array(1_000)))).rejects.toMatchObject({
      code: "HANSE_CONTENT_HASH_MISMATCH",
    });
    expect(() => uploads.find(alice, id)).toThrow(expect.objectContaining({ code: "HANSE_UPLOAD_UNKNOWN" }));
    expect(await readdir(directory)).toEqual([]);
    expect(kept.totals()).toEqual({ storedBytes: 0, reservedBytes: 0 });
  });

  it("to promise more room than there is, or more uploads than are allowed", async () => {
    const { uploads, kept } = await fixture({ quotaBytes: 1_000, maxOpen: 2 });
    const first = await uploads.create(alice, { size: 600 });
    await expect(uploads.create(alice, { size: 600 })).rejects.toMatchObject({
      code: "HANSE_CONTENT_STORE_FULL",
    });
    await uploads.create(alice, { size: 1 });
    await expect(uploads.create(alice, { size: 1 })).rejects.toMatchObject({ code: "HANSE_RATE_LIMITED" });
    await uploads.create(bob, { size: 1 });
    await uploads.remove(alice, first.id);
    expect(kept.totals().reservedBytes).toBe(2);
  });
});

describe("goes on", () => {
  it("where the last byte came through, after a sender hung up", async () => {
    const { uploads } = await fixture();
    const { id } = await uploads.create(alice, { size: 1_000, address });
    await expect(uploads.append(alice, id, 0, breaking(bytes.subarray(0, 123)))).rejects.toThrow("hung up");
    expect(uploads.find(alice, id).offset).toBe(123);
    expect(await uploads.append(alice, id, 123, of(bytes.subarray(123)))).toMatchObject({
      stored: { address },
    });
  });

  it("after a restart at what is known to be synced, whatever else is in the folder", async () => {
    const { uploads, open, directory, kept } = await fixture();
    const { id } = await uploads.create(alice, { size: 1_000, address });
    await uploads.append(alice, id, 0, of(bytes.subarray(0, 300)));
    // Written but not synced when the power went, and folders that were never complete.
    await writeFile(join(directory, id, "data"), Buffer.concat([bytes.subarray(0, 300), Buffer.alloc(50)]));
    await mkdir(join(directory, "half-made"));
    await symlink("/etc", join(directory, "elsewhere"));
    const again = await open();
    expect(again.find(alice, id)).toMatchObject({ offset: 300, size: 1_000 });
    expect(await readdir(directory)).toEqual([id]);
    expect(await again.append(alice, id, 300, of(bytes.subarray(300)))).toMatchObject({
      stored: { address },
    });
    expect(await kept.stat(address)).toBeDefined();

    const other = await again.create(alice, { size: 1_000, address });
    await again.append(alice, other.id, 0, of(bytes.subarray(0, 300)));
    await truncate(join(directory, other.id, "data"), 200);
    expect((await open()).find(alice, other.id).offset, "what is gone is asked for again").toBe(200);
  });

  it("with nothing to send where all was here but not stored, and stores it once for all who ask", async () => {
    const { uploads, open, kept } = await fixture();
    const { id } = await uploads.create(alice, { size: 1_000 });
    const { promise: later, resolve } = Promise.withResolvers<void>();
    const put = kept.put;
    let puts = 0;
    Object.assign(kept, {
      put: async (...args: Parameters<typeof put>) => {
        // A device on which every write fails with ENOSPC.
        if (++puts === 1) await writeFile("/dev/full", "x");
        await later;
        return put(...args);
      },
    });
    await expect(uploads.append(alice, id, 0, of(bytes))).rejects.toMatchObject({ code: "HANSE_DISK_FULL" });
    const again = await open();
    const first = again.append(alice, id, 1_000, of());
    while (puts < 2) await new Promise((done) => setTimeout(done, 5));
    const second = again.append(alice, id, 1_000, of());
    await expect(again.append(alice, id, 999, of())).rejects.toMatchObject({
      code: "HANSE_UPLOAD_OFFSET_MISMATCH",
    });
    resolve();
    const stored = { address, size: 1_000 };
    expect(await Promise.all([first, second])).toEqual([
      { offset: 1_000, stored },
      { offset: 1_000, stored },
    ]);
    expect(puts).toBe(2);
  });
});
