import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type ContentAddress, contentAddressOf } from "#src/content/content-address.ts";
import { createFileContentStore } from "#src/content/file-content-store.ts";
import { collect } from "./collect.ts";
import { describeContentStore } from "./content-store.conformance.ts";

const root = await mkdtemp(join(tmpdir(), "hanse-content-"));
let count = 0;
const fresh = () => join(root, String(++count));
afterAll(() => rm(root, { recursive: true, force: true }));

describeContentStore("file store", (maxBytes) => createFileContentStore({ directory: fresh(), maxBytes }));

const pathOf = (directory: string, address: ContentAddress) =>
  join(directory, address.slice(2, 4), address.slice(4, 6), address.slice(2));

it("notices a file that was changed or cut, never gives out its last chunk, and heals when it is put again", async () => {
  const directory = fresh();
  const store = await createFileContentStore({ directory });
  const bytes = new Uint8Array(600_000).fill(7);
  const { address } = await store.put(bytes);
  const path = pathOf(directory, address);
  const changed = await readFile(path);
  changed[599_999] = 8;
  for (const damage of [
    () => writeFile(path, changed),
    () => truncate(path, 599_999),
    () => truncate(path, 0),
  ]) {
    await damage();
    await expect(store.read(address)).rejects.toMatchObject({
      code: "HANSE_CONTENT_HASH_MISMATCH",
      details: { expected: address },
    });
    let given = 0;
    const reading = async () => {
      for await (const chunk of (await store.open(address)).stream) given += chunk.byteLength;
    };
    await expect(reading()).rejects.toMatchObject({ code: "HANSE_CONTENT_HASH_MISMATCH" });
    expect(given).toBeLessThan((await stat(path)).size || 1);
    await store.put(bytes);
    expect(await store.read(address)).toEqual(bytes);
  }
});

it("notices a changed byte in a range, gives the chunks that are whole, and makes a lost or damaged list again", async () => {
  const directory = fresh();
  const store = await createFileContentStore({ directory });
  const bytes = new Uint8Array(3_000_000).map((_, index) => index % 199);
  const { address } = await store.put(bytes);
  const path = pathOf(directory, address);
  const list = await readFile(`${path}.chunks`);
  const reading = async (start: number, end: number) =>
    Buffer.concat(await collect((await store.open(address, { range: { start, end } })).stream));

  for (const damage of [
    () => rm(`${path}.chunks`),
    () => truncate(`${path}.chunks`, 40),
    () => writeFile(`${path}.chunks`, Buffer.from(list).fill(0, 0, 1)),
  ]) {
    await damage();
    expect((await reading(1_500_000, 1_500_009)).equals(bytes.subarray(1_500_000, 1_500_010))).toBe(true);
    expect((await readFile(`${path}.chunks`)).equals(list)).toBe(true);
  }

  const changed = Buffer.from(bytes);
  changed[1_048_576] = 250;
  await writeFile(path, changed);
  await expect(reading(2_000_000, 2_000_001)).rejects.toMatchObject({ code: "HANSE_CONTENT_HASH_MISMATCH" });
  expect((await reading(0, 1_048_575)).equals(bytes.subarray(0, 1_048_576))).toBe(true);
  await rm(`${path}.chunks`);
  await expect(reading(0, 9), "no list is made of damaged content").rejects.toMatchObject({
    code: "HANSE_CONTENT_HASH_MISMATCH",
  });
  await writeFile(path, bytes.subarray(0, 2_999_000));
  await expect(reading(2_998_000, 2_998_999)).rejects.toMatchObject({ code: "HANSE_CONTENT_HASH_MISMATCH" });
  await store.put(bytes);
  expect(await reading(2_999_999, 2_999_999)).toHaveLength(1);
});

it("refuses an address that would leave its directory", async () => {
  const store = await createFileContentStore({ directory: fresh() });
  for (const address of ["0x../../etc/passwd", `0x${"A".repeat(64)}`, "", `0x${"0".repeat(63)}/`]) {
    await expect(store.has(address as ContentAddress)).rejects.toMatchObject({
      code: "HANSE_CONTENT_ADDRESS_INVALID",
    });
  }
});

it("leaves no draft behind, removes those of killed processes, and keeps those being written", async () => {
  const directory = fresh();
  const drafts = join(directory, "drafts");
  await mkdir(drafts, { recursive: true });
  await writeFile(join(drafts, "old"), "x");
  await writeFile(join(drafts, "young"), "x");
  const longAgo = new Date(Date.now() - 48 * 3_600_000);
  await utimes(join(drafts, "old"), longAgo, longAgo);
  const store = await createFileContentStore({ directory, maxBytes: 3 });
  await store.put(new Uint8Array(3));
  await store.put(new Uint8Array(4)).catch(() => undefined);
  expect(await readdir(drafts)).toEqual(["young"]);
});

it("is found again by another process", async () => {
  const directory = fresh();
  const { address } = await (await createFileContentStore({ directory })).put(new Uint8Array([1]));
  expect(await (await createFileContentStore({ directory })).read(address)).toEqual(new Uint8Array([1]));
});

it("says that a disk is full or a directory cannot be written", async () => {
  const file = fresh();
  await writeFile(file, "");
  await expect(createFileContentStore({ directory: join(file, "below") })).rejects.toMatchObject({
    code: "HANSE_DISK_UNWRITABLE",
  });
  // /dev/full is a device on which every write fails with ENOSPC.
  const store = await createFileContentStore({ directory: fresh() });
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
    await writeFile("/dev/full", "x");
  }
  await expect(store.put(failing())).rejects.toMatchObject({ code: "HANSE_DISK_FULL", retryable: true });
  expect(await store.has(contentAddressOf(new Uint8Array(1)))).toBe(false);
});
