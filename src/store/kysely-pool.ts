import type { PostgresPool, PostgresPoolClient } from "kysely";
import type pg from "pg";
import { databaseError } from "./database-error.ts";
import type { TableVersions } from "./table-versions.ts";

/**
 * A pool as Kysely uses it, whose failures are named: every query of an application goes through here, so none has to think
 * of a server that is away. Constraint violations and the like stay as they are.
 */
export function kyselyPool(pool: pg.Pool, versions: TableVersions): PostgresPool {
  return {
    options: pool.options,
    async connect() {
      const client = await named(pool.connect());
      const ended = versions.watch();
      return {
        // Cursors are not used: their errors would come another way.
        query: ((text: string, values: unknown[]) =>
          named(client.query(text, values)).finally(() =>
            ended(text),
          )) as unknown as PostgresPoolClient["query"],
        release: (destroy) => client.release(destroy),
      };
    },
    end: () => pool.end(),
  };
}

async function named<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer;
  } catch (error) {
    throw databaseError(error);
  }
}
