import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { brokerMigrations } from "#src/broker/broker-migrations.ts";
import { openPostgresJournal } from "#src/chain/postgres-journal.ts";
import { registerContentService } from "#src/content/content-service.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { createServer, type HttpServer } from "#src/http/server.ts";
import { createLogger, type Logger, type LogLevel } from "#src/kernel/logger.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { poolMigrations } from "#src/pool/pool-migrations.ts";
import { openDatabase } from "#src/store/database.ts";
import { startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { migrate } from "#src/store/migrations.ts";
import { layCluster } from "../../support/lay-cluster.ts";
import { CONTENTS, type OpenedMarket, openMarket } from "./opened-market.ts";

/** Statements on one connection, one after the other whoever asks. */
export interface Statements {
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<Row>>;
}

/** What all seeds of a file share: a chain with an open market, a PostgreSQL, a content service. */
export interface Bench {
  readonly market: OpenedMarket;
  readonly databaseUrl: string;
  /** A connection of the simulation's own. */
  readonly admin: Statements;
  readonly content: HttpServer;
  readonly logger: Logger;
  /** Everything is as it was before the first seed. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function createBench(level: LogLevel = "silent"): Promise<Bench> {
  const logger = createLogger({ service: "simulation", level });
  const directory = await mkdtemp(join(tmpdir(), "hanse-simulation-db-"));
  await chmod(directory, 0o755);
  await layCluster(directory);
  const [market, postgres] = await Promise.all([
    openMarket(),
    startEmbeddedPostgres({ logger }, { directory }),
  ]);
  const client = new pg.Client(postgres.url);
  await client.connect();
  let turn: Promise<unknown> = Promise.resolve();
  const admin: Statements = {
    query(text, values) {
      const mine = turn.then(() => client.query(text, values));
      turn = mine.catch(() => undefined);
      return mine as never;
    },
  };
  // The server itself is killed nowhere here: it need not wait for the disk.
  for (const setting of ["fsync", "synchronous_commit", "full_page_writes"])
    await admin.query(`alter system set ${setting} = off`);
  await admin.query("select pg_reload_conf()");
  const database = await openDatabase<unknown>({ logger }, { url: postgres.url, poolSize: 1 });
  await migrate({ database, logger }, "broker", brokerMigrations);
  await migrate({ database, logger }, "pool", poolMigrations);
  for (const schema of ["broker_journal", "pool_journal"])
    await openPostgresJournal({ database, logger }, schema);
  await database.close();
  const { rows: tables } = await admin.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname in ('broker', 'pool', 'broker_journal', 'pool_journal') and tablename <> 'migration'`,
  );
  const { rows: sequences } = await admin.query<{ name: string }>(
    "select format('%I.%I', schemaname, sequencename) as name from pg_sequences",
  );
  // Truncation makes new files for every table and index, which costs fifty times as much as deleting what a seed left.
  const empty = [
    // One transaction; nobody's trigger or foreign key has a say in it.
    "set local session_replication_role = replica",
    ...tables.map(({ name }) => `delete from ${name}`),
    `select ${sequences.map(({ name }) => `setval('${name}', 1, false)`).join(", ")}`,
  ].join(";");

  const store = createMemoryContentStore();
  for (const content of Object.values(CONTENTS)) await store.put(content);
  const metrics = createMetrics({ service: "content", processMetrics: false });
  const content = await createServer({ logger, metrics }, { name: "content" });
  await registerContentService(content, { store });
  await content.ready();

  return {
    ...{ market, admin, content, logger, databaseUrl: postgres.url },
    async reset() {
      await admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
      );
      await admin.query(empty);
      await market.chain.reset();
    },
    async close() {
      await content.close();
      await market.chain.close();
      await client.end();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
