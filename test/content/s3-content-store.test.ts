import { afterAll, beforeAll, expect, it } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { createS3Client, type S3ClientOptions, xmlTexts } from "#src/content/s3-client.ts";
import { createS3ContentStore } from "#src/content/s3-content-store.ts";
import { collect } from "./collect.ts";
import { describeContentStore } from "./content-store.conformance.ts";
import { startS3Server } from "./s3-server.ts";

let server: Awaited<ReturnType<typeof startS3Server>>;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.stop());

let count = 0;
const fresh = () => `case-${++count}/`;
const clientWith = (options: Partial<S3ClientOptions> = {}) =>
  createS3Client({ ...server.options, ...options });

describeContentStore("S3 store", (maxBytes) =>
  // Small parts, so that streams of some megabytes take several.
  createS3ContentStore({ client: clientWith() }, { prefix: fresh(), maxBytes, partBytes: 1_000_000 }),
);

async function keysUnder(prefix: string): Promise<string[]> {
  const xml = await clientWith().sendForXml({ method: "GET", query: { prefix } });
  return xmlTexts(xml, "Key");
}

it("leaves no draft behind, whatever becomes of a large upload", async () => {
  const prefix = fresh();
  const store = await createS3ContentStore({ client: clientWith() }, { prefix, partBytes: 100_000 });
  const bytes = new Uint8Array(350_000).fill(3);
  const address = contentAddressOf(bytes);
  await expect(store.put(bytes, { expected: contentAddressOf(new Uint8Array(1)) })).rejects.toMatchObject({
    code: "HANSE_CONTENT_HASH_MISMATCH",
  });
  async function* breaking() {
    yield bytes;
    throw new Error("hung up");
  }
  await expect(store.put(breaking())).rejects.toThrow("hung up");
  expect(await keysUnder(prefix)).toEqual([]);
  expect(await store.put(bytes, { expected: address })).toEqual({ address, size: 350_000 });
  expect(await keysUnder(prefix)).toEqual([`${prefix}content/${address.slice(2)}`]);
});

it("notices an object that was changed, and heals when it is put again", async () => {
  const prefix = fresh();
  const store = await createS3ContentStore({ client: clientWith() }, { prefix });
  const bytes = new Uint8Array(2_000_000).fill(7);
  const { address } = await store.put(bytes);
  const changed = bytes.slice();
  changed[1_999_999] = 8;
  await clientWith().send({ method: "PUT", key: `${prefix}content/${address.slice(2)}`, body: changed });
  await expect(store.read(address)).rejects.toMatchObject({ code: "HANSE_CONTENT_HASH_MISMATCH" });
  const range = { start: 1_999_990, end: 1_999_999 };
  await expect(collect((await store.open(address, { range })).stream)).rejects.toMatchObject({
    code: "HANSE_CONTENT_HASH_MISMATCH",
  });
  await store.put(bytes);
  expect(await collect((await store.open(address, { range })).stream)).toEqual([
    Buffer.from(bytes.subarray(0, 10)),
  ]);
});

it("refuses another key than the server knows, for good, and tells callers no place", async () => {
  const creation = createS3ContentStore({ client: clientWith({ secretAccessKey: "not-the-secret" }) });
  const error = await creation.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "HANSE_CONTENT_BACKEND_FAILED", retryable: false });
  expect(JSON.stringify(error)).not.toMatch(/127\.0\.0\.1|contents|not-the-secret/);
  expect(String((error as Error).cause)).not.toContain("not-the-secret");
});

it("tries again what may succeed later, and no more often than told", async () => {
  let tries = 0;
  const failing = clientWith({
    retries: 2,
    fetch: async (url, init) => {
      tries++;
      if (tries < 3) return new Response("<Error><Code>SlowDown</Code></Error>", { status: 503 });
      return fetch(url, init);
    },
  });
  const prefix = fresh();
  const store = await createS3ContentStore({ client: failing }, { prefix });
  expect(tries).toBe(3);
  expect(await store.has(contentAddressOf(new Uint8Array(1)))).toBe(false);
  const gone = clientWith({
    retries: 1,
    fetch: async () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } })),
  });
  await expect(createS3ContentStore({ client: gone })).rejects.toMatchObject({
    code: "HANSE_CONTENT_BACKEND_FAILED",
    retryable: true,
  });
});

it("goes on listing where a page ends", async () => {
  const prefix = fresh();
  let pages = 0;
  const paging = clientWith({
    fetch: (url, init) => {
      if (new URL(url).searchParams.has("marker")) pages++;
      return fetch(url, init);
    },
  });
  const store = await createS3ContentStore({ client: paging }, { prefix, pageKeys: 3 });
  const put = [];
  for (let n = 0; n < 7; n++) put.push(await store.put(new Uint8Array([n])));
  pages = 0;
  const listed = await collect(store.list());
  expect(listed.map(({ address }) => address)).toEqual(put.map(({ address }) => address).sort());
  expect(pages).toBe(3);
});
