import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { createLogger } from "#src/kernel/logger.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { layCluster } from "../support/lay-cluster.ts";

export const silent = createLogger({ service: "test", level: "silent" });

/** A directory PostgreSQL's own user can reach, also where tests run as root. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "hanse-store-"));
  await chmod(directory, 0o755);
  return directory;
}

/** A real PostgreSQL for one test file; `fresh()` gives the URL of a new, empty database. */
export async function startTestPostgres() {
  const directory = await temporaryDirectory();
  await layCluster(directory);
  const postgres: EmbeddedPostgres = await startEmbeddedPostgres({ logger: silent }, { directory });
  return {
    postgres,
    /** Starts it again, once it has ended. */
    start: (port: number) => startEmbeddedPostgres({ logger: silent }, { directory, port }),
    async fresh(): Promise<string> {
      const name = `t_${randomUUID().replaceAll("-", "")}`;
      await query(postgres.url, `create database ${name}`);
      return postgres.urlOf(name);
    },
    async stop() {
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** One statement on a connection of its own. */
export async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
