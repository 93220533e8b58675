import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createManualClock } from "#src/kernel/manual-clock.ts";
import { chainTime } from "#src/shop/deals/chain-time.ts";
import { createDealStore, type DealStore } from "#src/shop/deals/deal-store.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopDatabase, ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";

// All times in seconds. Block 1 is of 1,000, and came at 1,002 by our clock.

const clock = createManualClock(1_002_000);
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: ShopDatabase;
let store: DealStore;

beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});
beforeEach(async () => {
  await database?.close();
  const url = await postgres.fresh();
  database = await openDatabase<ShopTables>({ logger: silent }, { url, schema: "shop" });
  const deps = { database: database as unknown as Database<unknown>, logger: silent };
  await migrate(deps, "shop", shopMigrations);
  store = createDealStore(database, { clock });
  await store.begin({ receipt: "0x00", genesisHash: "0x00" });
});

const block = (number: bigint, timestamp: number) =>
  store.apply(
    { block: { number, hash: `0x0${number}`, timestamp: BigInt(timestamp) }, deals: [], steps: [] },
    async () => undefined,
  );
const at = (seconds: number) => new Date(seconds * 1_000);
const now = async () => {
  const { rows } = await sql<{ time: Date | null }>`select ${chainTime} as time`.execute(database.kysely);
  return rows[0]?.time === null ? null : Number(rows[0]?.time) / 1_000;
};

it("is the last block's, and goes on where the chain ends with it", async () => {
  expect(await now()).toBeNull();
  await block(1n, 1_000);
  expect(await now()).toBe(1_000);
  await store.atHead({ number: 1n, hash: "0x01" }, at(1_100));
  expect(await now(), "less what the block took").toBe(1_098);
  await block(2n, 1_200);
  expect(await now()).toBe(1_200);
});

it("stands while blocks are there that were not dealt with, or another in the last one's place", async () => {
  await block(1n, 1_000);
  await store.atHead({ number: 2n, hash: "0x02" }, at(1_100));
  await store.atHead({ number: 1n, hash: "0x11" }, at(1_100));
  expect(await now()).toBe(1_000);
});

it("is not ours where the chain's own clock is late", async () => {
  await block(1n, 400);
  await store.atHead({ number: 1n, hash: "0x01" }, at(1_050));
  expect(await now()).toBe(448);
});

it("is not known of a block that was read before its moment was kept", async () => {
  await block(1n, 1_000);
  await database.kysely.updateTable("chain_blocks").set({ seen_at: null }).execute();
  await store.atHead({ number: 1n, hash: "0x01" }, at(5_000));
  expect(await now()).toBe(1_000);
});

it("goes back where the chain does", async () => {
  await block(1n, 1_000);
  await block(2n, 1_001);
  await store.atHead({ number: 2n, hash: "0x02" }, at(2_000));
  await store.rewind({ number: 1n, hash: "0x01" }, async () => undefined);
  expect(await now()).toBe(1_000);
});
