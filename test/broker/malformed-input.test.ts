import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { orderToJson } from "#src/client/order-schema.ts";
import { signBulk } from "#src/client/sign-order.ts";
import { isErrorCode } from "#src/kernel/error-codes.ts";
import { termsHash } from "#src/protocol/terms.ts";
import type { Database } from "#src/store/database.ts";
import { createTestChain, startTestBroker, type TestBroker } from "./support/test-broker.ts";
import { startTestPostgres } from "./support/test-database.ts";
import { appOrder, CHAIN_ID, CLERK, poolOrder, requester, requestOrder, signed } from "./support/traders.ts";

const RUNS = Number(process.env.HANSE_FUZZ_RUNS ?? 150);

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<BrokerTables>;
let broker: TestBroker;

beforeAll(async () => {
  postgres = await startTestPostgres();
  database = await postgres.open(await postgres.create());
  broker = await startTestBroker(createTestChain(), database);
});
afterAll(async () => {
  await broker?.stop();
  await database?.close();
  await postgres?.stop();
});

const junk = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    -1,
    1e300,
    0.5,
    "",
    "0x",
    "0xzz",
    "-1",
    "1e9",
    "99999999999999999999",
    "\u0000",
    [],
    {},
  ),
  fc.bigInt({ min: 0n, max: 2n ** 257n }).map((value) => value.toString()),
  fc.integer({ min: 0, max: 80 }).map((length) => `0x${"f".repeat(length)}`),
);

/** Replaces what stands at a path, or adds to it. */
function spoil(value: unknown, path: readonly number[], by: unknown): unknown {
  if (typeof value !== "object" || value === null || path.length === 0) return by;
  const keys = Object.keys(value);
  const key = keys[(path[0] ?? 0) % (keys.length + 1)] ?? "surprise";
  return { ...value, [key]: spoil((value as Record<string, unknown>)[key], path.slice(1), by) };
}

async function assertNoFault(path: string, init?: RequestInit): Promise<void> {
  const response = await fetch(`${broker.url}${path}`, init);
  const body = (await response.json()) as { code?: unknown };
  expect(response.status, JSON.stringify(body)).toBeLessThan(500);
  if (response.status >= 400) expect(isErrorCode(body.code), JSON.stringify(body)).toBe(true);
}

const post = (path: string, body: string) =>
  assertNoFault(path, { method: "POST", headers: { "content-type": "application/json" }, body });

test("no body, however broken, is our fault", async () => {
  const plain = await Promise.all([appOrder(), poolOrder(), requestOrder()].map((order) => signed(order)));
  const beside = {
    terms: { checker: requester.address, data: "0x01" },
    sponsorship: { cap: 1n, validUntil: 1n, epoch: 0n, signature: "0x" },
  } as const;
  const sponsored = requestOrder({
    sponsor: requester.address,
    conditions: { terms: termsHash(beside.terms) },
  });
  const bulk = await signBulk(requester, [sponsored, requestOrder()], CHAIN_ID, CLERK);
  const good = [...plain, ...bulk.map((order) => ({ ...order, ...beside }))].map((order) =>
    orderToJson(order),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...good),
      fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 }),
      junk,
      (order, path, by) => post("/v1/orders", JSON.stringify(spoil(order, path, by))),
    ),
    { numRuns: RUNS },
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), (text) => post("/v1/orders", text)),
    { numRuns: RUNS },
  );
});

test("no query or path is our fault", async () => {
  const part = fc.oneof(
    fc.string({ unit: "binary" }).map(encodeURIComponent),
    fc.constantFrom("-1", "1e99", "0x", `0x${"a".repeat(64)}`, "99999999999999999999"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        "/v1/orders/",
        "/v1/deals/",
        "/v1/markets/",
        "/v1/orders?signer=",
        "/v1/orders?before=",
        "/v1/orders?limit=",
        "/v1/trades?category=",
        "/v1/trades?before=",
      ),
      part,
      (path, value) =>
        assertNoFault(path + value + (path.includes("markets") ? `/depth?limit=${value}` : "")),
    ),
    { numRuns: RUNS },
  );
  await post(`/v1/orders/0x${"a".repeat(64)}/cancel`, JSON.stringify({ signature: "0x1" }));
  await post(`/v1/orders/0x${"a".repeat(64)}/cancel`, JSON.stringify({ signature: "0x11" }));
});
