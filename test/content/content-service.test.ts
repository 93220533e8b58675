import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { registerContentService } from "#src/content/content-service.ts";
import type { ContentStore } from "#src/content/content-store.ts";
import { createFileContentStore } from "#src/content/file-content-store.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { startTestServer } from "../http/test-server.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function serve(
  store: ContentStore = createMemoryContentStore(),
  uploadToken?: string,
): Promise<string> {
  const options = uploadToken === undefined ? {} : { uploadToken };
  const { server, url } = await startTestServer((app) => registerContentService(app, { store }, options));
  stops.push(() => server.close());
  return `${url}/v1/content`;
}

async function upload(
  url: string,
  body: string | Uint8Array | undefined,
  headers: Record<string, string> = {},
) {
  const response = await fetch(url, {
    method: "PUT",
    headers,
    ...(body === undefined ? {} : { body: body as string }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const hello = new TextEncoder().encode("hello");
const address = contentAddressOf(hello);

describe("refuses", () => {
  it("an upload without the token, or with another", async () => {
    const store = createMemoryContentStore();
    const url = await serve(store, "correct-horse");
    for (const authorization of [
      "",
      "Bearer ",
      "Bearer correct-hors",
      "Bearer correct-horse2",
      "Basic correct-horse",
    ]) {
      expect(await upload(url, hello, authorization ? { authorization } : {})).toMatchObject({
        status: 401,
        body: { code: "HANSE_UNAUTHORIZED" },
      });
      expect((await upload(`${url}/${address}`, hello, authorization ? { authorization } : {})).status).toBe(
        401,
      );
    }
    expect(await store.has(address)).toBe(false);
    expect((await upload(url, hello, { authorization: "Bearer correct-horse" })).status).toBe(201);
    expect((await fetch(`${url}/${address}`)).status).toBe(200);
  });

  it("bytes that are not what the address names", async () => {
    const store = createMemoryContentStore();
    const url = await serve(store);
    expect(await upload(`${url}/${address}`, "hallo")).toMatchObject({
      status: 422,
      body: { code: "HANSE_CONTENT_UPLOAD_MISMATCH", details: { expected: address } },
    });
    expect(await store.has(contentAddressOf(new TextEncoder().encode("hallo")))).toBe(false);
  });

  it("too much, and still says so while the sender is sending", async () => {
    const url = await serve(createMemoryContentStore({ maxBytes: 1_000 }));
    expect(await upload(url, new Uint8Array(300_000))).toMatchObject({
      status: 413,
      body: { code: "HANSE_CONTENT_TOO_LARGE" },
    });
    // A sender that only listens when it has sent everything: a socket closed on unread bytes would be reset.
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const size = 8_000_000;
    await new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.write(`PUT /v1/content HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(new Uint8Array(size), resolve);
    });
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("an endless upload: it is told, then cut off", async () => {
    const url = await serve(createMemoryContentStore({ maxBytes: 1_000 }));
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    const closed = once(socket, "close");
    socket.write("PUT /v1/content HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const sending = setInterval(() => socket.write(`400\r\n${"x".repeat(1_024)}\r\n`), 10);
    const [answer] = await once(socket, "data");
    await closed;
    clearInterval(sending);
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("what is no address, and what it does not have", async () => {
    const url = await serve();
    expect((await fetch(`${url}/0x12`)).status).toBe(400);
    expect((await fetch(`${url}/..%2f..%2fetc%2fpasswd`)).status).toBe(400);
    const missing = await fetch(`${url}/${address}`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get("cache-control")).toBe("no-store");
    expect(await missing.json()).toMatchObject({ code: "HANSE_CONTENT_NOT_FOUND", details: { address } });
    expect((await fetch(`${url}/${address}`, { method: "HEAD" })).status).toBe(404);
  });

  it("to serve a file that was damaged on disk, and lets nobody cache the failure", async () => {
    const directory = await mkdtemp(join(tmpdir(), "hanse-content-"));
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const store = await createFileContentStore({ directory });
    const url = await serve(store);
    await store.put(hello);
    await writeFile(join(directory, address.slice(2, 4), address.slice(4, 6), address.slice(2)), "hellO");
    const response = await fetch(`${url}/${address}`);
    expect(response.status).toBe(500);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("etag")).toBeNull();
    expect(await response.json()).toMatchObject({ code: "HANSE_CONTENT_HASH_MISMATCH" });
    const large = new Uint8Array(2_000_000).fill(1);
    const big = (await store.put(large)).address;
    large[1_999_999] = 2;
    await writeFile(join(directory, big.slice(2, 4), big.slice(4, 6), big.slice(2)), large);
    const reading = async () => (await fetch(`${url}/${big}`)).arrayBuffer();
    await expect(reading(), "the answer breaks off").rejects.toThrow();
  });
});

describe("serves", () => {
  it("what was stored, whatever type it was called, also more than a JSON body may hold", async () => {
    const url = await serve();
    const large = new Uint8Array(3_000_000).map((_, index) => index % 241);
    for (const [body, type] of [
      [hello, "application/json"],
      [large, "text/html"],
      [new Uint8Array(), "x/y"],
    ] as const) {
      const stored = await upload(url, body, { "content-type": type });
      expect(stored).toEqual({ status: 201, body: { address: contentAddressOf(body), size: body.length } });
      const response = await fetch(`${url}/${contentAddressOf(body)}`);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(body);
      expect(response.headers.get("content-type")).toBe("application/octet-stream");
    }
    expect((await upload(url, undefined)).body).toMatchObject({ size: 0 });
  });

  it("copies that are good for ever, sizes by HEAD, and nothing to a browser that could run it", async () => {
    const url = await serve();
    await upload(`${url}/${address.toUpperCase().replace("0X", "0x")}`, hello);
    const head = await fetch(`${url}/${address}`, { method: "HEAD" });
    expect(Object.fromEntries(head.headers)).toMatchObject({
      "content-length": "5",
      etag: `"${address}"`,
      "cache-control": "public, max-age=31536000, immutable",
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
    });
    const known = await fetch(`${url}/${address}`, { headers: { "if-none-match": `"${address}"` } });
    expect(known.status).toBe(304);
  });
});
