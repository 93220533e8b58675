import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createOnlineBoutiqueAdapter } from "#src/shop/adapters/online-boutique-adapter.ts";
import type { ShopAdapter } from "#src/shop/adapters/shop-adapter.ts";
import { createStockAdapter } from "#src/shop/adapters/stock-adapter.ts";
import type { CatalogueProduct } from "#src/shop/inventory/catalogue.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopDatabase, ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import makeAdapter from "../../../examples/shop-adapter/adapter.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";
import { type ShopSystem, startShopSystem } from "../support/shop-system.ts";

/** What every adapter has to keep to. One that counts nothing never refuses, and there is nothing else of it to see. */
interface Subject {
  readonly adapter: ShopAdapter;
  /** The same shop, seen by a process that was started anew. */
  readonly again: ShopAdapter;
  /** Two products of it. */
  readonly ids: readonly [string, string];
  readonly counts: boolean;
  /** Puts this many of both into the house. */
  stock(pieces: bigint): Promise<void>;
}

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
const opened: ShopDatabase[] = [];
const systems: ShopSystem[] = [];
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(async () => {
  for (const system of systems) await system.stop();
  for (const database of opened) await database.close();
  await postgres?.stop();
});

async function openStock(url: string): Promise<ShopDatabase> {
  const database = await openDatabase<ShopTables>({ logger: silent }, { url, schema: "shop" });
  opened.push(database);
  return database;
}

const product = (sku: string, onHand: bigint): CatalogueProduct => ({
  ...{ internalId: `own ${sku}`, sku, name: sku, description: "", imageUrl: "", categories: [] },
  ...{ priceMinor: 100n, onHand },
});

const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  "stock in PostgreSQL": async () => {
    const url = await postgres.fresh();
    const [database, other] = [await openStock(url), await openStock(url)];
    await migrate(
      { database: database as unknown as Database<unknown>, logger: silent },
      "shop",
      shopMigrations,
    );
    const adapter = createStockAdapter({ database });
    return {
      ...{ adapter, again: createStockAdapter({ database: other }), counts: true },
      ids: ["own SOCK", "own HAT"],
      stock: async (pieces) => {
        await adapter.put([product("SOCK", pieces), product("HAT", pieces)]);
      },
    };
  },
  "Online Boutique": async () => {
    const path = new URL("../../../data/online-boutique/products.json", import.meta.url).pathname;
    const open = () => createOnlineBoutiqueAdapter({ path, currency: "USD" });
    return {
      ...{ adapter: open(), again: open() },
      ...{ ids: ["OLJCESPC7Z", "66VCHSJNUP"], counts: false, stock: async () => undefined },
    };
  },
  "the example, before a shop system of another house": async () => {
    const system = await startShopSystem();
    systems.push(system);
    return {
      ...{ adapter: makeAdapter(system.url), again: makeAdapter(system.url), counts: true },
      ids: ["p-1", "p-2"],
      stock: async (pieces) => system.fill({ "p-1": Number(pieces), "p-2": Number(pieces) }),
    };
  },
};

