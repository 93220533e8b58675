// Measures how long a broker needs to rebuild its book from its database, with 100,000 open orders, each time in a process
// of its own, as after a start. Beside it: how long PostgreSQL itself is busy to deliver the same columns of the same rows.
// Records `rebuild-100k` in docs/bench.json.
//   node scripts/measure/rebuild.ts [rounds]
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { BROKER_SCHEMA } from "#src/broker/broker.ts";
import { brokerMigrations } from "#src/broker/broker-migrations.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { newOrderRow } from "#src/broker/order-store.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { migrate } from "#src/store/migrations.ts";
import { openOrder } from "./rebuild/open-order.ts";
import { record } from "./record.ts";

const ORDERS = 100_000;
/** Rows in one statement: PostgreSQL takes 65,535 parameters. */
const MOST_ROWS = 2_000;
const rounds = Number(process.argv[2] ?? 5);
const logger = createLogger({ service: "measure", level: "warn" });

const directory = await mkdtemp(join(tmpdir(), "hanse-rebuild-"));
const postgres = await startEmbeddedPostgres({ logger }, { directory });
try {
  const database = await openDatabase<BrokerTables>({ logger }, { url: postgres.url, schema: BROKER_SCHEMA });
  await fill(database);
  const runs = Array.from({ length: rounds }, () => load(postgres.url));
  const delivery = await deliveryTime(database);
  await database.close();
  const [best, seconds] = [Math.min(...runs), median(runs)];
  process.stdout.write(
    `median ${seconds.toFixed(2)} s, best ${best.toFixed(2)} s; PostgreSQL ${delivery.toFixed(2)} s\n`,
  );
  await record("bench", {
    "rebuild-100k": {
      what: "the broker's book from its database, 100,000 open orders, in a fresh process",
      value: round(seconds),
      bar: 3,
      reference: `PostgreSQL alone is busy for ${round(delivery)} s to deliver these rows (\`explain (analyze, serialize)\`)`,
      unit: "s",
      command: "node scripts/measure/rebuild.ts",
      measured: `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, median of ${rounds}`,
    },
  });
} finally {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
}

async function fill(database: Database<BrokerTables>): Promise<void> {
  await migrate(
    { database: database as unknown as Database<unknown>, logger },
    BROKER_SCHEMA,
    brokerMigrations,
  );
  for (let from = 0; from < ORDERS; from += MOST_ROWS) {
    const rows = Array.from({ length: MOST_ROWS }, (_, at) => newOrderRow(openOrder(from + at)));
    await database.kysely.insertInto("orders").values(rows).execute();
  }
  // As autovacuum would have it long before a restart.
  await database.pool.query("vacuum analyze orders");
}

function load(url: string): number {
  const script = join(import.meta.dirname, "rebuild/load.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, url], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const { seconds, orders } = JSON.parse(stdout) as { seconds: number; orders: number };
  if (orders !== ORDERS) throw new Error(`the book has ${orders} orders`);
  return seconds;
}

/** @returns seconds */
async function deliveryTime(database: Database<BrokerTables>): Promise<number> {
  const { rows } = await database.pool.query(
    `explain (analyze, serialize, timing off, format json)
     select hash, signer, volume, filled, blocked, sequence, content, signature
     from orders where status = 'open' order by sequence`,
  );
  return rows[0]["QUERY PLAN"][0]["Execution Time"] / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
