import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "#src/store/database.ts";
import { freePort } from "#src/store/free-port.ts";
import { query, silent, startTestPostgres } from "./test-database.ts";

interface Tables {
  account: { id: string; free: bigint; rate: string; history: bigint[] };
}

let server: Awaited<ReturnType<typeof startTestPostgres>>;
const opened: Database<Tables>[] = [];
beforeAll(async () => {
  server = await startTestPostgres();
});
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
});
afterAll(() => server.stop());

async function open(url: string, schema?: string): Promise<Database<Tables>> {
  const database = await openDatabase<Tables>(
    { logger: silent },
    { url, ...(schema ? { schema } : {}), connectTimeoutMs: 2_000 },
  );
  opened.push(database);
  return database;
}

describe("refuses", () => {
  it("a server that is not there: retryable, and without the password", async () => {
    const url = `postgres://hanse:s3cr3t@127.0.0.1:${await freePort()}/x`;
    const error: unknown = await open(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "HANSE_DATABASE_UNAVAILABLE", retryable: true });
    expect((error as Error).message + JSON.stringify(error)).not.toContain("s3cr3t");
  });

  it("a wrong password and a missing database: not retryable", async () => {
    const wrong = new URL(server.postgres.url);
    wrong.password = "guess";
    for (const url of [wrong.href, server.postgres.urlOf("nowhere")]) {
      await expect(open(url)).rejects.toMatchObject({ code: "HANSE_DATABASE_UNAVAILABLE", retryable: false });
    }
  });

  it("a schema name that could end the option and begin another", async () => {
    await expect(open(server.postgres.url, "a -c fsync=off")).rejects.toMatchObject({
      code: "HANSE_CONFIG_INVALID",
    });
  });
});

describe("values", () => {
  it("keep every digit: int8 as bigint, numeric as text, arrays and nulls too", async () => {
    const { kysely } = await open(await server.fresh());
    const { rows } = await sql<
      Record<string, unknown>
    >`select 9223372036854775807::int8 as big, 0.1000000000000000055::numeric as rate,
      array[1, null, -9223372036854775808]::int8[] as list, null::int8 as none, count(*) as counted from (values (1)) as v`.execute(
      kysely,
    );
    expect(rows).toEqual([
      {
        big: 2n ** 63n - 1n,
        rate: "0.1000000000000000055",
        list: [1n, null, -(2n ** 63n)],
        none: null,
        counted: 1n,
      },
    ]);
  });

  it("live in the schema of their application", async () => {
    const url = await server.fresh();
    await query(url, "create schema broker; create schema shop");
    const broker = await open(url, "broker");
    await sql`create table account (id text primary key, free int8 not null)`.execute(broker.kysely);
    expect(
      await query(url, "select table_schema from information_schema.tables where table_name = 'account'"),
    ).toEqual([{ table_schema: "broker" }]);
    await expect(sql`select * from account`.execute((await open(url, "shop")).kysely)).rejects.toMatchObject({
      code: "42P01",
    });
  });
});

describe("transaction", () => {
  async function withAccount() {
    const database = await open(await server.fresh());
    await sql`create table account (id text primary key, free int8 not null)`.execute(database.kysely);
    await sql`insert into account values ('a', 0)`.execute(database.kysely);
    return database;
  }

  it("leaves nothing behind when it fails, and passes constraint violations on", async () => {
    const database = await withAccount();
    const failing = database.transaction(async (trx) => {
      await sql`update account set free = 5`.execute(trx);
      await sql`insert into account values ('a', 1)`.execute(trx);
    });
    await expect(failing).rejects.toMatchObject({ code: "23505" });
    expect((await sql<{ free: bigint }>`select free from account`.execute(database.kysely)).rows).toEqual([
      { free: 0n },
    ]);
  });

  it("repeats on serialization failures, so that no increment is lost", async () => {
    const database = await withAccount();
    let runs = 0;
    const increment = () =>
      database.transaction(
        async (trx) => {
          runs++;
          const { rows } = await sql<{ free: bigint }>`select free from account where id = 'a'`.execute(trx);
          await sql`update account set free = ${(rows[0]?.free ?? 0n) + 1n} where id = 'a'`.execute(trx);
        },
        { isolation: "serializable", retries: 50 },
      );
    await Promise.all(Array.from({ length: 8 }, increment));
    expect((await sql<{ free: bigint }>`select free from account`.execute(database.kysely)).rows).toEqual([
      { free: 8n },
    ]);
    expect(runs, "they met, or this test proves nothing").toBeGreaterThan(8);
  });
});