describe.each(Object.keys(subjects))("%s", (name) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await (subjects[name] as () => Promise<Subject>)();
  });
  const left = async (): Promise<(number | null)[]> => {
    const all = await subject.adapter.catalogue();
    return subject.ids.map((id) => {
      const onHand = all.find(({ internalId }) => internalId === id)?.onHand;
      return onHand === null || onHand === undefined ? null : Number(onHand);
    });
  };
  const expectLeft = async (sock: number, hat: number) =>
    expect(await left()).toEqual(subject.counts ? [sock, hat] : [null, null]);
  const order = () => randomUUID();
  const lines = (sock: bigint, hat: bigint) =>
    [sock, hat].map((quantity, at) => ({ internalId: subject.ids[at] as string, quantity }));

  it("refuses what is not there, and takes nothing of it", async () => {
    await subject.stock(3n);
    const id = order();
    expect(await subject.adapter.take(id, lines(1n, 4n))).toBe(!subject.counts);
    await expectLeft(3, 3);
    await subject.stock(4n);
    expect(await subject.adapter.take(id, lines(1n, 4n)), "once it is there").toBe(true);
    await expectLeft(3, 0);
  });

  it("refuses a product that it does not have, with all that was ordered beside it", async () => {
    await subject.stock(3n);
    const unknown = [...lines(1n, 1n), { internalId: "none", quantity: 1n }];
    expect(await subject.adapter.take(order(), unknown)).toBe(!subject.counts);
    await expectLeft(3, 3);
  });

  it("counts lines of one product together", async () => {
    await subject.stock(3n);
    expect(await subject.adapter.take(order(), [...lines(2n, 0n), ...lines(2n, 0n)])).toBe(!subject.counts);
    await expectLeft(3, 3);
  });

  it("takes an order once, however often it is told, also at the same moment", async () => {
    await subject.stock(10n);
    const id = order();
    const told = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        (at % 2 ? subject.again : subject.adapter).take(id, lines(2n, 1n)),
      ),
    );
    expect(told).toEqual(Array(8).fill(true));
    await expectLeft(8, 9);
  });

  it("puts it back once, and only what was taken", async () => {
    await subject.stock(10n);
    const [id, never] = [order(), order()];
    await subject.adapter.take(id, lines(2n, 1n));
    for (let times = 0; times < 3; times++) await subject.adapter.putBack(id, lines(2n, 1n));
    await subject.adapter.putBack(never, lines(5n, 5n));
    await expectLeft(10, 10);
  });

  it("knows what it did after its process died between the steps", async () => {
    await subject.stock(10n);
    const id = order();
    // Taken, and dead before anybody heard of it: the next life tells it again.
    await subject.adapter.take(id, lines(1n, 1n));
    expect(await subject.again.take(id, lines(1n, 1n))).toBe(true);
    await expectLeft(9, 9);
    await subject.again.putBack(id, lines(1n, 1n));
    await subject.adapter.putBack(id, lines(1n, 1n));
    await expectLeft(10, 10);
  });

  it("never has less than nothing: 40 orders, in both orders of products, want 12", async () => {
    await subject.stock(12n);
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, at) => {
        const wish = lines(1n, 1n);
        return (at % 2 ? subject.again : subject.adapter).take(order(), at % 3 ? wish : wish.toReversed());
      }),
    );
    expect(outcomes.filter(Boolean)).toHaveLength(subject.counts ? 12 : 40);
    await expectLeft(0, 0);
  });
});

describe("stock in PostgreSQL, killed", () => {
  it("before the commit has taken nothing, and takes it when it is told again", async () => {
    const url = await postgres.fresh();
    const [database, other] = [await openStock(url), await openStock(url)];
    await migrate(
      { database: database as unknown as Database<unknown>, logger: silent },
      "shop",
      shopMigrations,
    );
    const adapter = createStockAdapter({ database });
    await adapter.put([product("SOCK", 5n)]);
    // Holds the row, so that the order's transaction is under way when its connections are cut.
    const holder = await other.pool.connect();
    await holder.query("begin");
    await holder.query("select 1 from stock for update");
    const taking = adapter.take("order 1", [{ internalId: "own SOCK", quantity: 2n }]).then(
      () => "taken",
      () => "cut off",
    );
    const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await other.pool.query(waiting)).rows.length).toBe(1);
    await other.pool.query(`select pg_terminate_backend(pid) from (${waiting}) as waiting`);
    expect(await taking).toBe("cut off");
    await holder.query("rollback");
    holder.release();
    expect((await adapter.catalogue())[0]?.onHand).toBe(5n);
    expect(await adapter.take("order 1", [{ internalId: "own SOCK", quantity: 2n }])).toBe(true);
    expect((await adapter.catalogue())[0]?.onHand).toBe(3n);
  });
});
