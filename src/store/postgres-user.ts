import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { HanseError } from "#src/kernel/errors.ts";

const run = promisify(execFile);

/** The user PostgreSQL runs as; undefined means this process's own. */
export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it is the system's user `postgres`, made when it is missing. */
export async function postgresUser(): Promise<PostgresUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing) return existing;
  try {
    // The group may be there without the user.
    await run("groupadd", ["--system", "--force", "postgres"]);
    await run("useradd", ["--system", "--gid", "postgres", "--no-create-home", "postgres"]);
  } catch (error) {
    throw new HanseError(
      "HANSE_DATABASE_UNAVAILABLE",
      "PostgreSQL does not run as root, and the user `postgres` could not be made",
      {
        cause: error,
        hint: "Run Hanse as an ordinary user, make a system user `postgres`, or set DATABASE_URL.",
        retryable: false,
      },
    );
  }
  const made = await lookUp();
  if (made === undefined)
    throw new HanseError("HANSE_INTERNAL", "The user `postgres` was made but cannot be found");
  return made;
}

/**
 * Checks that another user can reach a path: every parent directory has to let it pass.
 * @throws HanseError HANSE_DATABASE_DIRECTORY_UNREACHABLE naming the directory that does not
 */
export async function assertReachable(path: string, user: PostgresUser): Promise<void> {
  for (let parent = dirname(resolve(path)); ; parent = dirname(parent)) {
    const { mode, uid, gid } = await stat(parent);
    const mayEnter = uid === user.uid ? mode & 0o100 : gid === user.gid ? mode & 0o010 : mode & 0o001;
    if (!mayEnter) {
      throw new HanseError(
        "HANSE_DATABASE_DIRECTORY_UNREACHABLE",
        `User ${user.uid} (postgres) may not enter ${parent}, and so cannot reach ${path}`,
        { details: { path, parent, mode: (mode & 0o7777).toString(8) } },
      );
    }
    if (parent === dirname(parent)) return;
  }
}

async function lookUp(): Promise<PostgresUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", "postgres"]), run("id", ["-g", "postgres"])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}
