import type pg from "pg";
import type { Database } from "#src/store/database.ts";
import type { Faults } from "./faults.ts";
import type { Instance } from "./instance.ts";

interface Connection {
  query(...args: unknown[]): Promise<unknown>;
  release(error?: Error | boolean): void;
}

/** Has every statement of a database go out as a step of its process, which may be slow, fail, or be its last one. */
export function plagueDatabase<Tables>(
  database: Database<Tables>,
  instance: Instance,
  faults: Faults,
): Database<Tables> {
  const { pool } = database;
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
  Object.assign(pool, {
    connect: async () =>
      plagueConnection((await instance.io(connect)) as unknown as Connection, instance, faults),
  });
  return {
    ...database,
    tryAdvisoryLock: (name) =>
      instance.io(async () => {
        const lock = await database.tryAdvisoryLock(name);
        // A process that is gone holds no lock, also where it was gone before it had it.
        if (instance.dead) await lock?.release();
        else if (lock !== undefined) instance.onDeath(() => lock.release());
        return lock;
      }),
  };
}

function plagueConnection(connection: Connection, instance: Instance, faults: Faults): Connection {
  return {
    query: (...args) =>
      instance.io(async () => {
        if (faults.now("slow")) await instance.delay(faults.random.between(50, 2_000));
        if (faults.now("broken")) cut(connection);
        return await connection.query(...args);
      }),
    release: (error) => connection.release(error),
  };
}

/** As a server does that is restarted. */
function cut(connection: Connection): void {
  const { stream } = (connection as unknown as { connection: { stream: { destroy(): void } } }).connection;
  stream.destroy();
}
