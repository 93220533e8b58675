import { readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { writeWhole } from "./write-whole.ts";

/** What is known about a file that is being downloaded; kept beside it. */
export interface DownloadNotes {
  /** Where the bytes are while they are not all there. */
  readonly partPath: string;
  /** To be called before a source is asked: where sources must not be mixed, what others sent is dropped. */
  prepare(source: string): Promise<void>;
  /** To be called before a source's bytes are added behind the first `offset`. */
  contribute(source: string, offset: number): Promise<void>;
  /** Whether nobody else has sent any of it. */
  isOnlyFrom(source: string): boolean;
  /** Starts over; from now on all of it comes from one source. */
  separate(): Promise<void>;
  /** Starts over. */
  restart(): Promise<void>;
  /** Starts over without this source. */
  markWrong(source: string): Promise<void>;
  isWrong(source: string): boolean;
  /** It is all there: only who was wrong is remembered. */
  complete(): Promise<void>;
}

const notesSchema = z.object({
  /** Who sent what is there. */
  contributors: z.array(z.string()),
  /** Who sent something else, or too much. */
  wrong: z.array(z.string()),
  /** Mixing sources has gone wrong before. */
  apart: z.boolean(),
});
type Notes = z.output<typeof notesSchema>;

const FRESH: Notes = { contributors: [], wrong: [], apart: false };

/** Reads the notes about the file at `path`, or begins them. */
export async function createDownloadNotes(path: string): Promise<DownloadNotes> {
  const [partPath, notesPath] = [`${path}.part`, `${path}.json`];
  let notes = await read(notesPath);

  const isOnlyFrom = (source: string) => notes.contributors.every((each) => each === source);
  async function note(change: Partial<Notes>): Promise<void> {
    notes = { ...notes, ...change };
    await writeWhole(notesPath, JSON.stringify(notes));
  }
  async function restart(change: Partial<Notes> = {}): Promise<void> {
    await rm(partPath, { force: true });
    await note({ contributors: [], ...change });
  }

  return {
    partPath,
    async prepare(source) {
      if (notes.apart && !isOnlyFrom(source)) await restart();
    },
    async contribute(source, offset) {
      const before = offset === 0 ? [] : notes.contributors;
      if (offset === 0 || !before.includes(source)) await note({ contributors: [...before, source] });
    },
    isOnlyFrom,
    separate: () => restart({ apart: true }),
    restart: () => restart(),
    markWrong: (source) => restart({ wrong: [...notes.wrong, source] }),
    isWrong: (source) => notes.wrong.includes(source),
    async complete() {
      if (notes.wrong.length === 0) await rm(notesPath, { force: true });
      else await note({ ...FRESH, wrong: notes.wrong });
    },
  };
}

async function read(path: string): Promise<Notes> {
  try {
    return notesSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    // None, or damaged: then nothing is known.
    return FRESH;
  }
}
