import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import { resultSchema } from "#src/client/pool-schema.ts";
import { contentAddressOf } from "#src/content/content-address.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { Result } from "#src/protocol/contributions.ts";
import { writeWhole } from "./write-whole.ts";

/** What was computed for a task; `output` is undefined for a failure. */
export interface StoredResult {
  readonly result: Result;
  readonly output: Uint8Array | undefined;
}

/** What a worker has found, on disk before anybody is told: it answers for it with its stake. */
export interface ResultStore {
  /** Undefined also where the files are damaged: computing again gives the same. */
  load(taskId: Hex): Promise<StoredResult | undefined>;
  /** What was found, without the output, which may be damaged. */
  result(taskId: Hex): Promise<Result | undefined>;
  save(taskId: Hex, stored: StoredResult): Promise<void>;
  has(taskId: Hex): Promise<boolean>;
  remove(taskId: Hex): Promise<void>;
}

const recordSchema = z.object({ version: z.literal(1), taskId: z.string(), result: resultSchema });

/** @throws HANSE_DISK_UNWRITABLE, HANSE_DISK_FULL */
export async function createResultStore(directory: string): Promise<ResultStore> {
  await translated(() => mkdir(directory, { recursive: true }));
  const recordPath = (taskId: Hex) => join(directory, `${taskId}.json`);
  const outputPath = (taskId: Hex) => join(directory, `${taskId}.out`);

  const read = async (taskId: Hex): Promise<Result | undefined> => {
    const text = await orUndefined(readFile(recordPath(taskId), "utf8"));
    const record = recordSchema.safeParse(parse(text));
    return record.success && record.data.taskId === taskId ? record.data.result : undefined;
  };
  return {
    load: (taskId) =>
      translated(async () => {
        const result = await read(taskId);
        if (result === undefined) return undefined;
        if (result.outcome !== 0) return { result, output: undefined };
        const output = await orUndefined(readFile(outputPath(taskId)));
        return output !== undefined && contentAddressOf(output) === result.content
          ? { result, output: new Uint8Array(output) }
          : undefined;
      }),
    result: (taskId) => translated(() => read(taskId)),
    save: (taskId, { result, output }) =>
      translated(async () => {
        // The record last: where there is one, there is all of it.
        if (output !== undefined) await writeWhole(outputPath(taskId), output);
        await writeWhole(recordPath(taskId), `${JSON.stringify({ version: 1, taskId, result })}\n`);
      }),
    has: async (taskId) => (await orUndefined(readFile(recordPath(taskId)))) !== undefined,
    remove: (taskId) =>
      translated(async () => {
        await rm(recordPath(taskId), { force: true });
        await rm(outputPath(taskId), { force: true });
      }),
  };
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromSystemError(error);
  }
}
