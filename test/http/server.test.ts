import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { errorBodySchema } from "#src/http/error-body.ts";
import { listen } from "#src/http/listen.ts";
import type { HttpServer } from "#src/http/server.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { startTestServer } from "./test-server.ts";

let running: Awaited<ReturnType<typeof startTestServer>>;
let healthy = true;

beforeAll(async () => {
  const register = (server: HttpServer) => {
    server.post(
      "/v1/orders/:id",
      {
        schema: {
          summary: "Place <b>an order</b>",
          params: z.object({ id: z.string().max(5) }),
          body: z.object({ price: z.string().regex(/^\d+$/), volume: z.number().int() }),
          response: { 200: z.object({ total: z.bigint() }) },
        },
      },
      (request) => ({ total: BigInt(request.body.price) * BigInt(request.body.volume) }),
    );
    server.get("/amount", () => ({ amount: 2n ** 70n, list: [1n] }));
    server.get("/order-error", () => {
      throw new HanseError("HANSE_ORDER_EXPIRED", "Order 0x1 ended", {
        details: { validUntil: 5n, apiKey: "s3cr3t" },
      });
    });
    server.get("/limited", () => {
      throw new HanseError("HANSE_RATE_LIMITED", "Slow down", { details: { retryAfterSeconds: 1.2 } });
    });
    server.get("/bug", () => {
      throw new TypeError("reading s3cr3t of /etc/shadow");
    });
    server.get("/own-bug", () => {
      throw new HanseError("HANSE_INTERNAL", "The row s3cr3t is gone", {
        hint: "s3cr3t",
        details: { row: "s3cr3t" },
      });
    });
    server.get("/foreign", () => {
      throw Object.assign(new Error("upstream said s3cr3t"), { statusCode: 404 });
    });
    server.get("/disk", () => {
      throw Object.assign(new Error("write"), { code: "ENOSPC", path: "/secret/place" });
    });
    server.get(
      "/wrong-answer",
      { schema: { response: { 200: z.object({ n: z.number() }) } } },
      () => ({ n: "s3cr3t" }) as never,
    );
  };
  running = await startTestServer(register, {
    bodyLimit: 1_000,
    ready: {
      database: () => healthy,
      chain: async () => (healthy ? undefined : Promise.reject(new Error("rpc at 10.0.0.1"))),
    },
  });
});
afterAll(() => running.server.close());

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(running.url + path, init);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}
const json = { "content-type": "application/json" };

