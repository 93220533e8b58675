import { chmod, mkdir, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { freePort } from "./free-port.ts";
import { postgresBinaries } from "./postgres-binaries.ts";
import { clusterPaths, ensureCluster } from "./postgres-cluster.ts";
import { stopOrphan } from "./postgres-orphan.ts";
import { launchPostgres, type PostgresProcess } from "./postgres-process.ts";
import { assertReachable, type PostgresUser, postgresUser } from "./postgres-user.ts";

export interface EmbeddedPostgresOptions {
  /** Holds the cluster, its password (mode 0600), its log and a lock. */
  readonly directory: string;
  /** A fixed port, or any free one. */
  readonly port?: number;
  /** Time to become ready in milliseconds; recovery after a crash may take long. 60 s unless told. */
  readonly startTimeoutMs?: number;
}

export interface EmbeddedPostgres {
  /** Connection string, with the password: never log it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended, whether it was stopped or died. */
  readonly ended: Promise<void>;
  /** The same server with another database name. */
  urlOf(database: string): string;
  stop(): Promise<void>;
}

const portAttempts = 5;

/**
 * Runs a real PostgreSQL in a directory: made at the first start, kept afterwards, on loopback only, fsync on.
 * A server left over by a killed process is stopped first; the directory of a living one is refused.
 * @throws HanseError HANSE_STATE_LOCKED, HANSE_PORT_IN_USE, HANSE_DATABASE_DIRECTORY_UNREACHABLE, HANSE_DISK_FULL,
 * HANSE_DISK_UNWRITABLE, HANSE_DATABASE_UNAVAILABLE
 */
export async function startEmbeddedPostgres(
  deps: { logger: Logger },
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const { initdb, postgres } = postgresBinaries();
  const user = await postgresUser();
  const paths = clusterPaths(await prepareDirectory(resolve(options.directory), user));
  if (user) await Promise.all([assertReachable(paths.cluster, user), assertReachable(postgres, user)]);
  const lock = await lockDirectory(paths.root);
  try {
    await stopOrphan(paths.cluster, deps.logger);
    const password = await ensureCluster(paths, initdb, user);
    const timeoutMs = options.startTimeoutMs ?? 60_000;
    const { server, port } = await launchOnPort(options.port, (chosen) =>
      launchPostgres({ binary: postgres, paths, port: chosen, user, timeoutMs }),
    );
    const urlOf = (database: string) =>
      `postgres://hanse:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
    deps.logger.info({ port, pid: server.pid, directory: paths.root }, "PostgreSQL is ready");
    return {
      url: urlOf("postgres"),
      port,
      pid: server.pid,
      ended: server.ended,
      urlOf,
      async stop() {
        await server.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function launchOnPort(fixed: number | undefined, launch: (port: number) => Promise<PostgresProcess>) {
  for (let attempt = 1; ; attempt++) {
    const port = fixed || (await freePort());
    try {
      return { server: await launch(port), port };
    } catch (error) {
      // Between choosing a free port and taking it, somebody else may have.
      if (fixed || attempt >= portAttempts || !isHanseError(error, "HANSE_PORT_IN_USE")) throw error;
    }
  }
}

/** Makes the directory; returns its real path, under which an orphan of any earlier start is recognised. */
async function prepareDirectory(root: string, user: PostgresUser | undefined): Promise<string> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    // The cluster inside belongs to PostgreSQL's user, which has to pass through here but may list nothing.
    if (user) await chmod(root, 0o711);
    return await realpath(root);
  } catch (error) {
    const cause = fromSystemError(error);
    throw new HanseError(cause.code, `The database directory ${root} cannot be made`, {
      cause,
      details: cause.details,
    });
  }
}
