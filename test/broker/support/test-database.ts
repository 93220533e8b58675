import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { BROKER_SCHEMA } from "#src/broker/broker.ts";
import { brokerMigrations } from "#src/broker/broker-migrations.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { migrate } from "#src/store/migrations.ts";
import { layCluster } from "../../support/lay-cluster.ts";

export const silent = createLogger({ service: "test", level: "silent" });

/** A real PostgreSQL for one test file, with a database of its own for each test. */
export async function startTestPostgres() {
  const directory = await mkdtemp(join(tmpdir(), "hanse-broker-"));
  await layCluster(directory);
  const postgres = await startEmbeddedPostgres({ logger: silent }, { directory });
  const admin = new pg.Client(postgres.url);
  await admin.connect();
  let count = 0;
  return {
    /** The name of an empty database. */
    async create(): Promise<string> {
      const name = `test_${++count}`;
      await admin.query(`create database ${name}`);
      return name;
    },
    open: (name: string): Promise<Database<BrokerTables>> =>
      openDatabase<BrokerTables>({ logger: silent }, { url: postgres.urlOf(name), schema: "broker" }),
    /** A database of its own, with the broker's tables. */
    async openMigrated(): Promise<Database<BrokerTables>> {
      const database = await this.open(await this.create());
      await migrate({ database: database as never, logger: silent }, BROKER_SCHEMA, brokerMigrations);
      return database;
    },
    async stop(): Promise<void> {
      await admin.end();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
