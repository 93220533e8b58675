import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "#src/store/database.ts";
import { type Migration, migrate } from "#src/store/migrations.ts";
import { query, silent, startTestPostgres } from "./test-database.ts";

const first: Migration = {
  id: "0001-orders",
  sql: "create table orders (id text primary key); create index on orders (id)",
};
const second: Migration = { id: "0002-price", sql: "alter table orders add price int8 not null default 0" };
const broken: Migration = { id: "0003-broken", sql: "create table half (id int); select no_such_function()" };

let server: Awaited<ReturnType<typeof startTestPostgres>>;
let url: string;
let database: Database<unknown>;
beforeAll(async () => {
  server = await startTestPostgres();
});
beforeEach(async () => {
  url = await server.fresh();
  database = await openDatabase({ logger: silent }, { url });
});
afterEach(() => database.close());
afterAll(() => server.stop());

const run = (...migrations: Migration[]) => migrate({ database, logger: silent }, "broker", migrations);
const tables = async () => {
  const rows = await query<{ name: string }>(
    url,
    "select table_schema || '.' || table_name as name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') order by 1",
  );
  return rows.map(({ name }) => name);
};

describe("refuses", () => {
  it("a migration that was changed after it was applied", async () => {
    await run(first);
    const changed = { ...first, sql: `${first.sql} `.replace("text", "int8") };
    await expect(run(changed, second)).rejects.toMatchObject({
      code: "HANSE_DATABASE_MIGRATION_CHANGED",
      details: { migration: "0001-orders" },
    });
    expect(await query(url, "select count(*)::int as n from broker.migration")).toEqual([{ n: 1 }]);
  });

  it("one that was renamed, or pushed in before", async () => {
    await run(first);
    await expect(run({ ...first, id: "0001-order-book" })).rejects.toMatchObject({
      code: "HANSE_DATABASE_MIGRATION_CHANGED",
    });
    await expect(run({ id: "0000-earlier", sql: "select 1" }, first)).rejects.toMatchObject({
      code: "HANSE_DATABASE_MIGRATION_CHANGED",
    });
  });

  it("a database that a newer version has used", async () => {
    await run(first, second);
    await expect(run(first)).rejects.toMatchObject({
      code: "HANSE_DATABASE_MIGRATION_UNKNOWN",
      details: { unknown: ["0002-price"] },
    });
  });

  it("a step that fails, and with it every step of the call", async () => {
    await run(first);
    await expect(run(first, second, broken)).rejects.toMatchObject({
      code: "HANSE_DATABASE_MIGRATION_FAILED",
      details: { migration: "0003-broken" },
    });
    expect(await tables()).toEqual(["broker.migration", "broker.orders"]);
    expect(await query(url, "select id from broker.migration")).toEqual([{ id: "0001-orders" }]);
  });

  it("ids that are not ascending and unique, and odd schema names", async () => {
    await expect(run(second, first)).rejects.toMatchObject({ code: "HANSE_INTERNAL" });
    await expect(run(first, first)).rejects.toMatchObject({ code: "HANSE_INTERNAL" });
    await expect(migrate({ database, logger: silent }, 'x"; drop', [first])).rejects.toMatchObject({
      code: "HANSE_INTERNAL",
    });
  });
});

it("applies what is pending, in the application's own schema, and nothing twice", async () => {
  expect(await run(first)).toEqual({ applied: ["0001-orders"], total: 1 });
  expect(await run(first, second)).toEqual({ applied: ["0002-price"], total: 2 });
  expect(await run(first, second)).toEqual({ applied: [], total: 2 });
  await migrate({ database, logger: silent }, "shop", [first]);
  expect(await tables()).toEqual(["broker.migration", "broker.orders", "shop.migration", "shop.orders"]);
});

it("lets one of many work while the others wait and find it done", async () => {
  const others = await Promise.all(
    Array.from({ length: 4 }, () => openDatabase({ logger: silent }, { url, poolSize: 1 })),
  );
  const outcomes = await Promise.all(
    others.map((each) => migrate({ database: each, logger: silent }, "broker", [first, second])),
  );
  expect(outcomes.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 0, 2]);
  await Promise.all(others.map((each) => each.close()));
});

it("keeps its record in place when a step changes the search path", async () => {
  await run(
    first,
    { id: "0002-stray", sql: "set search_path to public" },
    { id: "0003-after", sql: "create table later (id int)" },
  );
  expect(await tables()).toEqual(["broker.later", "broker.migration", "broker.orders"]);
});
