import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { downloadContent, fetchContent, putContent } from "#src/content/content-client.ts";
import { type ContentServiceOptions, registerContentService } from "#src/content/content-service.ts";
import { createContentUploads } from "#src/content/content-uploads.ts";
import { createFileContentStore } from "#src/content/file-content-store.ts";
import { createKeptContent } from "#src/content/kept-content.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { startTestServer } from "../http/test-server.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "hanse-upload-service-"));
  stops.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function serve(options: ContentServiceOptions = {}) {
  const directory = await folder();
  const kept = await createKeptContent({ store: await createFileContentStore({ directory }) });
  const uploads = await createContentUploads({ kept }, { directory: join(directory, "uploads") });
  const { server, url } = await startTestServer((app) =>
    registerContentService(app, { kept, uploads }, options),
  );
  stops.push(() => server.close());
  return { url, kept };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const json = (body: object) => ({
  ...{ method: "POST", body: JSON.stringify(body) },
  headers: { "content-type": "application/json" },
});
const bytes = new Uint8Array(3_000_000).map((_, index) => (index * 31) % 253);
const address = contentAddressOf(bytes);

describe("refuses", () => {
  it("uploads, pins and usage without a token, and shows nobody another's upload", async () => {
    const uploadTokens = [
      { name: "alice", token: "token-of-alice-1", quotaBytes: 1_000 },
      { name: "bob", token: "token-of-bob-123" },
    ];
    const { url } = await serve({ uploadToken: "the-single-token", uploadTokens });
    const asked = json({ size: 10 });
    for (const headers of [{}, bearer("token-of-alice-"), bearer("token-of-alice-12")]) {
      for (const [method, path] of [
        ["GET", "/v1/usage"],
        ["PUT", `/v1/pins/${address}`],
        ["DELETE", `/v1/pins/${address}`],
        ["POST", `/v1/content/${address}/touch`],
        ["PATCH", "/v1/uploads/8b6d1a0e-5f3c-4c83-9a52-0d5e33bd0c11"],
      ] as const) {
        const response = await fetch(`${url}${path}`, {
          method,
          headers: { ...headers, "upload-offset": "0" },
        });
        expect([path, response.status]).toEqual([path, 401]);
      }
      const post = await fetch(`${url}/v1/uploads`, { ...asked, headers: { ...asked.headers, ...headers } });
      expect(post.status).toBe(401);
    }
    const begun = await fetch(`${url}/v1/uploads`, {
      ...asked,
      headers: { ...asked.headers, ...bearer("token-of-alice-1") },
    });
    expect(begun.status).toBe(201);
    const upload = `${url}${begun.headers.get("location")}`;
    const head = async (token: string) => fetch(upload, { method: "HEAD", headers: bearer(token) });
    expect((await head("token-of-bob-123")).status).toBe(404);
    expect((await head("the-single-token")).status).toBe(404);
    expect((await head("token-of-alice-1")).headers.get("upload-offset")).toBe("0");
    const over = await fetch(`${url}/v1/content`, {
      ...{ method: "PUT", body: new Uint8Array(995), headers: bearer("token-of-alice-1") },
    });
    expect([over.status, ((await over.json()) as { code: string }).code]).toEqual([
      413,
      "HANSE_CONTENT_QUOTA_EXCEEDED",
    ]);
    const usage = await fetch(`${url}/v1/usage`, { headers: bearer("token-of-alice-1") });
    expect(await usage.json()).toMatchObject({ uploader: "alice", reservedBytes: 10, quotaBytes: 1_000 });
  });

  it("parts without a valid offset, at the wrong one, and under ids that are none", async () => {
    const { url } = await serve();
    const begun = (await (await fetch(`${url}/v1/uploads`, json({ size: 10 }))).json()) as { id: string };
    const patch = async (id: string, headers: Record<string, string>) =>
      (await fetch(`${url}/v1/uploads/${id}`, { method: "PATCH", body: new Uint8Array(5), headers })).status;
    for (const offset of ["-1", "1e3", "", "x", "9".repeat(30)]) {
      expect(await patch(begun.id, { "upload-offset": offset })).toBe(400);
    }
    expect(await patch(begun.id, {})).toBe(400);
    expect(await patch(begun.id, { "upload-offset": "5" })).toBe(409);
    expect(await patch("..%2f..%2fetc", { "upload-offset": "0" })).toBe(400);
    expect(await patch("8b6d1a0e-5f3c-4c83-9a52-0d5e33bd0c11", { "upload-offset": "0" })).toBe(404);
    for (const body of [{ size: -1 }, { size: 1.5 }, {}, { size: 1, address: "0x12" }]) {
      expect((await fetch(`${url}/v1/uploads`, json(body))).status).toBe(400);
    }
    expect((await fetch(`${url}/v1/uploads`, json({ size: 300_000_000 }))).status).toBe(413);
  });

  it("a sender that stalls, keeping what came, and more senders at once than allowed", async () => {
    const { url } = await serve({ stallMs: 300, maxSending: 1 });
    const begun = (await (await fetch(`${url}/v1/uploads`, json({ size: 10 }))).json()) as { id: string };
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(
      `PATCH /v1/uploads/${begun.id} HTTP/1.1\r\nHost: x\r\nUpload-Offset: 0\r\nContent-Length: 10\r\n\r\nabc`,
    );
    const answer = text(socket);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const other = await fetch(`${url}/v1/content`, { method: "PUT", body: "x" });
    expect([other.status, other.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 /);
    const state = await fetch(`${url}/v1/uploads/${begun.id}`);
    expect(await state.json()).toMatchObject({ offset: 3 });
    expect((await fetch(`${url}/v1/content`, { method: "PUT", body: "x" })).status).toBe(201);
  });
});

describe("answers", () => {
  it("ranges as RFC 9110 says", async () => {
    const { url, kept } = await serve();
    await kept.put({ name: "x" }, bytes);
    const get = async (headers: Record<string, string>) => {
      const response = await fetch(`${url}/v1/content/${address}`, { headers });
      const body = Buffer.from(await response.arrayBuffer());
      return { status: response.status, told: response.headers.get("content-range"), body };
    };
    const cases: [string, number, number][] = [
      ["bytes=0-0", 0, 0],
      ["bytes=1048570-1048580", 1_048_570, 1_048_580],
      ["bytes=2999999-", 2_999_999, 2_999_999],
      ["bytes=2000000-99999999", 2_000_000, 2_999_999],
      ["bytes=-5", 2_999_995, 2_999_999],
      ["bytes=-99999999", 0, 2_999_999],
    ];
    for (const [range, start, end] of cases) {
      const { status, told, body } = await get({ range, "if-range": `"${address}"` });
      expect([range, status, told]).toEqual([range, 206, `bytes ${start}-${end}/3000000`]);
      expect(body.equals(bytes.subarray(start, end + 1))).toBe(true);
    }
    for (const range of ["bytes=3000000-", "bytes=-0", "bytes=99999999-100000000"]) {
      expect(await get({ range })).toMatchObject({ status: 416, told: "bytes */3000000" });
    }
    for (const range of ["bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=-", "0-1"]) {
      expect([range, (await get({ range })).body.length]).toEqual([range, 3_000_000]);
    }
    for (const condition of ['"other"', `W/"${address}"`, "Sat, 28 Nov 2026 00:00:00 GMT"]) {
      expect((await get({ range: "bytes=0-0", "if-range": condition })).status).toBe(200);
    }
    const head = await fetch(`${url}/v1/content/${address}`, {
      method: "HEAD",
      headers: { range: "bytes=0-0" },
    });
    expect([head.status, head.headers.get("accept-ranges"), head.headers.get("content-length")]).toEqual([
      200,
      "bytes",
      "3000000",
    ]);
  });

  it("what is here already without a part being sent, and lets it be pinned", async () => {
    const { url, kept } = await serve();
    await kept.put({ name: "someone" }, bytes);
    const begun = await fetch(`${url}/v1/uploads`, json({ size: bytes.length, address }));
    expect([begun.status, await begun.json()]).toEqual([200, { address, size: bytes.length }]);
    const pin = await fetch(`${url}/v1/pins/${address}`, { method: "PUT" });
    expect(await pin.json()).toEqual({ address, size: bytes.length, pinned: true, keptUntil: null });
    const unpin = await fetch(`${url}/v1/pins/${address}`, { method: "DELETE" });
    expect(await unpin.json()).toMatchObject({ pinned: false, keptUntil: expect.any(Number) });
  });
});

/** Breaks connections off: answers after so many bytes, requests before they are sent. */
function flaky(answersOf: number, failRequests: (call: number) => boolean = () => false): Fetch {
  let calls = 0;
  return async (url, init) => {
    if (failRequests(++calls)) {
      throw new TypeError("fetch failed", {
        cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }),
      });
    }
    const response = await fetch(url, init);
    if (init.method !== "GET" || !url.includes("/v1/content/")) return response;
    let left = answersOf;
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (chunk.byteLength > left) {
          controller.enqueue(chunk.subarray(0, left));
          controller.error(Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }));
        } else controller.enqueue(chunk);
        left -= chunk.byteLength;
      },
    });
    return new Response(response.body?.pipeThrough(cut) ?? null, response);
  };
}

