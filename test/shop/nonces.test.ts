import { afterAll, beforeAll, expect, it } from "vitest";
import { createNonces } from "#src/shop/nonces.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "../store/test-database.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<ShopTables>;
let now = 1_000_400;
const clock = { now: () => now };
const begin = () => createNonces({ database, clock });
const at = (seconds: number) => new Date((Math.floor(now / 1_000) + seconds) * 1_000);

beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.fresh();
  database = await openDatabase<ShopTables>({ logger: silent }, { url, schema: "shop" });
  await migrate({ database: database as never, logger: silent }, "shop", shopMigrations);
}, 60_000);
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});

it("a signature that runs out while it is checked is taken neither once nor twice", async () => {
  const nonces = begin();
  const [created, expires] = [at(0), at(60)];
  const take = () => nonces.take("ANNA", "a nonce of hers", expires, created);
  expect([await take(), await take()]).toEqual([true, false]);
  // Two of the same that were looked at in time, and whose key took longer to be proved.
  now = expires.getTime() + 1;
  expect([await take(), await take()]).toEqual([false, false]);
});

it("of many that come at once each is taken once", async () => {
  const nonces = begin();
  const asked = Array.from({ length: 40 }, (_, each) => `nonce ${each % 20}`);
  const took = await Promise.all(asked.map((nonce) => nonces.take("BEN", nonce, at(60), at(0))));
  expect(took.filter(Boolean)).toHaveLength(20);
});

it.each([-1, 0, 1, 29])(
  "signed %i s ahead and taken, it is not taken by the next process, at any time",
  async (ahead) => {
    const signer = `CARL${ahead + 1}`;
    now += 100_000;
    const [created, expires] = [at(ahead), at(ahead + 60)];
    const took = (nonces: ReturnType<typeof begin>, nonce: string, signed = created) =>
      nonces.take(signer, nonce, expires, signed);
    const first = begin();
    // It began long before.
    now += 2_000;
    created.setTime(created.getTime() + 2_000);
    expect(await took(first, "once")).toBe(true);
    const second = begin();
    for (let waited = 0; waited <= 30; waited += 5) {
      expect(await took(second, "once"), `after ${waited} s`).toBe(false);
      now += 5_000;
    }
    expect(await took(second, "another", at(1)), "signed anew").toBe(true);
    // Another signer's clock is its own matter.
    expect(await second.take("DORA", `${ahead}`, at(60), at(0))).toBe(true);
  },
);
