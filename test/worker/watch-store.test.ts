import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createWatchStore, type WatchState } from "#src/worker/watch-store.ts";

const bytes32 = (byte: string): Hex => `0x${byte.repeat(32)}`;
const identity = { genesisHash: bytes32("01"), poco: "0xAB", pool: bytes32("02"), worker: "0xCD" };
const state: WatchState = {
  blocks: [{ number: 2n ** 60n, hash: bytes32("03") }],
  deals: [
    {
      ...{ id: bytes32("04"), sealedAtBlock: 7n, deadline: 99n, firstTask: 1, volume: 2 },
      ...{ drawn: null, opened: [{ index: 2, atBlock: 9n }], endedAtBlock: null },
    },
  ],
};

let path: string;
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "hanse-watch-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  path = join(directory, "state", "watch.json");
});

describe("what a worker saw", () => {
  it.each([
    ["chain", { genesisHash: bytes32("05") }],
    ["pool", { pool: bytes32("05") }],
    ["certifier", { poco: "0xEF" }],
    ["worker", { worker: "0xEF" }],
  ])("is refused as that of another %s", async (_what, change) => {
    const store = createWatchStore(path, identity);
    await store.load();
    await store.save(state);
    await expect(createWatchStore(path, { ...identity, ...change }).load()).rejects.toMatchObject({
      code: "HANSE_CHAIN_MISMATCH",
    });
  });

  it("is nothing at the beginning, and where the file is damaged: the chain tells it again", async () => {
    const store = createWatchStore(path, identity);
    expect(await store.load()).toBeUndefined();
    await store.save(state);
    await writeFile(path, '{"version":1,"ident');
    expect(await store.load()).toBeUndefined();
  });

  it("survives the process, to the last digit", async () => {
    const store = createWatchStore(path, identity);
    await store.load();
    await store.save(state);
    const { blocks, deals } = (await createWatchStore(path, identity).load()) ?? {};
    expect({ blocks, deals }).toEqual(state);
  });
});
