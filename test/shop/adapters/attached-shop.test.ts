import { rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { developmentKey } from "#src/chain/development-keys.ts";
import { stringifyJson } from "#src/http/json.ts";
import type { ShopTables } from "#src/shop/shop-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import { type ServiceProcess, spawnService, untilReady } from "../../e2e/service-process.ts";
import { silent, startTestPostgres, temporaryDirectory } from "../../store/test-database.ts";
import { type GoodsChain, startGoodsChain } from "../support/market-shops.ts";
import { type ShopSystem, startShopSystem } from "../support/shop-system.ts";

// `hanse shop start` as a process, before a shop system of another house.

let chain: GoodsChain;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let folder: string;
let system: ShopSystem;
const lives: ServiceProcess[] = [];

beforeAll(async () => {
  [chain, postgres, folder, system] = await Promise.all([
    startGoodsChain(),
    startTestPostgres(),
    temporaryDirectory(),
    startShopSystem(),
  ]);
  system.fill({ "p-1": 5, "p-2": 0 });
}, 120_000);
afterAll(async () => {
  for (const life of lives) await life.stop();
  await system?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function start(databaseUrl: string, env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const manifest = join(folder, "deployment.json");
  await writeFile(manifest, stringifyJson(chain.deployment));
  const life = await spawnService("shop", {
    ...{ HANSE_RPC_URL: chain.rpcUrl, HANSE_DEPLOYMENT: manifest, DATABASE_URL: databaseUrl },
    ...{ HANSE_STATE_DIR: join(folder, "shop"), HANSE_PRIVATE_KEY: developmentKey(5) },
    ...{ HANSE_SHOP_CODE: "ANNA", HANSE_SHOP_OWNER_TOKEN: "the owner's token of this test" },
    ...{ HANSE_SHOP_RATES: "USD=0.25", HANSE_ALLOW_PRIVATE_ENDPOINTS: "true", HANSE_SHOP_ADAPTER: "custom" },
    ...env,
  });
  lives.push(life);
  return life;
}

it("is not started without a module, or with one that makes no adapter", { timeout: 60_000 }, async () => {
  const databaseUrl = await postgres.fresh();
  const none = join(folder, "none.mjs");
  await writeFile(none, "export default () => ({});");
  for (const env of [{}, { HANSE_SHOP_ADAPTER_MODULE: none }]) {
    const life = await start(databaseUrl, env);
    await life.ended;
    expect(life.exit()).not.toBe("0");
    expect(life.output()).toContain("HANSE_CONFIG_INVALID");
  }
});

it("sells what the system has, as it changes", { timeout: 90_000 }, async () => {
  const url = await postgres.fresh();
  const life = await start(url, {
    HANSE_SHOP_ADAPTER_MODULE: resolve("examples/shop-adapter/adapter.ts"),
    ...{ SHOP_SYSTEM_URL: system.url, HANSE_SHOP_SYNC_SECONDS: "1" },
  });
  await untilReady(life);
  const database = await openDatabase<ShopTables>({ logger: silent }, { url, schema: "shop" });
  try {
    const products = async () =>
      await database.kysely.selectFrom("products").select(["sku", "on_hand"]).orderBy("sku").execute();
    const expected = (pieces: bigint) => [
      { sku: "GIFT", on_hand: null },
      { sku: "SKU-1", on_hand: pieces },
      { sku: "SKU-2", on_hand: 0n },
    ];
    await expect.poll(products, { timeout: 20_000 }).toEqual(expected(5n));
    system.fill({ "p-1": 4 });
    await expect.poll(products, { timeout: 20_000 }).toEqual(expected(4n));
  } finally {
    await database.close();
  }
  await life.stop();
  expect(life.exit()).toBe("0");
});
