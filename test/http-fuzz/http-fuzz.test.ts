import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentKey } from "#src/chain/development-keys.ts";
import { errorBodySchema } from "#src/http/error-body.ts";
import { stringifyJson } from "#src/http/json.ts";
import { isErrorCode } from "#src/kernel/error-codes.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { startTestChain, type TestChain } from "../e2e/chain-fixture.ts";
import { FIRST_WORKER, openTestMarket, SELLER, type TestMarket } from "../e2e/market-fixture.ts";
import { type ServiceProcess, spawnService, untilReady } from "../e2e/service-process.ts";
import { startTestPostgres, temporaryDirectory } from "../store/test-database.ts";
import { type OpenApi, operationsOf } from "./openapi-requests.ts";
import { type RawAnswer, sendRaw } from "./raw-request.ts";

// Given every service as a process, ready, on a real chain and a real database, then whatever is sent to any operation of
// its own document, valid or not
// - nothing is answered with a 5xx
// - every refusal has the error shape, with one of our codes
// - the process lives, and is still ready
// - its document is the one that is checked in

const SERVICES = ["broker", "pool", "worker", "content", "hub"] as const;
const DEEP = process.env.HANSE_TEST_DEEP === "1";
const RUNS = Number(process.env.HANSE_FUZZ_RUNS ?? (DEEP ? 600 : 20));
const seed = Number(process.env.HANSE_FUZZ_SEED ?? 20_261_128);

let testChain: TestChain;
let market: TestMarket;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let directory: string;
const services = new Map<string, ServiceProcess>();

const service = (name: string): ServiceProcess => {
  const found = services.get(name);
  if (found === undefined) throw new Error(`${name} was not started`);
  return found;
};

beforeAll(async () => {
  [testChain, postgres, directory] = await Promise.all([
    startTestChain({ categories: [{ roundBlocks: 60, deadlineBlocks: 300 }] }),
    startTestPostgres(),
    temporaryDirectory(),
  ]);
  market = await openTestMarket(testChain, 1);
  const manifest = join(directory, "deployment.json");
  await writeFile(manifest, stringifyJson(testChain.deployment));
  const common = {
    ...{
      HANSE_RPC_URL: testChain.rpcUrl,
      HANSE_DEPLOYMENT: manifest,
      DATABASE_URL: await postgres.fresh(),
    },
    ...{
      HANSE_POOL: assetIdToHex(market.pool),
      HANSE_CONTENT_URL: market.contentUrl,
      HANSE_LOG_LEVEL: "warn",
    },
  };
  const start = async (name: string, env: Readonly<Record<string, string>>) => {
    const started = await spawnService(name, { ...common, ...env });
    services.set(name, started);
    await untilReady(started);
  };
  await Promise.all([
    start("broker", { HANSE_PRIVATE_KEY: developmentKey(0) }),
    start("content", { HANSE_STATE_DIR: join(directory, "content") }),
    start("pool", { HANSE_PRIVATE_KEY: developmentKey(SELLER) }),
    // Nothing of it is limited but by what is sent.
    start("hub", {
      ...{ HANSE_STATE_DIR: join(directory, "hub"), HANSE_ALLOW_PRIVATE_ENDPOINTS: "true" },
      ...{ HANSE_REQUEST_LIMIT: "1000000", HANSE_STRICT_LIMIT: "1000000" },
    }),
  ]);
  await start("worker", {
    HANSE_PRIVATE_KEY: developmentKey(FIRST_WORKER),
    HANSE_STATE_DIR: join(directory, "worker"),
    HANSE_POOL_URL: service("pool").url,
    HANSE_ALLOW_PRIVATE_SOURCES: "true",
  });
}, 300_000);

afterAll(async () => {
  await Promise.all([...services.values()].map((each) => each.stop()));
  await market?.stop();
  await postgres?.stop();
  await testChain?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

function expectRefusal(sent: string, { status, body }: RawAnswer, method = "GET"): void {
  expect(status, `${sent}: ${body.slice(0, 400)}`).toBeLessThan(500);
  if (status < 400 || method === "HEAD") return;
  const told = errorBodySchema.parse(JSON.parse(body));
  expect(isErrorCode(told.code), told.code).toBe(true);
}

async function expectAlive(name: string): Promise<void> {
  expect(service(name).exit()).toBeUndefined();
  expect((await fetch(`${service(name).url}/readyz`)).status).toBe(200);
  expect((await fetch(`${service(name).url}/metrics`)).status).toBe(200);
}

describe.each(SERVICES)("%s", (name) => {
  it("answers every request to what it documents", { timeout: DEEP ? 900_000 : 120_000 }, async () => {
    const { url } = service(name);
    const document = (await (await fetch(`${url}/docs/openapi.json`)).json()) as OpenApi;
    const operations = operationsOf(document);
    if (name !== "worker") expect(operations.length).toBeGreaterThan(2);
    for (const { method, path, requests } of operations) {
      await fc.assert(
        fc.asyncProperty(requests, async (request) => {
          expectRefusal(`${method} ${path}`, await sendRaw(url, request), method);
        }),
        { seed, numRuns: RUNS },
      );
    }
    await expectAlive(name);
  });

  it("serves the document that is checked in", async () => {
    const document = await (await fetch(`${service(name).url}/docs/openapi.json`)).json();
    const file = `../../docs/openapi/${name}.json`;
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(file);
  });

  it("answers what is no request at all", { timeout: 120_000 }, async () => {
    const { url } = service(name);
    const strange = [
      { method: "GET", path: "/%00" },
      { method: "GET", path: "/v1/\u00ff\u00fe" },
      { method: "GET", path: "/v1/%ff" },
      { method: "GET", path: `/${"a/".repeat(4_000)}` },
      { method: "BREW", path: "/v1/coffee" },
      { method: "GET", path: "no slash" },
      { method: "OPTIONS", path: "*" },
      { method: "TRACE", path: "/" },
      { method: "GET", path: "/docs", headers: { "X-Long": "a".repeat(40_000) } },
      {
        method: "POST",
        path: "/v1/orders",
        headers: { "Transfer-Encoding": "gzip" },
        body: Buffer.from("0"),
      },
      {
        method: "POST",
        path: "/v1/orders",
        headers: { "Content-Encoding": "gzip" },
        body: Buffer.from("{}"),
      },
    ];
    for (const request of strange) {
      const answer = await sendRaw(url, request);
      expect(answer.status, request.path.slice(0, 40)).toBeGreaterThanOrEqual(400);
      expectRefusal(`${request.method} ${request.path.slice(0, 40)}`, answer);
    }
    await expectAlive(name);
  });
});

describe.each(["broker", "pool", "hub"])("%s", (name) => {
  it("refuses 10 MB before it reads them", { timeout: 60_000 }, async () => {
    const { url } = service(name);
    const document = (await (await fetch(`${url}/docs/openapi.json`)).json()) as OpenApi;
    const posts = operationsOf(document).filter(({ method }) => method === "POST");
    expect(posts.length).toBeGreaterThan(0);
    for (const { path } of posts) {
      const filled = path.replace(/\{\w+\}/g, `0x${"a".repeat(64)}`);
      const answer = await sendRaw(url, {
        ...{ method: "POST", path: filled, headers: { "Content-Type": "application/json" } },
        ...{ claimedLength: 10 * 1_048_576, body: Buffer.from('{"a":"') },
      });
      expect(answer.status, path).toBe(413);
      expectRefusal(path, answer);
    }
    await expectAlive(name);
  });
});
