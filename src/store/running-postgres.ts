import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { clusterPaths } from "./postgres-cluster.ts";

// Lines of postmaster.pid (LOCK_FILE_LINE_* in PostgreSQL's pidfile.h), counted from 0.
const PORT_LINE = 3;

/**
 * Where the embedded PostgreSQL of a directory listens that another process has started.
 * @returns its connection string, with the password: never log it; undefined where none runs, or this user may not know
 */
export async function runningPostgresUrl(directory: string): Promise<string | undefined> {
  const { cluster, password } = clusterPaths(resolve(directory));
  try {
    const [pid, secret] = await Promise.all([
      readFile(join(cluster, "postmaster.pid"), "utf8"),
      readFile(password, "utf8"),
    ]);
    const port = Number(pid.split("\n")[PORT_LINE]);
    return port > 0 ? `postgres://hanse:${secret.trim()}@127.0.0.1:${port}/postgres` : undefined;
  } catch {
    return undefined;
  }
}
