import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "#src/store/database.ts";
import { createKeptRows } from "#src/store/kept-rows.ts";
import { createTableVersions } from "#src/store/table-versions.ts";
import { query, silent, startTestPostgres } from "./test-database.ts";

interface Tables {
  rights: { peer: string; may: boolean };
  others: { name: string };
}

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<Tables>;
let url: string;
let loads = 0;
let mayOf: (peer: string) => Promise<boolean | undefined>;

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.fresh();
  await query(
    url,
    "create table rights (peer text primary key, may boolean); create table others (name text)",
  );
  database = await openDatabase<Tables>({ logger: silent }, { url });
}, 60_000);
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});
beforeEach(async () => {
  await sql`truncate rights`.execute(database.kysely);
  await database.kysely.insertInto("rights").values({ peer: "BEN", may: true }).execute();
  loads = 0;
  mayOf = kept(60_000);
});

const kept = (freshMs: number) =>
  createKeptRows(database.versions, {
    tables: ["rights"],
    freshMs,
    load: async (peer) => {
      loads++;
      const row = await database.kysely
        .selectFrom("rights")
        .select("may")
        .where("peer", "=", peer)
        .executeTakeFirst();
      return row?.may;
    },
  });
const forbid = (on: Pick<Database<Tables>["kysely"], "updateTable"> = database.kysely) =>
  on.updateTable("rights").set({ may: false }).where("peer", "=", "BEN").execute();

describe("what is kept counts no more", () => {
  it("after a statement that changed it", async () => {
    expect(await mayOf("BEN")).toBe(true);
    await forbid();
    expect(await mayOf("BEN")).toBe(false);
  });

  it("after a transaction that changed it, whatever was asked while it was open", async () => {
    await database.transaction(async (trx) => {
      expect(await mayOf("BEN")).toBe(true);
      await forbid(trx);
      expect(await mayOf("BEN"), "not committed yet").toBe(true);
    });
    expect(await mayOf("BEN")).toBe(false);
  });

  it.each([
    ["a truncation", "truncate rights"],
    ["a deletion by hand", "delete from rights"],
    ["an update behind a with", "with gone as (delete from rights returning peer) select * from gone"],
  ])("after %s", async (_, statement) => {
    expect(await mayOf("BEN")).toBe(true);
    await sql.raw(statement).execute(database.kysely);
    expect(await mayOf("BEN")).toBeUndefined();
  });

  it("after a change while it was being read", async () => {
    const holder = await database.pool.connect();
    await holder.query("begin; lock table rights in access exclusive mode");
    const waiting = mayOf("BEN");
    const forbidding = forbid();
    await holder.query("commit");
    holder.release();
    await forbidding;
    await waiting;
    expect(await mayOf("BEN")).toBe(false);
  });

  it("after a while, where another process changed it", async () => {
    const soon = kept(50);
    expect(await soon("BEN")).toBe(true);
    await query(url, "update rights set may = false");
    await expect.poll(() => soon("BEN"), { timeout: 2_000 }).toBe(false);
  });

  it("after a failure", async () => {
    let fails = true;
    const flaky = createKeptRows(database.versions, {
      tables: ["rights"],
      load: async () => {
        if (fails) throw new Error("away");
        return 1;
      },
    });
    await expect(flaky("BEN")).rejects.toThrow("away");
    fails = false;
    expect(await flaky("BEN")).toBe(1);
  });
});

describe("what is kept is not read again", () => {
  it("while nothing changes, whoever asks, and whatever else is written", async () => {
    await Promise.all([mayOf("BEN"), mayOf("BEN"), mayOf("BEN")]);
    await database.kysely.insertInto("others").values({ name: "x" }).execute();
    await mayOf("BEN");
    expect(loads).toBe(1);
  });

  it("after a transaction that was taken back", async () => {
    await mayOf("BEN");
    const broken = database.transaction(async (trx) => {
      await forbid(trx);
      throw new Error("taken back");
    });
    await expect(broken).rejects.toThrow("taken back");
    expect(await mayOf("BEN")).toBe(true);
    expect(loads).toBe(1);
  });
});

describe("versions", () => {
  it("know each connection's transaction from another's", () => {
    const versions = createTableVersions();
    const [one, other] = [versions.watch(), versions.watch()];
    one("begin");
    one('update "rights" set "may" = $1');
    other("begin");
    other("commit");
    expect(versions.of(["rights"])).toBe(0);
    one("rollback to savepoint a");
    one("commit");
    expect(versions.of(["rights"])).toBe(1);
    expect(versions.of(["others"])).toBe(0);
  });
});