describe("every refusal has one shape", () => {
  const cases: [string, string, RequestInit, number, string][] = [
    ["an unknown path", "/nope?token=s3cr3t", {}, 404, "HANSE_NOT_FOUND"],
    ["an unknown method", "/amount", { method: "DELETE" }, 404, "HANSE_NOT_FOUND"],
    [
      "malformed JSON",
      "/v1/orders/1",
      { method: "POST", headers: json, body: "{" },
      400,
      "HANSE_REQUEST_INVALID",
    ],
    [
      "an empty JSON body",
      "/v1/orders/1",
      { method: "POST", headers: json, body: "" },
      400,
      "HANSE_REQUEST_INVALID",
    ],
    [
      "poisoned JSON",
      "/v1/orders/1",
      { method: "POST", headers: json, body: '{"__proto__":{}}' },
      400,
      "HANSE_REQUEST_INVALID",
    ],
    [
      "a wrong type",
      "/v1/orders/1",
      { method: "POST", headers: { "content-type": "text/csv" }, body: "a" },
      415,
      "HANSE_MEDIA_TYPE_UNSUPPORTED",
    ],
    [
      "a large body",
      "/v1/orders/1",
      { method: "POST", headers: json, body: `"${"x".repeat(2_000)}"` },
      413,
      "HANSE_REQUEST_TOO_LARGE",
    ],
    ["a broken URL", "/v1/orders/%zz", {}, 400, "HANSE_REQUEST_INVALID"],
    ["a domain error", "/order-error", {}, 422, "HANSE_ORDER_EXPIRED"],
    ["a rate limit", "/limited", {}, 429, "HANSE_RATE_LIMITED"],
    ["a bug", "/bug", {}, 500, "HANSE_INTERNAL"],
    ["a bug that was foreseen", "/own-bug", {}, 500, "HANSE_INTERNAL"],
    ["an error that carries a status of its own", "/foreign", {}, 500, "HANSE_INTERNAL"],
    ["a full disk", "/disk", {}, 507, "HANSE_DISK_FULL"],
    ["an answer against its own schema", "/wrong-answer", {}, 500, "HANSE_INTERNAL"],
  ];
  it.each(cases)("%s", async (_name, path, init, status, code) => {
    const answer = await ask(path, init);
    expect(answer.status).toBe(status);
    expect(errorBodySchema.strict().parse(answer.body)).toMatchObject({ code });
    expect(answer.body.requestId).toBe(answer.headers.get("x-request-id"));
    expect(JSON.stringify(answer.body)).not.toMatch(/s3cr3t|\/secret|stack/);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("a body and a path that break their schema, with every issue", async () => {
    const body = JSON.stringify({ price: "-1", volume: 1.5 });
    const { status, body: answer } = await ask("/v1/orders/1", { method: "POST", headers: json, body });
    expect(status).toBe(400);
    expect(answer).toMatchObject({
      code: "HANSE_REQUEST_INVALID",
      details: { issues: [{ path: "body/price" }, { path: "body/volume" }] },
    });
    const long = await ask("/v1/orders/toolong", { method: "POST", headers: json, body });
    expect(long.body).toMatchObject({ details: { issues: [{ path: "params/id" }] } });
  });

  it("bytes that are no HTTP", async () => {
    const socket = connect(running.port, "127.0.0.1");
    socket.write("NONSENSE\r\n\r\n");
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({ code: "HANSE_REQUEST_INVALID" });
  });

  it("tells when to come back, and logs what it does not tell", async () => {
    expect((await ask("/limited")).headers.get("retry-after")).toBe("2");
    await ask("/bug");
    expect(running.log.some((line) => line.includes("of /etc/shadow"))).toBe(true);
  });
});

describe("amounts", () => {
  it("travel as decimal strings, with and without a schema", async () => {
    expect((await ask("/amount")).body).toEqual({ amount: "1180591620717411303424", list: ["1"] });
    const body = JSON.stringify({ price: "9007199254740993", volume: 3 });
    expect((await ask("/v1/orders/1", { method: "POST", headers: json, body })).body).toEqual({
      total: "27021597764222979",
    });
  });
});

describe("what every service offers", () => {
  it("health, and readiness that names what fails without telling why", async () => {
    expect((await ask("/healthz")).body).toEqual({ status: "ok" });
    expect((await ask("/readyz")).status).toBe(200);
    healthy = false;
    const { status, body } = await ask("/readyz");
    healthy = true;
    expect({ status, failing: body.failing }).toEqual({ status: 503, failing: ["database", "chain"] });
    expect(JSON.stringify(body)).not.toContain("10.0.0.1");
  });

  it("metrics by route template, never by path", async () => {
    for (const id of ["a1", "a2"])
      await ask(`/v1/orders/${id}`, { method: "POST", headers: json, body: '{"price":"1","volume":1}' });
    await ask("/random-path-77");
    const metrics = await (await fetch(`${running.url}/metrics`)).text();
    expect(metrics).toMatch(
      /http_request_duration_seconds_count\{[^}]*route="\/v1\/orders\/:id",status="200"[^}]*\}/,
    );
    expect(metrics).not.toMatch(/a1|random-path-77/);
  });

  it("OpenAPI with amounts as text, and a page that escapes what it shows", async () => {
    const { body } = await ask("/docs/openapi.json");
    expect(body).toMatchObject({ openapi: "3.1.0", info: { title: "Test service" } });
    expect(JSON.stringify(body)).toContain('"total":{"type":"string","pattern":"^-?\\\\d+$"}');
    expect(Object.keys(body.paths as object)).not.toContain("/metrics");
    const page = await fetch(`${running.url}/docs`);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain("<code>/v1/orders/{id}</code>");
    expect(html).not.toContain("<b>an order");
  });
});

it("refuses a port that is taken, naming it", async () => {
  const other = await startTestServer(() => undefined);
  await other.server.close();
  const second = await startTestServer(() => undefined);
  const { createServer } = await import("#src/http/server.ts");
  const { createLogger } = await import("#src/kernel/logger.ts");
  const { createMetrics } = await import("#src/kernel/metrics.ts");
  const third = await createServer(
    {
      logger: createLogger({ service: "t", level: "silent" }),
      metrics: createMetrics({ service: "t", processMetrics: false }),
    },
    { name: "third" },
  );
  await expect(listen(third, { port: second.port })).rejects.toMatchObject({
    code: "HANSE_PORT_IN_USE",
    details: { port: second.port },
    message: expect.stringContaining(String(second.port)),
  });
  await expect(listen(third, { port: 0, host: "203.0.113.7" })).rejects.toMatchObject({
    code: "HANSE_CONFIG_INVALID",
  });
  await Promise.all([second.server.close(), third.close()]);
});

it("listens on loopback unless told", () => {
  expect((running.server.server.address() as { address: string }).address).toBe("127.0.0.1");
});

it("closes as soon as what is running is answered, whatever its caller keeps alive", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const { server, url } = await startTestServer((each) =>
    each.get("/slow", async () => {
      asked.resolve();
      await answered.promise;
      return { done: true };
    }),
  );
  const slow = fetch(`${url}/slow`);
  await asked.promise;
  const closed = server.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  answered.resolve();
  expect((await slow).status).toBe(200);
  const late = new Promise((resolve) => setTimeout(resolve, 5_000, "late"));
  expect(await Promise.race([closed.then(() => "closed"), late])).toBe("closed");
});
