import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { registerContentService } from "#src/content/content-service.ts";
import { contentBase } from "#src/content/content-url.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { freePort } from "#src/store/free-port.ts";
import { createInputCache, type InputCacheOptions } from "#src/worker/input-cache.ts";
import { startTestServer } from "../http/test-server.ts";

const { signal } = new AbortController();
const bytes = new TextEncoder().encode("a dataset");
const store = createMemoryContentStore();
let server: Awaited<ReturnType<typeof startTestServer>>;
let checksum: `0x${string}`;
let directory: string;
/** Where nobody listens. */
let nowhere: string;

beforeAll(async () => {
  server = await startTestServer((http) => registerContentService(http, { store }));
  nowhere = `http://127.0.0.1:${await freePort()}`;
  checksum = (await store.put(bytes)).address;
});
afterAll(() => server.server.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hanse-inputs-"));
  onTestFinished(() => rm(directory, { recursive: true }));
});

const cacheOf = (options: Partial<InputCacheOptions> = {}) =>
  createInputCache({ directory, sources: [], allowPrivate: true, maxBytes: 1_000, ...options });

describe("inputs", () => {
  it("are refused from private addresses that strangers name, unless that is allowed", async () => {
    const cache = await cacheOf({ allowPrivate: false });
    await expect(cache.path({ checksum, uri: server.url }, signal)).rejects.toMatchObject({
      details: { attempts: [{ code: "HANSE_ADDRESS_FORBIDDEN" }] },
    });
  });

  it("are refused when they are too large or nowhere", async () => {
    const small = await cacheOf({ maxBytes: 4 });
    await expect(small.path({ checksum, uri: server.url }, signal)).rejects.toMatchObject({
      code: "HANSE_CONTENT_TOO_LARGE",
    });
    const cache = await cacheOf({ sources: [nowhere] });
    await expect(cache.path({ checksum, uri: "ipfs://x" }, signal)).rejects.toMatchObject({
      code: "HANSE_CONTENT_NOT_FOUND",
      retryable: true,
    });
  });

  it("come from configured sources, else from where the owner says", async () => {
    for (const [sources, uri] of [
      [[server.url], "ipfs://x"],
      [[nowhere], `${server.url}/v1/content/${checksum}`],
      [[], `${server.url}/`],
    ] as const) {
      await rm(directory, { recursive: true });
      const cache = await cacheOf({ sources });
      expect(new Uint8Array(await readFile(await cache.path({ checksum, uri }, signal)))).toEqual(bytes);
    }
  });

  it("are fetched once, and again when the file was changed", async () => {
    const cache = await cacheOf();
    const path = await cache.path({ checksum, uri: server.url }, signal);
    expect(await cache.path({ checksum, uri: nowhere }, signal)).toBe(path);
    await writeFile(path, "tampered with");
    await expect(cache.path({ checksum, uri: nowhere }, signal)).rejects.toMatchObject({ retryable: true });
    expect(await readFile(await cache.path({ checksum, uri: server.url }, signal), "utf8")).toBe("a dataset");
  });
});

it("an asset's URI names a content service or nothing", () => {
  const address = `0x${"ab".repeat(32)}`;
  expect(contentBase(`https://a.example/x/v1/content/${address}`)).toBe("https://a.example/x");
  expect(contentBase("http://a.example/")).toBe("http://a.example");
  for (const uri of ["", "ipfs://x", "file:///etc/passwd"]) expect(contentBase(uri)).toBeUndefined();
});
