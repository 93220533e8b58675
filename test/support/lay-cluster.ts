import { execFile } from "node:child_process";
import { access, chmod, mkdir, rename, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { inject } from "vitest";
import { postgresBinaries } from "#src/store/postgres-binaries.ts";
import { clusterPaths, ensureCluster } from "#src/store/postgres-cluster.ts";
import { postgresUser } from "#src/store/postgres-user.ts";

/** With owners and modes: the cluster and its password may be another user's. */
const copy = (from: string, to: string) => promisify(execFile)("cp", ["-a", `${from}/.`, to]);

/**
 * Lays a new cluster into the directory of a PostgreSQL that is about to be started: initdb takes more than a second of a core,
 * and many suites want the same. All have the password of the first.
 */
export async function layCluster(directory: string): Promise<void> {
  const template = inject("clusterTemplate");
  const isThere = await access(template).then(
    () => true,
    () => false,
  );
  if (isThere) {
    await copy(template, directory);
    return;
  }
  // As the embedded server does: its own user passes through, and lists nothing.
  await chmod(directory, 0o711);
  await ensureCluster(clusterPaths(directory), postgresBinaries().initdb, await postgresUser());
  const draft = `${template}.${process.pid}`;
  await mkdir(draft);
  await copy(directory, draft);
  // Whoever was first.
  await rename(draft, template).catch(() => rm(draft, { recursive: true, force: true }));
}
