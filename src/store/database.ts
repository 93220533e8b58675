import { Kysely, PostgresDialect, sql, type Transaction } from "kysely";
import pg from "pg";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type AdvisoryLock, acquireAdvisoryLock } from "./advisory-lock.ts";
import { columnTypes } from "./column-types.ts";
import { kyselyPool } from "./kysely-pool.ts";
import { createTableVersions, type TableVersions } from "./table-versions.ts";

export interface DatabaseOptions {
  /** Connection string of PostgreSQL. */
  readonly url: string;
  /** The PostgreSQL schema of the application; unqualified names mean its tables. */
  readonly schema?: string;
  /** Connections at most; 10 unless told. */
  readonly poolSize?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  /** Time in milliseconds to get a connection; 5 s unless told. */
  readonly connectTimeoutMs?: number;
}

export interface TransactionOptions {
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  /** Attempts after the first when PostgreSQL asks to repeat (serialization failure, deadlock); 4 unless told. */
  readonly retries?: number;
}

export interface Database<Tables> {
  /**
   * Query builder; int8 arrives as bigint, numeric as text, timestamptz as Date.
   * @throws HanseError HANSE_DATABASE_UNAVAILABLE, HANSE_DISK_FULL; everything else as PostgreSQL says it
   */
  readonly kysely: Kysely<Tables>;
  /** The pool itself, for measurements and tests; its failures are as `pg` throws them. Services ask by `kysely`. */
  readonly pool: pg.Pool;
  /** What this process has written by `kysely`: for those who keep in memory what they read. */
  readonly versions: TableVersions;
  /** Runs `work` in a transaction; it may run several times, so it must have no other effects. */
  transaction<Value>(
    work: (trx: Transaction<Tables>) => Promise<Value>,
    options?: TransactionOptions,
  ): Promise<Value>;
  /**
   * A lock held by one process in the whole cluster, on a connection of its own.
   * @returns undefined when another holds it; `lock.signal` aborts when the connection, and with it the lock, is lost
   */
  tryAdvisoryLock(name: string): Promise<AdvisoryLock | undefined>;
  /** @throws HanseError HANSE_DATABASE_UNAVAILABLE */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a pool and proves that the server answers. */
export async function openDatabase<Tables>(
  deps: { logger: Logger },
  options: DatabaseOptions,
): Promise<Database<Tables>> {
  const connection = connectionOf(options);
  const pool = new pg.Pool({ ...connection, max: options.poolSize ?? 10, types: columnTypes });
  // An idle connection that breaks (server restart) must not end the process: the pool opens another.
  pool.on("error", (error) => deps.logger.warn({ err: error }, "a database connection was lost"));
  // The pool listens to idle connections only. One that breaks between two statements of a transaction would end the process:
  // its user hears of it by the next statement.
  pool.on("connect", (client) => {
    client.on("error", (error) => deps.logger.debug({ err: error }, "a database connection broke in use"));
  });
  const versions = createTableVersions();
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: kyselyPool(pool, versions) }) });
  const database: Database<Tables> = {
    kysely,
    pool,
    versions,
    async transaction(work, { isolation = "read committed", retries = 4 } = {}) {
      for (let attempt = 0; ; attempt++) {
        try {
          return await kysely.transaction().setIsolationLevel(isolation).execute(work);
        } catch (error) {
          if (attempt >= retries || !asksToRepeat(error)) throw error;
        }
      }
    },
    tryAdvisoryLock: (name) => acquireAdvisoryLock(connection, name),
    async ping() {
      await sql`select 1`.execute(kysely);
    },
    close: () => kysely.destroy(),
  };
  try {
    await database.ping();
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

function connectionOf(options: DatabaseOptions): pg.ClientConfig {
  const { url, schema, applicationName = "hanse", connectTimeoutMs = 5_000 } = options;
  // The name goes into a startup option, where quoting would be needed: plain names only.
  if (schema !== undefined && !/^[a-z][a-z0-9_]{0,62}$/.test(schema)) {
    throw new HanseError("HANSE_CONFIG_INVALID", `${schema} is no name for a schema`, {
      details: { schema },
    });
  }
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    ...(schema === undefined ? {} : { options: `-c search_path=${schema}` }),
  };
}

function asksToRepeat(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "40001" || code === "40P01";
}
