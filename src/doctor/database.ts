import { access, constants } from "node:fs/promises";
import { sql } from "kysely";
import type { Logger } from "#src/kernel/logger.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { countApplied, type Migration } from "#src/store/migrations.ts";
import { postgresBinaries } from "#src/store/postgres-binaries.ts";
import { examined, type Finding, ok, skipped, wrong } from "./finding.ts";

/** A schema and the steps that its service would bring it to. */
export interface KnownSchema {
  readonly schema: string;
  readonly migrations: readonly Migration[];
}

/** `server_version_num` of PostgreSQL 14: what is older is not tested. */
const OLDEST = 140_000;

/** The PostgreSQL that the packages bring. */
export async function examineEmbeddedPostgres(): Promise<Finding> {
  const { initdb, postgres } = postgresBinaries();
  try {
    await Promise.all([initdb, postgres].map((path) => access(path, constants.X_OK)));
    return ok("postgres-embedded", "PostgreSQL is among the packages");
  } catch {
    return wrong(
      "postgres-embedded",
      "the PostgreSQL among the packages cannot be run",
      "Install again: remove node_modules/.hanse-installed and call `./hanse`; or set DATABASE_URL.",
    );
  }
}

/** The user's own PostgreSQL: reachable, new enough, and of no newer version's or changed migrations. */
export async function examineDatabase(
  { logger }: { readonly logger: Logger },
  url: string | undefined,
  schemas: readonly KnownSchema[],
): Promise<readonly Finding[]> {
  if (url === undefined) {
    return [skipped("database", "DATABASE_URL is not set: `hanse up` runs a PostgreSQL of its own")];
  }
  const database = await openDatabase({ logger }, { url, poolSize: 1, applicationName: "hanse doctor" });
  try {
    const version = await examineVersion(database);
    const states = await Promise.all(schemas.map((each) => examineMigrations(database, each)));
    return [version, ...states.flat()];
  } finally {
    await database.close();
  }
}

async function examineVersion({ kysely }: Database<unknown>): Promise<Finding> {
  const { rows } = await sql<{ number: string; words: string }>`
    select current_setting('server_version_num') as number, current_setting('server_version') as words`.execute(
    kysely,
  );
  const [{ number, words } = { number: "0", words: "of no known version" }] = rows;
  if (Number(number) >= OLDEST) return ok("database", `PostgreSQL ${words} answers`);
  return wrong("database", `PostgreSQL ${words} is older than 14`, "Use PostgreSQL 14 or newer.");
}

async function examineMigrations(
  database: Database<unknown>,
  { schema, migrations }: KnownSchema,
): Promise<readonly Finding[]> {
  const check = `database-${schema}`;
  return await examined(check, async () => {
    const applied = await countApplied(database, schema, migrations);
    if (applied === 0) return skipped(check, `there is no schema ${schema} yet: its service makes it`);
    const pending = migrations.length - applied;
    const rest = pending === 0 ? "" : `, ${pending} more will be when its service starts`;
    return ok(check, `${applied} migrations of ${schema} are applied${rest}`);
  });
}
