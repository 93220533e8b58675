import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { PostgresUser } from "./postgres-user.ts";

const run = promisify(execFile);

/** Where the parts of an embedded PostgreSQL lie. */
export interface ClusterPaths {
  readonly root: string;
  /** PostgreSQL's own data directory. */
  readonly cluster: string;
  readonly password: string;
  readonly log: string;
}

export function clusterPaths(root: string): ClusterPaths {
  return {
    root,
    cluster: join(root, "cluster"),
    password: join(root, "password"),
    log: join(root, "postgres.log"),
  };
}

/**
 * Makes the cluster when there is none.
 * @returns the password of its superuser `hanse`
 */
export async function ensureCluster(
  paths: ClusterPaths,
  initdb: string,
  user: PostgresUser | undefined,
): Promise<string> {
  try {
    const password = await ensurePassword(paths, user);
    if (await exists(join(paths.cluster, "PG_VERSION"))) return password;
    // Made beside and renamed: an initdb that was interrupted leaves nothing that looks like a database.
    const draft = `${paths.cluster}.new`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { mode: 0o700 });
    if (user) await chown(draft, user.uid, user.gid);
    await runInitdb(initdb, draft, paths.password, user);
    await rename(draft, paths.cluster);
    return password;
  } catch (error) {
    throw fromSystemError(error);
  }
}

async function runInitdb(
  initdb: string,
  directory: string,
  passwordFile: string,
  user: PostgresUser | undefined,
) {
  const flags = [
    `--pgdata=${directory}`,
    "--username=hanse",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // The same order of texts on every machine: a federation compares sorted pages.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
  ];
  try {
    await run(initdb, flags, { cwd: directory, ...user, env: { LC_ALL: "C" } });
  } catch (error) {
    const output = (error as { stderr?: string }).stderr ?? "";
    // Out of space, initdb may also just abort.
    if (/no space left/i.test(output) || (await isFull(directory))) {
      throw new HanseError("HANSE_DISK_FULL", "No space is left to create the database", {
        cause: error,
        details: { path: directory },
      });
    }
    throw new HanseError(
      "HANSE_DATABASE_UNAVAILABLE",
      `The database could not be created: ${output.trim().slice(-500)}`,
      {
        cause: error,
        details: { path: directory },
        retryable: false,
      },
    );
  }
}

async function ensurePassword(
  { password: path }: ClusterPaths,
  user: PostgresUser | undefined,
): Promise<string> {
  if (!(await exists(path))) {
    const draft = `${path}.new`;
    await writeFile(draft, randomBytes(24).toString("base64url"), { mode: 0o600 });
    // A draft of an earlier attempt keeps its mode.
    await chmod(draft, 0o600);
    // initdb reads it as its own user.
    if (user) await chown(draft, user.uid, user.gid);
    await rename(draft, path);
  }
  return (await readFile(path, "utf8")).trim();
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** A new cluster takes some 40 MB: less than that free is none. */
async function isFull(directory: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize < 48 * 1024 * 1024;
}
