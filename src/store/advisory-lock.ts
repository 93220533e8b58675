import pg from "pg";
import { HanseError } from "#src/kernel/errors.ts";
import { databaseError } from "./database-error.ts";

export interface AdvisoryLock {
  /** Aborts when the lock is lost or released: whoever works under it has to stop at once. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes a session lock on a connection of its own, not the pool's: the pool could close or reuse it. The server
 * frees the lock when the connection ends, so a killed process never keeps it.
 */
export async function acquireAdvisoryLock(
  connection: pg.ClientConfig,
  name: string,
): Promise<AdvisoryLock | undefined> {
  const client = new pg.Client({ ...connection, keepAliveInitialDelayMillis: 5_000 });
  const controller = new AbortController();
  const lose = (cause?: unknown) => {
    controller.abort(
      new HanseError("HANSE_DATABASE_UNAVAILABLE", `The lock ${name} was lost`, { cause, details: { name } }),
    );
  };
  client.on("error", lose);
  client.on("end", lose);
  try {
    await client.connect();
    // The server must not end a quiet holder by its own idle limit.
    await client.query("set idle_session_timeout = 0");
    const { rows } = await client.query<{ held: boolean }>(
      "select pg_try_advisory_lock(hashtextextended($1, 0)) as held",
      [name],
    );
    if (rows[0]?.held !== true) {
      await client.end();
      return undefined;
    }
  } catch (error) {
    await client.end().catch(() => undefined);
    throw databaseError(error);
  }
  return { signal: controller.signal, release: () => client.end() };
}
