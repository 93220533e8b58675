import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { HanseError } from "#src/kernel/errors.ts";
import { makeDirectory } from "#src/kernel/make-directory.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { syncDirectory, writeWhole } from "./write-whole.ts";

/** A file of JSON lines that only grows. */
export interface LineFile<Line> {
  /** What is in it. */
  read(): Promise<Line[]>;
  /**
   * Adds a line; once this resolves it is on disk. In order, one after the other.
   * @throws HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE; then the line is not there
   */
  append(line: Line): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file of lines, or begins it. A last line that a crash has cut short is dropped: nobody was told that it is there.
 * @param keep which lines are still of use; the others are removed
 * @throws HANSE_STATE_DAMAGED when another line cannot be read; HANSE_DISK_UNWRITABLE
 */
export async function openLineFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  keep: (line: z.output<Schema>) => boolean = () => true,
): Promise<LineFile<z.output<Schema>>> {
  await makeDirectory(dirname(path));
  try {
    const all = await readLines();
    const lines = all.filter(keep);
    if (lines.length < all.length) {
      await writeWhole(path, lines.map((line) => `${JSON.stringify(line, amountsAsText)}\n`).join(""));
    }
    const file = await open(path, "a+", 0o600);
    await syncDirectory(dirname(path));
    const whole = lengthOfWhole(await readFile(path));
    await file.truncate(whole);
    return { read: readLines, ...appending(file, whole) };
  } catch (error) {
    throw fromSystemError(error);
  }

  async function readLines(): Promise<z.output<Schema>[]> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return Buffer.of();
      throw error;
    });
    const texts = bytes.subarray(0, lengthOfWhole(bytes)).toString("utf8").split("\n").slice(0, -1);
    return texts.map((text, at) => parse(text, at + 1));
  }

  function parse(text: string, at: number): z.output<Schema> {
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new HanseError("HANSE_STATE_DAMAGED", `line ${at} of ${path} cannot be read`, {
        cause: error,
        details: { path, line: at },
      });
    }
  }
}

function lengthOfWhole(bytes: Buffer): number {
  return bytes.lastIndexOf(0x0a) + 1;
}

function appending(file: FileHandle, from: number) {
  let length = from;
  let turn: Promise<unknown> = Promise.resolve();
  async function append(line: unknown): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(line, amountsAsText)}\n`);
    try {
      await file.appendFile(bytes);
      await file.datasync();
      length += bytes.length;
    } catch (error) {
      // Half a line must not stay before the next one.
      await file.truncate(length).catch(() => undefined);
      throw fromSystemError(error);
    }
  }
  return {
    append(line: unknown): Promise<void> {
      const mine = turn.then(() => append(line));
      turn = mine.catch(() => undefined);
      return mine;
    },
    close: () => turn.then(() => file.close()),
  };
}

function amountsAsText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