describe("advisory lock", () => {
  it("has one holder, across processes' connections, until it is released", async () => {
    const url = await server.fresh();
    const [one, two] = [await open(url), await open(url)];
    const held = await one.tryAdvisoryLock("market:1");
    expect(held).toBeDefined();
    expect(await two.tryAdvisoryLock("market:1")).toBeUndefined();
    const other = await two.tryAdvisoryLock("market:2");
    expect(other).toBeDefined();
    expect(held?.signal.aborted).toBe(false);
    await held?.release();
    expect(held?.signal.aborted).toBe(true);
    const taken = await two.tryAdvisoryLock("market:1");
    expect(taken).toBeDefined();
    await Promise.all([other?.release(), taken?.release()]);
  });

  it("tells its holder when the connection, and so the lock, is lost", async () => {
    const url = await server.fresh();
    const database = await open(url);
    const lock = await database.tryAdvisoryLock("market:1");
    await query(
      url,
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
    );
    await expect.poll(() => lock?.signal.aborted).toBe(true);
    expect(lock?.signal.reason).toMatchObject({ code: "HANSE_DATABASE_UNAVAILABLE" });
    const again = await database.tryAdvisoryLock("market:1");
    expect(again).toBeDefined();
    await again?.release();
  });
});

it("survives its connections being cut", async () => {
  const url = await server.fresh();
  const database = await open(url);
  await query(
    server.postgres.url,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${new URL(url).pathname.slice(1)}'`,
  );
  await database.ping().catch(() => undefined);
  await database.ping();
});

it("tells the user of a connection that broke between two statements of a transaction, and lives on", async () => {
  const url = await server.fresh();
  const database = await open(url);
  const broken = database.transaction(async (trx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    await query(server.postgres.url, `select pg_terminate_backend(${rows[0]?.pid})`);
    // Nothing is asked while the news arrives.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await sql`select 1`.execute(trx);
  });
  await expect(broken).rejects.toMatchObject({ code: "HANSE_DATABASE_UNAVAILABLE", retryable: true });
  await database.ping();
});

it("names a server that went away in whatever is asked, and is as before when it is back", async () => {
  const own = await startTestPostgres();
  const { port } = own.postgres;
  const database = await open(own.postgres.url);
  await sql`create table account (id text primary key, free int8 not null)`.execute(database.kysely);
  const waiting = database.kysely.selectNoFrom(sql`pg_sleep(30)`.as("slept")).execute();
  const away = { code: "HANSE_DATABASE_UNAVAILABLE", retryable: true };
  const broken = expect(waiting).rejects.toMatchObject(away);
  await own.postgres.stop();
  await broken;
  await expect(database.kysely.selectFrom("account").selectAll().execute()).rejects.toMatchObject(away);
  await expect(
    database.transaction((trx) => trx.deleteFrom("account").executeTakeFirst()),
  ).rejects.toMatchObject(away);
  const again = await own.start(port);
  expect(await database.kysely.selectFrom("account").selectAll().execute()).toEqual([]);
  await expect(sql`select * from nothing`.execute(database.kysely)).rejects.toMatchObject({ code: "42P01" });
  await database.close();
  opened.splice(opened.indexOf(database), 1);
  await again.stop();
  await own.stop();
});