describe("the client", () => {
  it("goes on with a download where it broke off, into memory and into a file, also in another call", async () => {
    const { url, kept } = await serve();
    await kept.put({ name: "x" }, bytes);
    const sources = [url];
    const got = await fetchContent(address, { sources, fetch: flaky(1_100_000) });
    expect(Buffer.from(got).equals(bytes)).toBe(true);
    const path = join(await folder(), "input");
    await expect(
      downloadContent(address, { sources, path, retries: 0, fetch: flaky(1_000_000) }),
    ).rejects.toMatchObject({ code: "HANSE_CONTENT_NOT_FOUND", retryable: true });
    const ranges: unknown[] = [];
    const watching: Fetch = (to, init) => {
      ranges.push(new Headers(init.headers).get("range"));
      return fetch(to, init);
    };
    expect(await downloadContent(address, { sources, path, fetch: watching })).toEqual({
      address,
      size: bytes.length,
    });
    expect(ranges).toEqual(["bytes=1000000-"]);
  });

  it("is not led astray by a source that begins with wrong bytes and breaks off", async () => {
    const { url, kept } = await serve();
    await kept.put({ name: "x" }, bytes);
    const liar = "http://liar.example";
    const lying: Fetch = (to, init) =>
      to.startsWith(liar)
        ? Promise.resolve(
            new Response(new Uint8Array(5_000), { status: 200, headers: { "content-length": "3000000" } }),
          )
        : fetch(to, init);
    const options = { fetch: lying, retries: 0 };
    const got = await fetchContent(address, { sources: [liar, url], ...options });
    expect(Buffer.from(got).equals(bytes)).toBe(true);
  });

  it("goes on with an upload after failures, and gives up after as many as told", async () => {
    const { url, kept } = await serve();
    const target = { target: url, partBytes: 500_000 };
    const fetch = flaky(0, (call) => call % 3 === 0);
    expect(await putContent(bytes, { ...target, fetch })).toEqual({ address, size: bytes.length });
    expect(await kept.stat(address)).toEqual({ address, size: bytes.length });
    const other = bytes.slice(1);
    await expect(
      putContent(other, { ...target, retries: 1, fetch: flaky(0, (call) => call > 3) }),
    ).rejects.toMatchObject({ code: "HANSE_PEER_UNREACHABLE", retryable: true });
  });
});

