import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { bundleProgram } from "#src/bin/program-bundle.ts";
import { developmentKey } from "#src/chain/development-keys.ts";
import { unpackCommitted } from "#src/protocol/contributions.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { freePort } from "#src/store/free-port.ts";
import { temporaryDirectory } from "../store/test-database.ts";
import { buildModule, op } from "../worker/runner/build-module.ts";
import { startTestChain, type TestChain } from "./chain-fixture.ts";
import { FIRST_WORKER, openTestMarket, type TestMarket } from "./market-fixture.ts";

// Given three workers, each a process of its own, no scheduler, and each worker killed with SIGKILL again and again:
// every task is certified, nothing is computed again that was stored, and nobody seals twice, misses a place or is slashed

const WORKERS = 3;
const KILLS = 5;

let testChain: TestChain;
let market: TestMarket;
let directory: string;
let env: Record<string, string>;

beforeAll(async () => {
  [testChain, directory] = await Promise.all([
    startTestChain({ categories: [{ roundBlocks: 600, deadlineBlocks: 1_500 }] }),
    temporaryDirectory(),
  ]);
  market = await openTestMarket(testChain, WORKERS);
  const manifest = join(directory, "deployment.json");
  const { deployment, rpcUrl } = testChain;
  await writeFile(
    manifest,
    JSON.stringify({ ...deployment, deployedAtBlock: deployment.deployedAtBlock.toString() }),
  );
  env = {
    ...{ PATH: process.env.PATH ?? "", HANSE_RPC_URL: rpcUrl, HANSE_DEPLOYMENT: manifest },
    ...{ HANSE_POOL: assetIdToHex(market.pool), HANSE_POOL_URL: `http://127.0.0.1:${await freePort()}` },
    ...{ HANSE_PORT: "0", HANSE_SLOTS: "2", HANSE_ALLOW_PRIVATE_SOURCES: "true" },
    // As soon as it can: what is proved here is that nothing is done twice.
    ...{ HANSE_COMMIT_MARGIN_BLOCKS: "590", HANSE_FINALIZE_AFTER_BLOCKS: "1" },
  };
}, 120_000);

