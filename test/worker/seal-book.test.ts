import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createManualClock } from "#src/kernel/manual-clock.ts";
import { openSealBook } from "#src/worker/seal-book.ts";

const task = `0x${"ab".repeat(32)}` as const;
const [one, other] = [`0x${"01".repeat(32)}`, `0x${"02".repeat(32)}`] as const;
const contradicted = { code: "HANSE_SEAL_CONTRADICTED", details: { standing: one, seal: other } };

let path: string;
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "hanse-seals-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  path = join(directory, "state", "seals.jsonl");
});

describe("a seal book", () => {
  it("refuses another seal of a round, at once and after a restart", async () => {
    const book = await openSealBook(path);
    await book.enter(task, 1, one);
    await expect(book.enter(task, 1, other)).rejects.toMatchObject(contradicted);
    await expect((await openSealBook(path)).enter(task, 1, other)).rejects.toMatchObject(contradicted);
  });

  it("refuses one of two that come at once", async () => {
    const book = await openSealBook(path);
    const both = await Promise.allSettled([book.enter(task, 1, one), book.enter(task, 1, other)]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  it("is not opened where an entry cannot be read: it may be the one that counts", async () => {
    await (await openSealBook(path)).enter(task, 1, one);
    await writeFile(path, `{"task":1}\n${await readFile(path, "utf8")}`);
    await expect(openSealBook(path)).rejects.toMatchObject({
      code: "HANSE_STATE_DAMAGED",
      details: { line: 1 },
    });
  });

  it("takes the same seal again, one of another round, and writes each once", async () => {
    const book = await openSealBook(path);
    await Promise.all([book.enter(task, 1, one), book.enter(task, 1, one), book.enter(task, 2, other)]);
    await (await openSealBook(path)).enter(task, 2, other);
    expect((await readFile(path, "utf8")).trim().split("\n")).toHaveLength(2);
  });

  it("goes on behind an entry that a crash has cut short", async () => {
    await (await openSealBook(path)).enter(task, 1, one);
    await appendFile(path, '{"task":"0x');
    await (await openSealBook(path)).enter(task, 2, other);
    const book = await openSealBook(path);
    await expect(book.enter(task, 1, other)).rejects.toMatchObject(contradicted);
    await book.enter(task, 2, other);
  });

  it("forgets what no task can be about any more", async () => {
    const clock = createManualClock(1_000);
    await (await openSealBook(path, clock)).enter(task, 1, one);
    await clock.advance(61 * 86_400_000);
    await (await openSealBook(path, clock)).enter(task, 1, other);
  });
});
