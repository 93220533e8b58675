import { mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { Claim, ClaimChange, ClaimJournal } from "./claim.ts";
import { type ContentAddress, isContentAddress } from "./content-address.ts";
import { isMissing, translated, writeAll, writeDurably } from "./durable-file.ts";

const address = z.custom<ContentAddress>(isContentAddress);
const changeSchema = z.discriminatedUnion("type", [
  z.object({
    ...{ type: z.literal("claimed"), address, uploader: z.string() },
    ...{ touchedAt: z.number(), pinned: z.boolean() },
  }),
  z.object({ type: z.literal("released"), address, uploader: z.string() }),
]);

/**
 * Claims as lines of JSON at the end of a file, which is written anew when most of it is history. A line that a crash cut
 * short was never acknowledged and is left out. The folder belongs to one process.
 */
export function createFileClaimJournal(path: string, { slack = 1_000 } = {}): ClaimJournal {
  const claims = new Map<string, Claim>();
  let lines = 0;
  let end = 0;
  // One write at a time: lines must not mix.
  let last: Promise<unknown> = Promise.resolve();

  function apply(change: ClaimChange): void {
    const key = `${change.uploader} ${change.address}`;
    if (change.type === "released") claims.delete(key);
    else {
      const { type: _, ...claim } = change;
      claims.set(key, claim);
    }
  }

  async function rewrite(): Promise<void> {
    const text = linesOf([...claims.values()].map((claim) => ({ type: "claimed", ...claim })));
    await writeDurably(path, Buffer.from(text));
    end = Buffer.byteLength(text);
    lines = claims.size;
  }

  async function append(changes: readonly ClaimChange[]): Promise<void> {
    if (lines > 2 * claims.size + slack) await rewrite();
    const bytes = Buffer.from(linesOf(changes));
    const file = await open(path, "r+");
    try {
      await writeAll(file, bytes, end);
      await file.datasync();
    } catch (error) {
      // What was not acknowledged must not be found later.
      await file.truncate(end).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
    end += bytes.byteLength;
    lines += changes.length;
    for (const change of changes) apply(change);
  }

  return {
    load: () =>
      translated(async () => {
        await mkdir(dirname(path), { recursive: true });
        const text = await readFile(path, "utf8").catch((error: unknown) => {
          if (isMissing(error)) return "";
          throw error;
        });
        for (const line of text.split("\n")) {
          const change = changeSchema.safeParse(parse(line));
          if (change.success) apply(change.data);
        }
        await rewrite();
        return [...claims.values()];
      }),
    append: (changes) => {
      const turn = last.then(() => translated(() => append(changes)));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

function linesOf(changes: readonly ClaimChange[]): string {
  return changes.map((change) => `${JSON.stringify(change)}\n`).join("");
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
