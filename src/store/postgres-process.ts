import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { HanseError } from "#src/kernel/errors.ts";
import type { ClusterPaths } from "./postgres-cluster.ts";
import type { PostgresUser } from "./postgres-user.ts";

export interface PostgresProcess {
  readonly pid: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Stops it in PostgreSQL's fast way: open transactions roll back, committed ones are on disk. */
  stop(): Promise<void>;
}

export interface PostgresLaunch {
  readonly binary: string;
  readonly paths: ClusterPaths;
  readonly port: number;
  readonly user: PostgresUser | undefined;
  readonly timeoutMs: number;
}

// Line 8 of postmaster.pid (LOCK_FILE_LINE_PM_STATUS in PostgreSQL's pidfile.h), counted from 0.
const statusLine = 7;

/**
 * Starts the server on loopback and waits until it takes connections.
 * @throws HanseError HANSE_PORT_IN_USE, HANSE_DATABASE_UNAVAILABLE with the last lines of its log
 */
export async function launchPostgres(launch: PostgresLaunch): Promise<PostgresProcess> {
  const { binary, paths, port, user } = launch;
  const logFile = await open(paths.log, "a", 0o600);
  const logStart = (await stat(paths.log)).size;
  const flags = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    // TCP with a password only: a socket in /tmp would be one more door, and its path may be too long.
    unix_socket_directories: "",
    // Never below the defaults of PostgreSQL: what was acknowledged survives a power cut.
    fsync: "on",
    full_page_writes: "on",
  };
  const child = spawn(
    binary,
    ["-D", paths.cluster, ...Object.entries(flags).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    // A session of its own: Ctrl-C in the terminal reaches us, and we stop the services before their database.
    {
      cwd: paths.cluster,
      detached: true,
      stdio: ["ignore", logFile.fd, logFile.fd],
      env: { LC_ALL: "C" },
      ...user,
    },
  );
  await logFile.close();
  const ended = once(child, "exit").then(
    () => undefined,
    () => undefined,
  );
  const stop = async () => {
    if (hasEnded(child)) return;
    child.kill("SIGINT");
    await ended;
    process.off("exit", stopWithUs);
  };
  // process.exit() without an orderly stop must not leave it behind; only kill -9 can, and then stopOrphan helps.
  const stopWithUs = () => child.kill("SIGINT");
  process.once("exit", stopWithUs);
  ended.then(() => process.off("exit", stopWithUs));

  for (const end = Date.now() + launch.timeoutMs; Date.now() < end; await wait(25)) {
    if (hasEnded(child)) throw startFailure((await readFile(paths.log, "utf8")).slice(logStart), port);
    if (await isReady(paths, child.pid)) return { pid: child.pid ?? 0, ended, stop };
  }
  await stop();
  throw new HanseError(
    "HANSE_DATABASE_UNAVAILABLE",
    `PostgreSQL was not ready within ${launch.timeoutMs} ms`,
    {
      details: { log: paths.log },
    },
  );
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/**
 * Has our own server declared itself ready? Asked through its pid file, as pg_ctl does: whoever answers on the port
 * may be somebody else, and would be handed our password.
 */
async function isReady({ cluster }: ClusterPaths, pid: number | undefined): Promise<boolean> {
  const text = await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  return Number(lines[0]) === pid && lines[statusLine]?.trim() === "ready";
}

function startFailure(log: string, port: number): HanseError {
  if (/could not bind|Address already in use/i.test(log)) {
    return new HanseError("HANSE_PORT_IN_USE", `Port ${port} on 127.0.0.1 is already in use`, {
      details: { port },
    });
  }
  if (/no space left/i.test(log))
    return new HanseError("HANSE_DISK_FULL", "PostgreSQL has no space left to start");
  const lines = log.trim().split("\n").slice(-6).join("\n");
  return new HanseError("HANSE_DATABASE_UNAVAILABLE", `PostgreSQL did not start:\n${lines}`);
}
