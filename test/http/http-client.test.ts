import { createServer, type RequestListener, type Server } from "node:http";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createHttpClient, type HttpClientOptions } from "#src/http/http-client.ts";
import { peerError } from "#src/http/peer-error.ts";
import { errorCodes } from "#src/kernel/error-codes.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { startTestServer } from "./test-server.ts";

const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    await server.close();
  }
});

async function peer(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

// Time is skipped but counted: retries take no time in tests.
function clientOf(baseUrl: string, options: HttpClientOptions = {}) {
  const delays: number[] = [];
  const clock = { now: () => 0, sleep: async (ms: number) => void delays.push(ms) };
  return { delays, client: createHttpClient({ clock }, { baseUrl, ...options }) };
}
const anything = z.unknown();

describe("refuses", () => {
  it("an answer that is too large, whether it says so or not", async () => {
    const url = await peer((request, response) => {
      if (request.url === "/declared") response.setHeader("content-length", 5_000);
      // Written in two parts, Node sends no length of its own.
      response.write('"');
      response.end(`${"x".repeat(4_998)}"`);
    });
    const { client, delays } = clientOf(url, { maxBytes: 1_000 });
    for (const path of ["/declared", "/chunked"]) {
      await expect(client.request(path, { schema: anything })).rejects.toMatchObject({
        code: "HANSE_PEER_RESPONSE_TOO_LARGE",
      });
    }
    expect(delays).toEqual([]);
  });

  it("an answer that does not come, or comes in drips", async () => {
    const url = await peer((request, response) => {
      if (request.url === "/drip") setInterval(() => response.write(" "), 20).unref();
    });
    const { client, delays } = clientOf(url, { timeoutMs: 80, retries: 1 });
    for (const path of ["/silent", "/drip"]) {
      await expect(client.request(path, { schema: anything })).rejects.toMatchObject({
        code: "HANSE_PEER_TIMED_OUT",
        retryable: true,
      });
    }
    expect(delays).toHaveLength(2);
  });

  it("an answer of another shape, no JSON, and a redirect, without repeating", async () => {
    const url = await peer((request, response) => {
      if (request.url === "/redirect") response.writeHead(302, { location: "http://169.254.169.254/" });
      response.end(request.url === "/html" ? "<html>" : '{"n":"1"}');
    });
    const { client, delays } = clientOf(url);
    const schema = z.object({ n: z.number() });
    await expect(client.request("/shape", { schema })).rejects.toMatchObject({
      code: "HANSE_PEER_RESPONSE_INVALID",
      details: { issues: [{ path: "n" }] },
    });
    await expect(client.request("/html", { schema })).rejects.toMatchObject({
      code: "HANSE_PEER_RESPONSE_INVALID",
    });
    await expect(client.request("/redirect", { schema })).rejects.toMatchObject({ retryable: false });
    expect(delays).toEqual([]);
  });

  it("to go on when the caller aborts", async () => {
    const url = await peer(() => undefined);
    const controller = new AbortController();
    const asked = clientOf(url).client.request("/", { schema: anything, signal: controller.signal });
    controller.abort(new Error("caller left"));
    await expect(asked).rejects.toThrow("caller left");
  });
});

describe("repeats", () => {
  it("what may succeed later, up to its limit, with growing delays", async () => {
    let count = 0;
    const url = await peer((_request, response) => {
      count++;
      response.writeHead(count < 3 ? 503 : 200).end("{}");
    });
    const { client, delays } = clientOf(url);
    await client.request("/", { schema: anything });
    expect(count).toBe(3);
    expect(delays[1]).toBeGreaterThan(Number(delays[0]) * 0.99);
    count = -100;
    await expect(client.request("/", { schema: anything })).rejects.toMatchObject({
      code: "HANSE_PEER_FAILED",
    });
    expect(count).toBe(-97);
  });

  it("no POST that may have been carried out, unless it is idempotent", async () => {
    let count = 0;
    const url = await peer((_request, response) => {
      count++;
      response.writeHead(500).end();
    });
    const { client } = clientOf(url);
    const post = { method: "POST", body: {}, schema: anything } as const;
    await expect(client.request("/", post)).rejects.toMatchObject({ code: "HANSE_PEER_FAILED" });
    expect(count).toBe(1);
    await expect(client.request("/", { ...post, idempotent: true })).rejects.toMatchObject({
      code: "HANSE_PEER_FAILED",
    });
    expect(count).toBe(4);
  });

  it("a POST that never arrived, and what the peer asked to repeat when it said", async () => {
    const url = await peer(
      (_request, response) => void response.writeHead(429, { "retry-after": "3" }).end(),
    );
    const limited = clientOf(url);
    await expect(limited.client.request("/", { method: "POST", schema: anything })).rejects.toMatchObject({
      code: "HANSE_RATE_LIMITED",
    });
    expect(limited.delays).toEqual([3_000, 3_000]);
    // A port that nobody has connected to yet: a pooled connection would break instead of being refused.
    const closed = await peer(() => undefined);
    await new Promise((resolve) => (servers.pop() as Server).close(resolve));
    const gone = clientOf(closed);
    await expect(gone.client.request("/", { method: "POST", schema: anything })).rejects.toMatchObject({
      code: "HANSE_PEER_UNREACHABLE",
    });
    expect(gone.delays).toHaveLength(2);
  });
});

describe("between two of ours", () => {
  it("an error keeps its code, an amount its digits, and a secret in the URL stays out", async () => {
    const { server, url } = await startTestServer((app) => {
      app.post("/echo", { schema: { body: z.unknown() } }, (request) => request.body);
      app.get("/v1/orders", () => {
        throw new HanseError("HANSE_ORDER_UNFUNDED", "Account is short", { details: { missing: 7n } });
      });
    });
    servers.push(server);
    const { client } = clientOf(url);
    const schema = z.object({ amount: z.string().transform(BigInt) });
    expect(await client.request("/echo", { method: "POST", body: { amount: 2n ** 65n }, schema })).toEqual({
      amount: 2n ** 65n,
    });
    const error: unknown = await client
      .request("/v1/orders?token=s3cr3t", { schema: anything })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "HANSE_ORDER_UNFUNDED",
      retryable: false,
      details: { status: 422, peer: { missing: "7" } },
    });
    expect((error as Error).message).not.toContain("s3cr3t");
  });
});

it("makes a HanseError of any answer, whose hint is always ours", () => {
  const hints = new Set<string>(Object.values(errorCodes).map(({ hint }) => hint));
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        code: fc.oneof(fc.constantFrom(...Object.keys(errorCodes), "__proto__"), fc.anything()),
        message: fc.anything(),
        hint: fc.string(),
        retryable: fc.boolean(),
        details: fc.anything(),
      })
      .map((body) => JSON.stringify(body, (_, value) => (typeof value === "bigint" ? String(value) : value))),
  );
  fc.assert(
    fc.property(bodies, fc.integer({ min: 400, max: 599 }), (text, status) => {
      const error = peerError("GET http://p/x", { status, headers: new Headers() }, text);
      expect(error).toBeInstanceOf(HanseError);
      expect(hints.has(error.hint)).toBe(true);
      // Retrying is never granted beyond our own registry.
      if (error.retryable) expect(errorCodes[error.code].retryable).toBe(true);
      JSON.stringify(error);
    }),
  );
});
