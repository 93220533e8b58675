import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hexToString, keccak256, toHex } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { createSender } from "#src/chain/sender.ts";
import { createPoolClient, type PoolClient } from "#src/client/pool-client.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { startPoolService } from "#src/pool/pool-service.ts";
import type { PoolTables } from "#src/pool/pool-tables.ts";
import { confidenceReached, placesReached, weight } from "#src/protocol/confidence.ts";
import { unpackCommitted } from "#src/protocol/contributions.ts";
import { openDatabase } from "#src/store/database.ts";
import type { Runner } from "#src/worker/computation.ts";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";
import { createWorker } from "#src/worker/worker.ts";
import { silent, startTestPostgres, temporaryDirectory } from "../store/test-database.ts";
import { buildModule, op } from "../worker/runner/build-module.ts";
import { startTestChain, type TestChain, testAccount } from "./chain-fixture.ts";
import { FIRST_WORKER, openTestMarket, SELLER, type TestMarket } from "./market-fixture.ts";

// Given a chain, a market and a pool of eight workers, two of whom lie, each for itself:
// - trust 10: the truth is certified, whoever was drawn, across a restart of the scheduler and of a worker
// - trust 1: one worker's word is certified
// - a program that traps is certified to fail
// - a task nobody works on is claimed back

const WORKERS = 8;
const LIARS = [2, 5];
const limits = { memoryBytes: 1 << 20, timeMs: 5_000, outputBytes: 1 << 16 };

let testChain: TestChain;
let market: TestMarket;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let databaseUrl: string;
let stateDir: string;
let app: bigint;
const running: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [testChain, postgres, stateDir] = await Promise.all([
    startTestChain({
      categories: [
        { roundBlocks: 60, deadlineBlocks: 300 },
        { roundBlocks: 2, deadlineBlocks: 13 },
      ],
    }),
    startTestPostgres(),
    temporaryDirectory(),
  ]);
  databaseUrl = await postgres.fresh();
  market = await openTestMarket(testChain, WORKERS);
  app = await market.registerApp(buildModule());
}, 120_000);

afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()));
});

afterAll(async () => {
  await market?.stop();
  await postgres?.stop();
  await testChain?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

/** Says what it was given: the same for everybody, and different for each task. */
const honest: Runner = async ({ params }) => ({
  type: "success",
  output: new TextEncoder().encode(`seen ${hexToString(toHex(params))}`),
  memoryHash: keccak256(params),
  log: "",
});

function liar(number: number): Runner {
  return async (request, deps) => {
    const outcome = await honest(request, deps);
    return outcome.type === "success" ? { ...outcome, output: Uint8Array.of(number) } : outcome;
  };
}

async function startPool(): Promise<{ url: string; client: PoolClient; stop: () => Promise<void> }> {
  const database = await openDatabase<PoolTables>({ logger: silent }, { url: databaseUrl, schema: "pool" });
  const metrics = createMetrics({ service: "pool", processMetrics: false });
  const { chain, deployment } = testChain;
  const sender = createSender({ chain, account: testAccount(SELLER) });
  const pool = await startPoolService(
    { chain, deployment, sender, database, logger: silent, metrics },
    { pool: market.pool, contentUrl: market.contentUrl },
  );
  const server = await createServer({ logger: silent, metrics }, { name: "pool" });
  pool.register(server);
  const { url } = await listen(server, { port: 0 });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      await server.close();
      await pool.stop();
      await database.close();
    })();
    return stopped;
  };
  running.push(stop);
  return { url, client: createPoolClient({}, { baseUrl: url }), stop };
}

async function startWorker(number: number, poolUrl: string, runner: Runner) {
  const { chain, deployment } = testChain;
  const account = testAccount(FIRST_WORKER + number);
  const worker = createWorker(
    {
      ...{ chain, deployment, account, runner, logger: silent },
      sender: createSender({ chain, account }),
      metrics: createMetrics({ service: "worker", processMetrics: false }),
    },
    {
      ...{ poolUrl, pool: market.pool, limits, pollMs: 300 },
      stateDir: join(stateDir, String(number)),
      allowPrivateSources: true,
    },
  );
  await worker.start();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= worker.stop();
    return stopped;
  };
  running.push(stop);
  return { ...worker, stop };
}

const startWorkers = (url: string, runnerOf: (number: number) => Runner) =>
  Promise.all(Array.from({ length: WORKERS }, (_, number) => startWorker(number, url, runnerOf(number))));

