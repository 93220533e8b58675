import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { HanseError } from "#src/kernel/errors.ts";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { decodeEntry, encodeEntry } from "./journal-codec.ts";
import {
  createMemoryJournal,
  isFinished,
  type JournalEntry,
  keyOfEntry,
  type TransactionJournal,
} from "./transaction-journal.ts";

export interface FileJournal extends TransactionJournal {
  /** Waits for what is being written, and gives the directory free. */
  close(): Promise<void>;
}

/** Written anew when so many lines more than entries are in the file. */
const STALE_LINES = 200;

/**
 * A journal in a directory of its own: one line for each change, on the disk before it counts. A last line that was torn
 * by a crash was never told to anybody, and is dropped.
 * @throws HANSE_STATE_LOCKED, HANSE_JOURNAL_DAMAGED, HANSE_DISK_*
 */
export async function openFileJournal(directory: string): Promise<FileJournal> {
  const lock = await lockDirectory(directory);
  const path = join(directory, "transactions.jsonl");
  const entries = new Map<string, JournalEntry>();
  let file: FileHandle;
  let lines: number;
  try {
    for (const entry of await readEntries(path)) entries.set(keyOfEntry(entry), entry);
    file = await rewrite();
    lines = entries.size;
  } catch (error) {
    await lock.release();
    throw fromSystemError(error);
  }
  const view = () => createMemoryJournal(entries.values());
  let waiting: { readonly entry: JournalEntry; readonly done: PromiseWithResolvers<void> }[] = [];
  let writing: Promise<void> | undefined;

  /** Everything that is in the map, in a new file that takes the old one's place at once. */
  async function rewrite(): Promise<FileHandle> {
    const draft = await open(`${path}.draft`, "w", 0o600);
    await draft.writeFile([...entries.values()].map((entry) => `${encodeEntry(entry)}\n`).join(""));
    await draft.sync();
    await rename(`${path}.draft`, path);
    const folder = await open(directory, "r");
    await folder.sync();
    await folder.close();
    return draft;
  }

  /** What came while the disk was busy goes to it at once. */
  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const some = waiting;
      waiting = [];
      try {
        if (lines > entries.size + STALE_LINES) await compact();
        await file.appendFile(some.map(({ entry }) => `${encodeEntry(entry)}\n`).join(""));
        await file.datasync();
        lines += some.length;
        for (const { entry, done } of some) {
          entries.set(keyOfEntry(entry), entry);
          done.resolve();
        }
      } catch (error) {
        // Half of it may be there: the file is made anew before anything else is written.
        lines = Number.POSITIVE_INFINITY;
        for (const { done } of some) done.reject(fromSystemError(error));
      }
    }
  }

  async function compact(): Promise<void> {
    const old = file;
    file = await rewrite();
    lines = entries.size;
    await old.close();
  }

  async function append(entry: JournalEntry): Promise<void> {
    const done = Promise.withResolvers<void>();
    waiting.push({ entry, done });
    writing ??= write().finally(() => {
      writing = undefined;
    });
    await done.promise;
  }

  return {
    find: async (chain, id) => entries.get(keyOfEntry({ chain, id })),
    unfinished: (chain, from) => view().unfinished(chain, from),
    put: append,
    async prune(before) {
      // The lines go when the file is next written anew.
      for (const [key, entry] of entries) {
        if (isFinished(entry) && entry.changedAt < before) entries.delete(key);
      }
    },
    async close() {
      await writing;
      await file.close();
      await lock.release();
    },
  };
}

async function readEntries(path: string): Promise<JournalEntry[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const lines = text.split("\n");
  // Behind the last line break is what was torn, or nothing.
  lines.pop();
  return lines.map((line, index) => {
    const entry = decodeEntry(line);
    if (entry !== undefined) return entry;
    throw new HanseError("HANSE_JOURNAL_DAMAGED", `line ${index + 1} of ${path} cannot be read`, {
      details: { path, line: index + 1 },
    });
  });
}
