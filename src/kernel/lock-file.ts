import { randomUUID } from "node:crypto";
import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HanseError } from "./errors.ts";
import { makeDirectory } from "./make-directory.ts";
import { processStart } from "./process-identity.ts";
import { fromSystemError } from "./system-error.ts";

export interface DirectoryLock {
  /** Gives the directory free; harmless when called twice. */
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly start: string;
  /** The owner gave the directory free but left its file, so that generations only ever grow. */
  readonly released?: boolean;
}

/**
 * Takes a directory for this process alone. The lock outlives nothing: an owner that died, by whatever death, is
 * noticed by pid *and* start time of the process, and its lock is taken over.
 *
 * Files are `lock.<generation>`, made by `link`, which is atomic and never overwrites. Whoever finds the newest
 * generation's owner gone tries to make the next one; among several only one succeeds, and it is the owner only
 * if no still newer generation has appeared meanwhile. No file of a living owner is ever removed by another.
 * @throws HanseError HANSE_STATE_LOCKED naming the pid of the living owner
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const start = await processStart(process.pid);
  if (start === undefined)
    throw new HanseError("HANSE_INTERNAL", "This process cannot see its own start time");
  const me: Owner = { pid: process.pid, start };
  try {
    await makeDirectory(directory);
    for (;;) {
      const newest = (await generations(directory)).at(-1) ?? 0;
      const owner = newest === 0 ? undefined : await readOwner(join(directory, `lock.${newest}`));
      if (owner !== undefined && !owner.released && (await processStart(owner.pid)) === owner.start) {
        throw new HanseError("HANSE_STATE_LOCKED", `${directory} is in use by process ${owner.pid}`, {
          details: { directory, pid: owner.pid },
        });
      }
      if (await claim(directory, newest + 1, me)) return hold(directory, newest + 1, me);
    }
  } catch (error) {
    throw fromSystemError(error);
  }
}

/** Tries to become the owner of one generation. */
async function claim(directory: string, generation: number, me: Owner): Promise<boolean> {
  const mine = join(directory, `lock.${generation}`);
  // Linked only when complete: nobody ever reads a half-written lock.
  const draft = join(directory, `lock-draft.${randomUUID()}`);
  await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
  try {
    await link(draft, mine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const all = await generations(directory);
  if (all.at(-1) !== generation) {
    await rm(mine, { force: true });
    return false;
  }
  await Promise.all(all.slice(0, -1).map((older) => rm(join(directory, `lock.${older}`), { force: true })));
  return true;
}

function hold(directory: string, generation: number, me: Owner): DirectoryLock {
  let released = false;
  return {
    async release() {
      if (released) return;
      released = true;
      const draft = join(directory, `lock-draft.${randomUUID()}`);
      await writeFile(draft, JSON.stringify({ ...me, released: true }), { mode: 0o600 });
      await rename(draft, join(directory, `lock.${generation}`));
    },
  };
}

async function generations(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .map((name) => /^lock\.(\d+)$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, "utf8")) as Partial<Owner>;
    if (typeof owner.pid !== "number" || typeof owner.start !== "string") return undefined;
    return { pid: owner.pid, start: owner.start, released: owner.released === true };
  } catch (error) {
    // Gone because a newer generation replaced it, or damaged by a power cut: in both cases nobody holds it.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
