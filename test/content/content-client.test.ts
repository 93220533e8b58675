import { createServer, type RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { fetchContent, putContent } from "#src/content/content-client.ts";
import { registerContentService } from "#src/content/content-service.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { startTestServer } from "../http/test-server.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function service(...contents: Uint8Array[]) {
  const store = createMemoryContentStore();
  for (const bytes of contents) await store.put(bytes);
  const { server, url } = await startTestServer((app) =>
    registerContentService(app, { store }, { uploadToken: "token" }),
  );
  stops.push(() => server.close());
  return { url, store };
}

async function fake(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function unreachable(): Promise<string> {
  const url = await fake(() => undefined);
  stops.pop()?.();
  return url;
}

const bytes = new TextEncoder().encode("a dataset");
const address = contentAddressOf(bytes);

describe("refuses", () => {
  it("content nobody has: final when all were asked, retryable when one could not be", async () => {
    const { url } = await service();
    await expect(fetchContent(address, { sources: [url] })).rejects.toMatchObject({
      code: "HANSE_CONTENT_NOT_FOUND",
      retryable: false,
    });
    const down = await unreachable();
    await expect(fetchContent(address, { sources: [url, down] })).rejects.toMatchObject({
      code: "HANSE_CONTENT_NOT_FOUND",
      retryable: true,
      details: { attempts: [{ code: "HANSE_CONTENT_NOT_FOUND" }, { code: "HANSE_PEER_UNREACHABLE" }] },
    });
    await expect(fetchContent(address, { sources: [] })).rejects.toMatchObject({
      code: "HANSE_CONTENT_NOT_FOUND",
    });
  });

  it("wrong bytes, naming who sent them", async () => {
    const liar = await fake((_request, response) => void response.end("a dataseT"));
    await expect(fetchContent(address, { sources: [liar] })).rejects.toMatchObject({
      code: "HANSE_CONTENT_HASH_MISMATCH",
      retryable: false,
      details: { source: expect.stringContaining(liar), expected: address },
    });
  });

  it("more than it can take, and what is no address", async () => {
    const { url } = await service(bytes);
    await expect(fetchContent(address, { sources: [url], maxBytes: bytes.length - 1 })).rejects.toMatchObject(
      { code: "HANSE_CONTENT_TOO_LARGE" },
    );
    expect(await fetchContent(address, { sources: [url], maxBytes: bytes.length })).toEqual(bytes);
    await expect(fetchContent("0x12", { sources: [url] })).rejects.toMatchObject({
      code: "HANSE_CONTENT_ADDRESS_INVALID",
    });
  });

  it("to wait longer than told, and to go on when the caller left", async () => {
    const silent = await fake(() => undefined);
    await expect(fetchContent(address, { sources: [silent], timeoutMs: 50 })).rejects.toMatchObject({
      retryable: true,
      details: { attempts: [{ code: "HANSE_PEER_TIMED_OUT" }] },
    });
    const { url } = await service(bytes);
    const signal = AbortSignal.timeout(50);
    await expect(fetchContent(address, { sources: [silent, url], signal })).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  it("to upload without the token, or to believe a service that confirms something else", async () => {
    const { url, store } = await service();
    await expect(putContent(bytes, { target: url })).rejects.toMatchObject({ code: "HANSE_UNAUTHORIZED" });
    expect(await store.has(address)).toBe(false);
    const liar = await fake((_request, response) => void response.end('{"address":"0x12","size":1}'));
    await expect(putContent(bytes, { target: liar })).rejects.toMatchObject({
      code: "HANSE_PEER_RESPONSE_INVALID",
    });
  });
});

it("goes on to the next source until one has it right", async () => {
  const liar = await fake((_request, response) => void response.end("wrong"));
  const broken = await fake((_request, response) => void response.writeHead(500).end("<html>"));
  const [empty, full] = [await service(), await service(bytes)];
  const sources = [await unreachable(), liar, broken, empty.url, `${full.url}/`];
  expect(await fetchContent(address, { sources })).toEqual(bytes);
});

it("uploads, and finds it again", async () => {
  const { url } = await service();
  expect(await putContent(bytes, { target: url, uploadToken: "token" })).toEqual({
    address,
    size: bytes.length,
  });
  expect(await fetchContent(address, { sources: [url] })).toEqual(bytes);
});
