import { rm } from "node:fs/promises";
import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { orderToJson } from "#src/client/order-schema.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { temporaryDirectory } from "../store/test-database.ts";
import { createTestChain, eventually, startTestBroker, type TestBroker } from "./support/test-broker.ts";
import { silent } from "./support/test-database.ts";
import { requestOrder, signed, unknownHash } from "./support/traders.ts";

// Given a broker whose PostgreSQL is stopped under it, when it is asked, then
// - it says 503 and when to come back, and nothing about where its database is
// - and once that is there again it answers as before, with what it had acknowledged

let directory: string;
let postgres: EmbeddedPostgres;
let database: Database<BrokerTables>;
let broker: TestBroker;
let known: Hex;

beforeAll(async () => {
  directory = await temporaryDirectory();
  postgres = await startEmbeddedPostgres({ logger: silent }, { directory });
  database = await openDatabase<BrokerTables>(
    { logger: silent },
    { url: postgres.url, schema: "broker", connectTimeoutMs: 2_000 },
  );
  broker = await startTestBroker(createTestChain(), database);
  known = (await broker.client.publish(await signed(requestOrder()))).hash;
});
afterAll(async () => {
  await broker?.stop();
  await database?.close();
  await postgres?.stop();
  await rm(directory, { recursive: true, force: true });
});

const post = async (path: string, body: unknown) =>
  fetch(`${broker.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  });
const ask = (path: string) => fetch(`${broker.url}${path}`);

const questions: Readonly<Record<string, () => Promise<Response>>> = {
  "POST /v1/orders, a new one": async () => post("/v1/orders", orderToJson(await signed(requestOrder()))),
  "GET /v1/orders": () => ask("/v1/orders"),
  "GET /v1/orders/:hash": () => ask(`/v1/orders/${known}`),
  "POST /v1/orders/:hash/cancel": () =>
    post(`/v1/orders/${known}/cancel`, { signature: `0x${"11".repeat(65)}` }),
  "GET /v1/info": () => ask("/v1/info"),
  "GET /v1/trades": () => ask("/v1/trades"),
  "GET /v1/deals/:id": () => ask(`/v1/deals/${unknownHash}`),
  "GET /metrics": () => ask("/metrics"),
};

describe("a broker whose database is away", () => {
  beforeAll(() => postgres.stop());

  it.each(Object.entries(questions))("answers 503 to %s", async (_, question) => {
    const answer = await question();
    const text = await answer.text();
    expect(answer.status, text).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    const body = JSON.parse(text);
    expect(body).toMatchObject({ code: "HANSE_DATABASE_UNAVAILABLE", retryable: true });
    expect(body.details).toBeUndefined();
    expect(text).not.toContain(String(postgres.port));
  });

  it("is alive, and not ready", async () => {
    expect((await ask("/healthz")).status).toBe(200);
    expect((await ask("/readyz")).status).toBe(503);
  });

  it("goes on when it is back, with what it had acknowledged", async () => {
    postgres = await startEmbeddedPostgres({ logger: silent }, { directory, port: postgres.port });
    expect(await broker.client.order(known)).toMatchObject({ hash: known, status: "open" });
    const { hash } = await broker.client.publish(await signed(requestOrder()));
    // The book is kept again, too: what is in it says what keeps an order unmatched.
    await eventually("the book", async () => (await broker.client.order(hash)).whyNot.length > 0);
  });
});
