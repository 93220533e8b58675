import { spawn } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FileJournal, openFileJournal } from "#src/chain/file-journal.ts";
import { openPostgresJournal } from "#src/chain/postgres-journal.ts";
import { createMemoryJournal } from "#src/chain/transaction-journal.ts";
import { openDatabase } from "#src/store/database.ts";
import { silent, startTestPostgres } from "../store/test-database.ts";
import { describeJournal } from "./support/journal-conformance.ts";
import { CHAIN, entryOf } from "./support/journal-entry.ts";

const temporary = () => mkdtemp(join(tmpdir(), "hanse-journal-"));

describeJournal("memory", async () => ({ journal: createMemoryJournal(), close: async () => undefined }));

describeJournal("file", async () => {
  const directory = await temporary();
  let journal: FileJournal = await openFileJournal(directory);
  return {
    journal,
    async reopen() {
      await journal.close();
      journal = await openFileJournal(directory);
      return journal;
    },
    async close() {
      await journal.close();
      await rm(directory, { recursive: true });
    },
  };
});

describe("in PostgreSQL", () => {
  let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres?.stop());

  describeJournal("PostgreSQL", async () => {
    const url = await postgres.fresh();
    let database = await openDatabase({ logger: silent }, { url, schema: "broker" });
    return {
      journal: await openPostgresJournal({ database, logger: silent }, "broker_journal"),
      async reopen() {
        await database.close();
        database = await openDatabase({ logger: silent }, { url, schema: "broker" });
        return await openPostgresJournal({ database, logger: silent }, "broker_journal");
      },
      close: () => database.close(),
    };
  });
});

describe("a file journal", () => {
  const file = (directory: string) => join(directory, "transactions.jsonl");

  it("is of one process at a time", async () => {
    const directory = await temporary();
    const journal = await openFileJournal(directory);
    await expect(openFileJournal(directory)).rejects.toMatchObject({ code: "HANSE_STATE_LOCKED" });
    await journal.close();
    await rm(directory, { recursive: true });
  });

  it("refuses a file that is damaged in the middle, and leaves it as it is", async () => {
    const directory = await temporary();
    const journal = await openFileJournal(directory);
    await journal.put(entryOf("a"));
    await journal.close();
    const damaged = `{"chain":"0x\n${await readFile(file(directory), "utf8")}`;
    await writeFile(file(directory), damaged);
    for (let time = 0; time < 2; time++) {
      await expect(openFileJournal(directory)).rejects.toMatchObject({
        code: "HANSE_JOURNAL_DAMAGED",
        details: { line: 1 },
      });
    }
    expect(await readFile(file(directory), "utf8")).toBe(damaged);
    await rm(directory, { recursive: true });
  });

  it("drops a last line that was torn, and writes on in a line of its own", async () => {
    const directory = await temporary();
    let journal = await openFileJournal(directory);
    await journal.put(entryOf("a"));
    await journal.close();
    await appendFile(file(directory), `{"chain":"${CHAIN}","id":"tor`);
    journal = await openFileJournal(directory);
    await journal.put(entryOf("b"));
    await journal.close();
    journal = await openFileJournal(directory);
    expect(await journal.find(CHAIN, "a")).toEqual(entryOf("a"));
    expect(await journal.find(CHAIN, "b")).toEqual(entryOf("b"));
    await journal.close();
    await rm(directory, { recursive: true });
  });

  it("does not grow with what is forgotten", async () => {
    const directory = await temporary();
    const journal = await openFileJournal(directory);
    for (let round = 0; round < 1_000; round++) await journal.put(entryOf("a", { nonce: round }));
    const lines = (await readFile(file(directory), "utf8")).split("\n").length;
    expect(lines).toBeLessThan(250);
    expect(await journal.find(CHAIN, "a")).toEqual(entryOf("a", { nonce: 999 }));
    await journal.close();
    await rm(directory, { recursive: true });
  });

  it("has everything it acknowledged after kill -9 at any time", async () => {
    const directory = await temporary();
    const writer = spawn(process.execPath, [
      join(import.meta.dirname, "support/journal-writer.ts"),
      directory,
    ]);
    let acknowledged = -1;
    await new Promise<void>((resolve) => {
      writer.stdout.on("data", (chunk: Buffer) => {
        acknowledged = Number(chunk.toString().trim().split("\n").at(-1));
        if (acknowledged >= 400) writer.kill("SIGKILL");
      });
      writer.once("close", () => resolve());
    });
    expect(acknowledged).toBeGreaterThanOrEqual(400);
    const journal = await openFileJournal(directory);
    for (let index = 0; index <= acknowledged; index += 7) {
      expect((await journal.find(CHAIN, `entry ${index}`))?.id).toBe(`entry ${index}`);
    }
    await journal.close();
    await rm(directory, { recursive: true });
  });
});