afterAll(async () => {
  await market?.stop();
  await testChain?.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Life {
  readonly child: ChildProcess;
  readonly lines: { readonly msg?: string; readonly task?: Hex }[];
  readonly ended: Promise<void>;
  /** What had been stored before it began. */
  readonly stored: readonly string[];
}

/** One worker through all its lives. */
function createMortal(number: number) {
  const stateDir = join(directory, String(number));
  const lives: Life[] = [];
  const stored = async () => {
    const names = await readdir(join(stateDir, "results")).catch(() => []);
    return names.filter((name) => name.endsWith(".json")).map((name) => name.replace(".json", ""));
  };
  /** Waits, for as long as it lives. */
  async function living(what: string, isSo: () => Promise<boolean>) {
    while (!(await isSo())) {
      expect(lives.at(-1)?.child.exitCode, `worker ${number} ended before it ${what}`).toBeNull();
      await sleep(50);
    }
  }
  return {
    stateDir,
    lives,
    async start() {
      const child = spawn(process.execPath, [await bundleProgram(), "worker", "start"], {
        env: { ...env, HANSE_STATE_DIR: stateDir, HANSE_PRIVATE_KEY: developmentKey(FIRST_WORKER + number) },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines: Life["lines"] = [];
      if (child.stdout !== null) {
        createInterface(child.stdout).on("line", (line) => void lines.push(JSON.parse(line)));
      }
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
      lives.push({ child, lines, ended, stored: await stored() });
    },
    async isWorking() {
      await living("works", async () =>
        Boolean(lives.at(-1)?.lines.some(({ msg }) => msg === "worker is working")),
      );
    },
    async hasStored() {
      await living("has stored something", async () => (await stored()).length > 0);
    },
    async kill() {
      const life = lives.at(-1);
      life?.child.kill("SIGKILL");
      await life?.ended;
    },
  };
}

/** Seeded: the same moments each time, as far as a machine allows. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe("workers that are killed", () => {
  it("resume, and do nothing twice", { timeout: 400_000 }, async () => {
    // Counts to ten million first, so that some are killed while they compute.
    const slow = buildModule({ code: countTo(10_000_000) });
    const app = await market.registerApp(slow);
    const workers = Array.from({ length: WORKERS }, (_, number) => createMortal(number));
    try {
      await Promise.all(workers.map((worker) => worker.start()));
      await market.watcher.waitFor(
        "three seats",
        async () => ((await seatsTaken()) === 3 ? true : undefined),
        120_000,
      );
      const { tasks } = await market.seal({ app, trust: 3, volume: 4 });
      const next = random(7);
      for (let kill = 0; kill < KILLS; kill++) {
        const worker = workers[Math.floor(next() * WORKERS)];
        // The first when it has found something, which lies there until the task is certified: that takes its own seal, and
        // so ten blocks. Later it might wait for ever for what is certified and gone. Most of the others are killed while they
        // work, some while they start, however slow the machine is.
        if (kill === 0) await worker?.hasStored();
        else {
          if (kill % 3 !== 0) await worker?.isWorking();
          await sleep(next() * 2_000);
        }
        await worker?.kill();
        await worker?.start();
      }
      for (const task of tasks) {
        const end = await market.watcher.waitFor("the end", () => market.watcher.endOf(task), 200_000);
        expect(end.type).toBe("certified");
        const { seals, fines, slashed } = await historyOf(task);
        expect(new Set(seals.map(({ worker }) => worker)).size).toBe(seals.length);
        expect([...fines, ...slashed]).toEqual([]);
      }
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
    }
    let resumed = 0;
    for (const { lives, stateDir } of workers) {
      for (const { lines, stored } of lives) {
        const computed = lines.filter(({ msg }) => msg === "computed").map(({ task }) => task);
        expect(computed.filter((task) => stored.includes(task ?? ""))).toEqual([]);
        expect(new Set(computed).size).toBe(computed.length);
        resumed += stored.length;
      }
      const book = (await readFile(join(stateDir, "seals.jsonl"), "utf8")).trim().split("\n");
      const sealed = book.filter((line) => line !== "").map((line) => JSON.parse(line));
      expect(new Set(sealed.map(({ task, round }) => `${task} ${round}`)).size).toBe(sealed.length);
    }
    // Or it was no proof.
    expect(resumed).toBeGreaterThan(0);
  });
});

/** `for (i = n; i !== 0; i--)`, in linear memory. */
function countTo(count: number): number[] {
  const at = op.i32(0);
  return [
    ...at,
    ...op.i32(count),
    ...op.store32,
    // i = i - 1, and on while it is not zero.
    ...op.repeatWhile([...at, ...at, ...op.load32, ...op.i32(1), 0x6b, ...op.store32, ...at, ...op.load32]),
  ];
}

async function seatsTaken(): Promise<number> {
  const { poco } = testChain.deployment.contracts;
  const args = [market.pool] as const;
  const { viem } = testChain.chain;
  return (await viem.readContract({ address: poco, abi: pocoAbi, functionName: "pool", args })).liveSeats;
}

async function historyOf(taskId: Hex) {
  const query = {
    address: testChain.deployment.contracts.poco,
    abi: pocoAbi,
    args: { taskId },
    fromBlock: 0n,
  } as const;
  const { viem } = testChain.chain;
  const [committed, fines, slashed] = await Promise.all([
    viem.getContractEvents({ ...query, eventName: "SealsCommitted" }),
    viem.getContractEvents({ ...query, eventName: "PlaceMissed" }),
    viem.getContractEvents({ ...query, eventName: "WorkerSlashed" }),
  ]);
  return { seals: committed.flatMap(({ args }) => (args.seals ?? []).map(unpackCommitted)), fines, slashed };
}