describe("a task", () => {
  it("of trust 10 is certified as the honest see it, across restarts", { timeout: 180_000 }, async () => {
    const pool = await startPool();
    const runs: string[] = [];
    const runnerOf =
      (number: number): Runner =>
      (request, deps) => {
        runs.push(`worker ${number}, task ${toHex(request.seed ?? Uint8Array.of())}`);
        return (LIARS.includes(number) ? liar(number) : honest)(request, deps);
      };
    const workers = await startWorkers(pool.url, runnerOf);
    const { tasks } = await market.seal({ app, trust: 10, volume: 2, params: '{"a":1}' });

    await market.watcher.waitFor(
      "the first commitment",
      async () => {
        const logs = await testChain.chain.viem.getContractEvents({
          address: testChain.deployment.contracts.poco,
          abi: pocoAbi,
          eventName: "SealsCommitted",
          fromBlock: 0n,
        });
        return logs.length > 0 ? logs : undefined;
      },
      60_000,
    );
    // Whatever it had in memory is gone; the workers of the old address are started again as well.
    await pool.stop();
    await Promise.all(workers.map((worker) => worker.stop()));
    const again = await startPool();
    await startWorkers(again.url, runnerOf);

    for (const taskId of tasks) {
      const end = await market.watcher.waitFor("the end", () => market.watcher.endOf(taskId), 120_000);
      expect(end.type).toBe("certified");
      if (end.type !== "certified") continue;
      expect(await market.text(end.result.content)).toBe('seen {"a":1}');
      const { seals, slashed } = await historyOf(taskId);
      const liars = LIARS.map((number) => testAccount(FIRST_WORKER + number).address);
      // However slow the machine and whoever missed its place for it: the honest hold 2/3 of all places, and the trust.
      const honestSeals = seals.filter((worker) => !liars.includes(worker));
      const fresh = honestSeals.map(() => weight(0));
      const lying = seals.filter((worker) => liars.includes(worker)).map(() => weight(0));
      expect(placesReached(honestSeals.length, await drawnFor(taskId))).toBe(true);
      expect(confidenceReached(10, fresh, lying)).toBe(true);
      expect(slashed.toSorted()).toEqual(seals.filter((worker) => liars.includes(worker)).toSorted());
      await market.watcher.waitFor(
        "the scheduler's knowledge",
        async () => ((await again.client.task(taskId)).status === "certified" ? true : undefined),
        10_000,
      );
      const { timeline, says } = await again.client.task(taskId);
      expect(says).toContain("Certified");
      expect(timeline.map(({ entry }) => entry)).toEqual(
        expect.arrayContaining(["sealed", "4 answers of round 1 committed; the round is complete"]),
      );
      // Nobody computed a second time what it had found before.
      expect(new Set(runs).size).toBe(runs.length);
      // When the first round was enough, that was all: one transaction to commit, one to finalize.
      if (seals.length === 4)
        expect(timeline.filter(({ entry }) => entry.includes("committed"))).toHaveLength(1);
    }
  });

  it("of trust 1 is certified on one worker's word", { timeout: 120_000 }, async () => {
    const pool = await startPool();
    await startWorker(0, pool.url, honest);
    const { tasks } = await market.seal({ app, trust: 1, params: "alone" });
    const end = await market.watcher.waitFor("the end", () => market.watcher.endOf(tasks[0] ?? "0x"), 60_000);
    expect(end.type === "certified" && (await market.text(end.result.content))).toBe("seen alone");
  });

  it("whose program traps is certified to fail", { timeout: 120_000 }, async () => {
    const pool = await startPool();
    await startWorkers(pool.url, () => runWasi);
    const trap = await market.registerApp(buildModule({ code: op.unreachable }));
    const { tasks } = await market.seal({ app: trap, trust: 3 });
    const end = await market.watcher.waitFor("the end", () => market.watcher.endOf(tasks[0] ?? "0x"), 90_000);
    expect(end).toEqual({ type: "failed", outcome: 2 });
  });

  it("that nobody works on is claimed back", { timeout: 120_000 }, async () => {
    await startPool();
    const { tasks } = await market.seal({ app, trust: 2, category: 1 });
    const end = await market.watcher.waitFor("the end", () => market.watcher.endOf(tasks[0] ?? "0x"), 60_000);
    expect(end).toEqual({ type: "claimed" });
  });
});

async function drawnFor(taskId: `0x${string}`): Promise<number> {
  const { poco } = testChain.deployment.contracts;
  const args = [taskId] as const;
  return (
    await testChain.chain.viem.readContract({ address: poco, abi: pocoAbi, functionName: "task", args })
  ).drawn;
}

async function historyOf(taskId: `0x${string}`) {
  const query = {
    address: testChain.deployment.contracts.poco,
    abi: pocoAbi,
    args: { taskId },
    fromBlock: 0n,
  } as const;
  const { viem } = testChain.chain;
  const [committed, slashed] = await Promise.all([
    viem.getContractEvents({ ...query, eventName: "SealsCommitted" }),
    viem.getContractEvents({ ...query, eventName: "WorkerSlashed" }),
  ]);
  return {
    seals: committed.flatMap(({ args }) => args.seals ?? []).map((seal) => unpackCommitted(seal).worker),
    slashed: slashed.flatMap(({ args }) => args.worker ?? []),
  };
}
