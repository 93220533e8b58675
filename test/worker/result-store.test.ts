import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zeroHash } from "viem";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { contentAddressOf } from "#src/content/content-address.ts";
import { createResultStore, type ResultStore } from "#src/worker/result-store.ts";

const id = `0x${"ab".repeat(32)}` as const;
const output = new TextEncoder().encode("found");
const success = {
  output,
  result: {
    outcome: 0,
    content: contentAddressOf(output),
    memoryHash: `0x${"22".repeat(32)}`,
    callbackData: "0x",
  },
} as const;
const failure = {
  output: undefined,
  result: { outcome: 3, content: zeroHash, memoryHash: zeroHash, callbackData: "0x" },
} as const;

let directory: string;
let store: ResultStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hanse-results-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  store = await createResultStore(directory);
});

describe("stored results", () => {
  it("are not there before they are saved", async () => {
    expect(await store.load(id)).toBeUndefined();
    expect(await store.has(id)).toBe(false);
  });

  it("survive the process, with their output or as failures", async () => {
    await store.save(id, success);
    const again = await createResultStore(directory);
    expect(await again.load(id)).toEqual(success);
    await again.save(id, failure);
    expect(await store.load(id)).toEqual(failure);
  });

  it("leave no drafts, and nothing when removed", async () => {
    await store.save(id, success);
    expect((await readdir(directory)).toSorted()).toEqual([`${id}.json`, `${id}.out`]);
    await store.remove(id);
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([
    ["a record cut short", `${id}.json`, '{"version":1,"task'],
    [
      "a record of another task",
      `${id}.json`,
      JSON.stringify({ version: 1, taskId: "0x12", result: success.result }),
    ],
    ["another output", `${id}.out`, "lost"],
  ])("are computed again rather than believed: %s", async (_what, file, content) => {
    await store.save(id, success);
    await writeFile(join(directory, file), content);
    expect(await store.load(id)).toBeUndefined();
  });
});
