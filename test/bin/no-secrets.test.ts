import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { developmentKey } from "#src/chain/development-keys.ts";
import { stringifyJson } from "#src/http/json.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { startTestChain, type TestChain } from "../e2e/chain-fixture.ts";
import { openTestMarket, SELLER, type TestMarket } from "../e2e/market-fixture.ts";
import { type ServiceProcess, spawnService, untilReady } from "../e2e/service-process.ts";
import { query, startTestPostgres, temporaryDirectory } from "../store/test-database.ts";
import { QUERY_KEY, RPC_KEY, type RpcGateway, startRpcGateway } from "./rpc-gateway.ts";

// Hub service and shops: no-secrets-of-shops.test.ts.
// Given services whose keys, tokens, database and RPC address are secret, logging all they can, then neither their output
// nor anything they answer shows one
// - when all is well, and when callers err
// - when the database refuses the password
// - when the RPC endpoint, which has its key in path, query and credentials, fails or does not answer
// - when an option is wrong

const PASSWORD = "p@ss-Wort/9#geheim";
const USER = "dbuser";
const RPC_PASSWORD = "rpc-pa55w0rd";
const TOKEN = "upload-token-0123456789";
const BEARER = "Bearer stranger-bearer-token-4711";
const KEY = developmentKey(SELLER);

/** As they are, and as a URL writes or reads them. */
const SECRETS = [PASSWORD, encodeURIComponent(PASSWORD), RPC_KEY, QUERY_KEY, RPC_PASSWORD].concat([
  TOKEN,
  BEARER.slice("Bearer ".length),
  KEY,
  KEY.slice(2),
  developmentKey(0).slice(2),
]);

let testChain: TestChain;
let market: TestMarket;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let directory: string;
let gateway: RpcGateway;
const started: ServiceProcess[] = [];

beforeAll(async () => {
  [testChain, postgres, directory] = await Promise.all([
    startTestChain({ categories: [{ roundBlocks: 60, deadlineBlocks: 300 }] }),
    startTestPostgres(),
    temporaryDirectory(),
  ]);
  market = await openTestMarket(testChain, 0);
  await writeFile(join(directory, "deployment.json"), stringifyJson(testChain.deployment));
  gateway = await startRpcGateway(testChain.rpcUrl);
}, 300_000);

afterAll(async () => {
  await Promise.all(started.map((each) => each.stop()));
  gateway?.stop();
  await market?.stop();
  await postgres?.stop();
  await testChain?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

async function spawn(name: string, env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
  const service = await spawnService(name, {
    ...{ HANSE_LOG_LEVEL: "trace", HANSE_RPC_URL: gateway.url, HANSE_POLL_MS: "200" },
    ...{ HANSE_DEPLOYMENT: join(directory, "deployment.json"), HANSE_PRIVATE_KEY: KEY },
    ...{
      HANSE_POOL: assetIdToHex(market.pool),
      HANSE_CONTENT_URL: market.contentUrl,
      HANSE_UPLOAD_TOKEN: TOKEN,
    },
    ...{ HANSE_STATE_DIR: join(directory, name), HANSE_POOL_URL: "http://127.0.0.1:9", DATABASE_URL: "" },
    ...env,
  });
  started.push(service);
  return service;
}

function expectNoSecret(what: string, text: string): void {
  for (const secret of SECRETS) {
    const at = text.indexOf(secret);
    expect(at, `${what} shows ${secret}: ${text.slice(Math.max(at - 200, 0), at + 60)}`).toBe(-1);
  }
}

async function ask(service: ServiceProcess, path: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(`${service.url}${path}`, {
    ...init,
    headers: { authorization: BEARER, cookie: `session=${BEARER}`, ...init.headers },
  });
  expectNoSecret(`${service.name}${path}`, JSON.stringify([...response.headers]) + (await response.text()));
}

const PATHS = [
  "/healthz",
  "/readyz",
  "/metrics",
  "/docs",
  "/docs/openapi.json",
  "/v1/nothing",
  "/v1/tasks?limit=x",
];

it("shows none while it serves, and while its node fails", { timeout: 240_000 }, async () => {
  await query(postgres.postgres.url, `create role ${USER} superuser login password '${PASSWORD}'`);
  const url = new URL(await postgres.fresh());
  url.username = USER;
  url.password = PASSWORD;
  const services = await Promise.all([
    spawn("broker", { DATABASE_URL: url.href, HANSE_PRIVATE_KEY: developmentKey(0) }),
    spawn("pool", { DATABASE_URL: url.href }),
    spawn("content"),
  ]);
  await Promise.all(services.map((service) => untilReady(service)));
  for (const answers of ["well", "refuses"] as const) {
    gateway.answers = answers;
    for (const service of services) {
      for (const path of PATHS) await ask(service, path);
      await ask(service, "/v1/orders", { method: "POST", body: `{"privateKey":"${KEY}"` });
      await ask(service, "/v1/content", { method: "PUT", body: "content" });
    }
    await new Promise((resolve) => setTimeout(resolve, 2_500));
  }
  gateway.answers = "well";
  await Promise.all(services.map((service) => service.stop()));
  for (const service of services) {
    expect(service.output().length, service.name).toBeGreaterThan(100);
    expectNoSecret(`the log of ${service.name}`, service.output());
  }
  // They did fail, and said so.
  expect(services.map((service) => service.output()).join()).toContain("HANSE_RPC_UNAVAILABLE");
});

it("shows none when it cannot start", { timeout: 240_000 }, async () => {
  const wrong = new URL(await postgres.fresh());
  wrong.password = PASSWORD;
  wrong.pathname = "/no-such-database";
  const nowhere = `http://${USER}:${RPC_PASSWORD}@127.0.0.1:9/v3/${RPC_KEY}?apikey=${QUERY_KEY}`;
  const failing = await Promise.all([
    spawn("broker", { DATABASE_URL: wrong.href }),
    spawn("pool", { DATABASE_URL: wrong.href }),
    spawn("broker", { DATABASE_URL: `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:9/x` }),
    spawn("pool", { DATABASE_URL: wrong.href, HANSE_RPC_URL: nowhere }),
    spawn("worker", { HANSE_RPC_URL: nowhere }),
    spawn("worker", { HANSE_PRIVATE_KEY: `${KEY}00` }),
    spawn("broker", {
      DATABASE_URL: wrong.href,
      HANSE_RPC_URL: `ftp://${USER}:${RPC_PASSWORD}@127.0.0.1/${RPC_KEY}`,
    }),
    spawn("content", { HANSE_UPLOAD_TOKEN: TOKEN.slice(0, 15) }),
  ]);
  await Promise.all(failing.map((service) => service.ended));
  for (const service of failing) {
    expect(service.exit(), service.name).not.toBe("0");
    expect(service.output(), service.name).toMatch(/HANSE_[A-Z_]+/);
    expectNoSecret(`the log of ${service.name}`, service.output());
    expect(service.output()).not.toContain(TOKEN.slice(0, 15));
  }
});
