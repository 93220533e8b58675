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
const BAR_S = 3;
const LIMIT =
  "CPU time of the one process: more than half of it is taking 1.4 kB of JSON an order from PostgreSQL and parsing it, of which near half are members that are zero; a fifth each are decoding and the book";
const rounds = Number(process.argv[2] ?? 5);
const logger = createLogger({ service: "measure", level: "warn" });

interface Load {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly orders: number;
}

const directory = await mkdtemp(join(tmpdir(), "hanse-rebuild-"));
const postgres = await startEmbeddedPostgres({ logger }, { directory });
try {
  const database = await openDatabase<BrokerTables>({ logger }, { url: postgres.url, schema: BROKER_SCHEMA });
  await fill(database);
  const runs = Array.from({ length: rounds }, () => load(postgres.url));
  const delivery = await deliveryTime(database);
  await database.close();
  const [best] = runs.toSorted((a, b) => a.seconds - b.seconds);
  if (best === undefined) throw new Error("nothing was measured");
  const [seconds, cpuSeconds, alone] = [best.seconds, best.cpuSeconds, delivery].map(round);
  process.stdout.write(`best ${seconds} s, ${cpuSeconds} s of CPU time; PostgreSQL ${alone} s\n`);
  await record("bench", {
    "rebuild-100k": {
      what: "the broker's book from its database, 100,000 open orders, in a fresh process",
      value: seconds ?? Number.NaN,
      bar: BAR_S,
      reference: `${cpuSeconds} s of CPU time; PostgreSQL alone is busy for ${alone} s to deliver these rows (\`explain (analyze, serialize)\`)`,
      unit: "s",
      command: "node scripts/measure/rebuild.ts",
      measured: `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, best of ${rounds}`,
      ...(best.seconds > BAR_S ? { limit: LIMIT } : {}),
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

function load(url: string): Load {
  const script = join(import.meta.dirname, "rebuild/load.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, url], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const run = JSON.parse(stdout) as Load;
  if (run.orders !== ORDERS) throw new Error(`the book has ${run.orders} orders`);
  return run;
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

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
