import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { processCommand, processStart } from "#src/kernel/process-identity.ts";

/**
 * Stops a PostgreSQL that outlived the process which started it (kill -9, power of the terminal). Call only while
 * holding the lock of the directory: otherwise the database of a living owner would be stopped.
 *
 * The pid file is believed only as far as the process it names has our data directory on its command line, and it is
 * never deleted: PostgreSQL itself decides whether it is stale, with its shared memory at hand.
 */
export async function stopOrphan(clusterDir: string, logger: Logger, timeoutMs = 30_000): Promise<boolean> {
  const pid = await pidInFile(clusterDir);
  if (pid === undefined) return false;
  const command = await processCommand(pid);
  if (command === undefined || !command.includes(`-D ${clusterDir} -c`)) return false;
  const start = await processStart(pid);
  if (start === undefined) return false;
  logger.warn({ pid, clusterDir }, "stopping a PostgreSQL left over by an earlier process");
  // SIGINT is PostgreSQL's fast shutdown: open transactions roll back, everything committed is kept.
  process.kill(pid, "SIGINT");
  for (const end = Date.now() + timeoutMs; Date.now() < end; await wait(50)) {
    if ((await processStart(pid)) !== start) return true;
  }
  throw new HanseError("HANSE_DATABASE_UNAVAILABLE", `An earlier PostgreSQL (process ${pid}) does not stop`, {
    details: { pid, clusterDir },
    hint: `Wait and try again; if it hangs, look at process ${pid} before ending it by hand.`,
  });
}

async function pidInFile(clusterDir: string): Promise<number | undefined> {
  try {
    const first = (await readFile(join(clusterDir, "postmaster.pid"), "utf8")).split("\n")[0];
    const pid = Number(first);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