it("survives kill -9 in the middle of an upload: what was acknowledged is there, and the upload is finished", async () => {
  const stateDir = await folder();
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const url = `http://127.0.0.1:${port}`;
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, ["src/bin/hanse.ts", "content", "start"], {
      env: {
        PATH: process.env.PATH,
        ...{ HANSE_STATE_DIR: stateDir, HANSE_PORT: String(port), HANSE_LOG_LEVEL: "debug" },
        HANSE_UPLOAD_TOKENS: "alice:a-secret-of-alice:50000000",
        HANSE_CONTENT_QUOTA_BYTES: "60000000",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    stops.push(() => child.kill("SIGKILL"));
    let log = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (log += chunk));
    stops.push(() => expect(log).not.toContain("a-secret-of-alice"));
    for (let tries = 0; !(await fetch(`${url}/readyz`).catch(() => undefined))?.ok; tries++) {
      if (tries > 200) throw new Error(`not ready: ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return child;
  };
  const kill = async (child: ChildProcess) => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const large = new Uint8Array(30_000_000).map((_, index) => (index * 17) % 249);
  const expected = contentAddressOf(large);
  const token = "a-secret-of-alice";
  const ask = async () =>
    (await (await fetch(`${url}/v1/usage`, { headers: bearer(token) })).json()) as Record<string, unknown>;

  let child = await start();
  const begun = await fetch(`${url}/v1/uploads`, {
    ...json({ size: large.length, address: expected }),
    headers: { "content-type": "application/json", ...bearer(token) },
  });
  const { id } = (await begun.json()) as { id: string };
  const send = (offset: number, end: number) =>
    fetch(`${url}/v1/uploads/${id}`, {
      ...{ method: "PATCH", body: large.subarray(offset, end) },
      headers: { ...bearer(token), "upload-offset": String(offset) },
    });
  expect((await send(0, 5_000_000)).status).toBe(204);
  // Killed while the next part is on its way.
  const cut = send(5_000_000, 30_000_000).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await kill(child);
  await cut;

  child = await start();
  expect(await ask()).toMatchObject({ reservedBytes: 30_000_000 });
  const head = await fetch(`${url}/v1/uploads/${id}`, { method: "HEAD", headers: bearer(token) });
  const offset = Number(head.headers.get("upload-offset"));
  expect(offset).toBeGreaterThanOrEqual(5_000_000);
  expect((await send(offset, 30_000_000)).status).toBe(201);
  expect(await ask()).toMatchObject({ reservedBytes: 0, claimedBytes: 30_000_000 });
  await kill(child);

  child = await start();
  expect(await ask()).toMatchObject({ reservedBytes: 0, claimedBytes: 30_000_000 });
  expect(Buffer.from(await fetchContent(expected, { sources: [url] })).equals(large)).toBe(true);
  await kill(child);
}, 90_000);
