import { createHash } from "node:crypto";
import { sql } from "kysely";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Database } from "./database.ts";

/** One step of a schema. It is text, for its checksum must be the same however the program was compiled. */
export interface Migration {
  /** Says what it does, such as `0001-orders`. Never changed once released. */
  readonly id: string;
  /** SQL; unqualified names belong to the application's schema. */
  readonly sql: string;
}

export interface MigrationOutcome {
  /** Ids applied by this call, in order. */
  readonly applied: readonly string[];
  /** How many the database has now. */
  readonly total: number;
}

interface Recorded {
  readonly ordinal: number;
  readonly id: string;
  readonly checksum: string;
}

/**
 * Brings an application's PostgreSQL schema to the state its code expects. All pending steps are one transaction:
 * either all are applied or none. Several processes may call at once: one works, the others find it done.
 * @throws HanseError HANSE_DATABASE_MIGRATION_CHANGED when an applied step was edited, renamed or moved;
 * HANSE_DATABASE_MIGRATION_UNKNOWN when the database has steps this program does not know;
 * HANSE_DATABASE_MIGRATION_FAILED when a step fails
 */
export async function migrate(
  deps: { database: Database<unknown>; logger: Logger },
  schema: string,
  migrations: readonly Migration[],
): Promise<MigrationOutcome> {
  assertWellFormed(schema, migrations);
  const name = sql.id(schema);
  return deps.database.transaction(async (trx) => {
    // Held until the transaction ends, so that nobody reads the record before our steps are in it.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`hanse:migrate:${schema}`}, 0))`.execute(trx);
    await sql`create schema if not exists ${name}`.execute(trx);
    await sql`set local search_path to ${name}`.execute(trx);
    await sql`create table if not exists migration (
      ordinal integer primary key, id text not null unique, checksum text not null,
      applied_at timestamptz not null default now())`.execute(trx);
    const { rows } =
      await sql<Recorded>`select ordinal, id, checksum from migration order by ordinal`.execute(trx);
    assertSameHistory(schema, rows, migrations);
    const pending = migrations.slice(rows.length);
    for (const [index, migration] of pending.entries()) {
      const ordinal = rows.length + index + 1;
      try {
        await sql.raw(migration.sql).execute(trx);
      } catch (cause) {
        throw new HanseError(
          "HANSE_DATABASE_MIGRATION_FAILED",
          `Migration ${migration.id} of ${schema} failed`,
          {
            cause,
            details: { schema, migration: migration.id },
          },
        );
      }
      // A step that set another search_path must not lead the record, or the next step, elsewhere.
      await sql`set local search_path to ${name}`.execute(trx);
      await sql`insert into migration (ordinal, id, checksum) values (${ordinal}, ${migration.id}, ${checksumOf(migration)})`.execute(
        trx,
      );
      deps.logger.info({ schema, migration: migration.id }, "migration applied");
    }
    return { applied: pending.map(({ id }) => id), total: rows.length + pending.length };
  });
}

/**
 * How many of an application's steps the database has; changes nothing.
 * @throws HanseError HANSE_DATABASE_MIGRATION_CHANGED, HANSE_DATABASE_MIGRATION_UNKNOWN
 */
export async function countApplied(
  database: Pick<Database<unknown>, "kysely">,
  schema: string,
  migrations: readonly Migration[],
): Promise<number> {
  const { kysely } = database;
  const table = `${schema}.migration`;
  const found = await sql<{ there: boolean }>`select to_regclass(${table}) is not null as there`.execute(
    kysely,
  );
  if (found.rows[0]?.there !== true) return 0;
  const { rows } =
    await sql<Recorded>`select ordinal, id, checksum from ${sql.table(table)} order by ordinal`.execute(
      kysely,
    );
  assertSameHistory(schema, rows, migrations);
  return rows.length;
}

function checksumOf(migration: Migration): string {
  return createHash("sha256").update(migration.sql.trim()).digest("hex");
}

function assertSameHistory(schema: string, applied: readonly Recorded[], known: readonly Migration[]): void {
  for (const [index, { id, checksum }] of applied.entries()) {
    const migration = known[index];
    if (migration === undefined) {
      const unknown = applied.slice(index).map((each) => each.id);
      throw new HanseError(
        "HANSE_DATABASE_MIGRATION_UNKNOWN",
        `The schema ${schema} has migrations this version does not know: ${unknown.join(", ")}`,
        {
          details: { schema, unknown },
        },
      );
    }
    if (migration.id === id && checksumOf(migration) === checksum) continue;
    const change =
      migration.id === id ? `${id} was changed` : `${id} stands where this version has ${migration.id}`;
    throw new HanseError(
      "HANSE_DATABASE_MIGRATION_CHANGED",
      `The migrations of ${schema} are not the ones applied: ${change}`,
      {
        details: { schema, migration: id },
      },
    );
  }
}

function assertWellFormed(schema: string, migrations: readonly Migration[]): void {
  const ids = migrations.map(({ id }) => id);
  const sorted = ids.every((id, index) => index === 0 || (ids[index - 1] ?? "") < id);
  if (/^[a-z][a-z0-9_]{0,62}$/.test(schema) && sorted) return;
  throw new HanseError(
    "HANSE_INTERNAL",
    `The migrations of ${schema} need ascending, unique ids and a plain schema name`,
    {
      details: { schema, ids },
    },
  );
}
