import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createHubClient } from "#src/client/hub-client.ts";
import { stringifyJson } from "#src/http/json.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { freePort } from "#src/store/free-port.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { type ServiceProcess, spawnService, untilReady } from "../e2e/service-process.ts";
import { startTestPostgres, temporaryDirectory } from "../store/test-database.ts";
import { type HubChainFixture, startHubChain } from "./support/hub-chain.ts";
import { until } from "./support/test-hub.ts";
import { startTestShop, type TestShop } from "./support/test-shop.ts";

// Given the service as a process, and eight members that are told of each other, when it is killed with SIGKILL again and again
// in the middle of its deliveries
// - every member hears of every change
// - what came twice has one id
// - sessions and the service's key are as before, and no log shows them

const OWNER = 1;
const MEMBERS = 8;
let chain: HubChainFixture;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let directory: string;
let life: ServiceProcess | undefined;
const lives: ServiceProcess[] = [];
const shops: TestShop[] = [];

beforeAll(async () => {
  [chain, postgres, directory] = await Promise.all([
    startHubChain([OWNER]),
    startTestPostgres(),
    temporaryDirectory(),
  ]);
}, 120_000);
afterAll(async () => {
  await life?.stop();
  await Promise.all(shops.map((shop) => shop.stop()));
  await postgres?.stop();
  await chain?.stop();
  await rm(directory, { recursive: true, force: true });
});

it("tells everybody everything, however often it is killed", { timeout: 240_000 }, async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const manifest = join(directory, "deployment.json");
  await writeFile(manifest, stringifyJson(chain.deployment));
  const env = {
    ...{ HANSE_RPC_URL: chain.rpcUrl, HANSE_DEPLOYMENT: manifest },
    ...{
      DATABASE_URL: await postgres.fresh(),
      HANSE_STATE_DIR: join(directory, "hub"),
      HANSE_PUBLIC_URL: url,
    },
    ...{ HANSE_ALLOW_PRIVATE_ENDPOINTS: "true", HANSE_DELIVERY_DELAY_S: "1", HANSE_POLL_MS: "100" },
    HANSE_LOG_LEVEL: "trace",
  };
  const start = async () => {
    life = await spawnService("hub", env, port);
    lives.push(life);
    await untilReady(life);
  };
  await start();
  const client = createHubClient({}, { baseUrl: url });
  const session = await client.signIn(testAccount(OWNER));
  const { key } = await client.info();
  const { address: owner } = testAccount(OWNER);
  for (let i = 0; i < MEMBERS; i++) {
    const shop = await startTestShop({ chainId: 31_337, hub: chain.hub, owner, code: `MEMBER${i}` });
    shop.hubKey = key;
    // Slow, so that there is a middle.
    shop.answer = () => new Promise((resolve) => setTimeout(resolve, 300, 204));
    shops.push(shop);
    await chain.join(OWNER, { code: shop.said.code, key: shop.key.publicKey, endpoint: shop.endpoint });
  }
  const total = () => shops.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
  for (const { said } of shops.slice(0, 4)) {
    await chain.rotate(OWNER, said.code, generateShopKey().key.publicKey, 60);
    const before = total();
    await until("a delivery is under way", () => total() > before, 60_000);
    await life?.kill();
    await start();
  }
  const told = (shop: TestShop, type: string, of: TestShop) =>
    shop.deliveries.some((each) => each.code === of.said.code && each.type === type);
  // Each hears of itself, of all who came after it, and of all who changed their keys.
  await until(
    "all is told",
    () =>
      shops.every(
        (shop, index) =>
          shops.slice(index).every((each) => told(shop, "joined", each)) &&
          shops.slice(0, 4).every((each) => told(shop, "rotated", each)),
      ),
    120_000,
  );
  for (const shop of shops) {
    const ids = new Map(shop.deliveries.map(({ id, code, type }) => [id, `${type} ${code}`]));
    // As many ids as changes: what was told twice was told under one.
    expect(ids.size).toBe(new Set(ids.values()).size);
    expect(shop.refused).toEqual([]);
  }
  expect((await client.info()).key).toBe(key);
  const renewed = await client.refresh(session.refreshToken);
  expect(renewed.account).toBe(owner);
  // Nothing that opens anything is in its logs.
  const seed = (await readFile(join(directory, "hub", "hub.key"), "utf8")).trim();
  const secrets = [session, renewed].flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]);
  for (const secret of [...secrets, seed, seed.slice(2)]) {
    for (const { output } of lives) expect(output()).not.toContain(secret);
  }
});
