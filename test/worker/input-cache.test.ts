import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { registerContentService } from "#src/content/content-service.ts";
import { contentBase } from "#src/content/content-url.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { freePort } from "#src/store/free-port.ts";
import {
  createInputCache,
  type Input,
  type InputCache,
  type InputCacheOptions,
} from "#src/worker/input-cache.ts";
import { createWorkerMetrics } from "#src/worker/worker-metrics.ts";
import { startTestServer } from "../http/test-server.ts";
import { silent } from "../store/test-database.ts";

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
  createInputCache(
    {
      logger: silent,
      metrics: createWorkerMetrics(createMetrics({ service: "worker", processMetrics: false })),
    },
    { directory, sources: [], allowPrivate: true, maxBytes: 1_000, cacheBytes: 1_000, ...options },
  );

/** Where an input lies, held for ever. */
const pathIn = async (cache: InputCache, input: Input) => (await cache.hold(input, signal)).path;

describe("inputs", () => {
  it("are refused from private addresses that strangers name, unless that is allowed", async () => {
    const cache = await cacheOf({ allowPrivate: false });
    await expect(pathIn(cache, { checksum, uri: server.url })).rejects.toMatchObject({
      details: { attempts: [{ code: "HANSE_ADDRESS_FORBIDDEN" }] },
    });
  });

  it("come for one task though another's, which wanted the same, was given up", async () => {
    const silence = createServer(() => undefined).listen(0, "127.0.0.1");
    onTestFinished(() => {
      silence.closeAllConnections();
      silence.close();
    });
    await once(silence, "listening");
    const { port } = silence.address() as AddressInfo;
    const cache = await cacheOf();
    const given = new AbortController();
    const first = cache.hold({ checksum, uri: `http://127.0.0.1:${port}` }, given.signal);
    const second = cache.hold({ checksum, uri: server.url }, signal);
    first.catch(() => undefined);
    await once(silence, "request");
    given.abort(new Error("over"));
    await expect(first).rejects.toThrow("over");
    expect(await readFile((await second).path)).toEqual(Buffer.from(bytes));
  });

  it("are refused when they are too large or nowhere", async () => {
    const small = await cacheOf({ maxBytes: 4 });
    await expect(pathIn(small, { checksum, uri: server.url })).rejects.toMatchObject({
      code: "HANSE_CONTENT_TOO_LARGE",
    });
    const cache = await cacheOf({ sources: [nowhere] });
    await expect(pathIn(cache, { checksum, uri: "ipfs://x" })).rejects.toMatchObject({
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
      expect(new Uint8Array(await readFile(await pathIn(cache, { checksum, uri })))).toEqual(bytes);
    }
  });

  it("are fetched once, and again when the file was changed", async () => {
    const cache = await cacheOf();
    const path = await pathIn(cache, { checksum, uri: server.url });
    expect(await pathIn(cache, { checksum, uri: nowhere })).toBe(path);
    await writeFile(path, "tampered with");
    await expect(pathIn(cache, { checksum, uri: nowhere })).rejects.toMatchObject({ retryable: true });
    expect(await readFile(await pathIn(cache, { checksum, uri: server.url }), "utf8")).toBe("a dataset");
  });

  it("are fetched once for all that want them at once", async () => {
    const cache = await cacheOf();
    const before = gets();
    await Promise.all([1, 2, 3].map(() => pathIn(cache, { checksum, uri: server.url })));
    expect(gets()).toBe(before + 1);
  });
});

describe("beyond the limit of the cache", () => {
  /** Three inputs of 9 bytes, into a cache that keeps two. */
  async function three() {
    const cache = await cacheOf({ cacheBytes: 20 });
    const inputs = await Promise.all(
      ["dataset 1", "dataset 2", "dataset 3"].map(async (text) => ({
        checksum: (await store.put(new TextEncoder().encode(text))).address,
        uri: server.url,
      })),
    );
    return { hold: (number: number) => cache.hold(inputs[number - 1] ?? never(), signal), inputs };
  }
  const kept = async () => (await readdir(directory)).length;

  it("what was not used for longest goes, and what is in use stays", async () => {
    const { hold, inputs } = await three();
    const first = await hold(1);
    (await hold(2)).release();
    expect(await kept()).toBe(2);
    (await hold(3)).release();
    expect((await readdir(directory)).toSorted()).toEqual(
      [inputs[0], inputs[2]].map((input) => input?.checksum.slice(2)).toSorted(),
    );
    first.release();
    (await hold(2)).release();
    expect(await readdir(directory)).not.toContain(inputs[0]?.checksum.slice(2));
  });

  it("what is in use may be more", async () => {
    const { hold } = await three();
    const held = [await hold(1), await hold(2), await hold(3)];
    expect(await kept()).toBe(3);
    // Twice is once.
    held[0]?.release();
    held[0]?.release();
    (await hold(2)).release();
    expect(await kept()).toBe(2);
  });
});

function gets(): number {
  return server.log.filter((line) => line.includes('"method":"GET"')).length;
}

function never(): never {
  throw new Error("no such input");
}

it("an asset's URI names a content service or nothing", () => {
  const address = `0x${"ab".repeat(32)}`;
  expect(contentBase(`https://a.example/x/v1/content/${address}`)).toBe("https://a.example/x");
  expect(contentBase("http://a.example/")).toBe("http://a.example");
  for (const uri of ["", "ipfs://x", "file:///etc/passwd"]) expect(contentBase(uri)).toBeUndefined();
});
