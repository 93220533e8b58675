import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Address, type Hex, hexToString, keccak256, toHex } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { createPoolClient, type PoolClient } from "#src/client/pool-client.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { startPoolService } from "#src/pool/pool-service.ts";
import type { PoolTables } from "#src/pool/pool-tables.ts";
import { unpackCommitted } from "#src/protocol/contributions.ts";
import { openDatabase } from "#src/store/database.ts";
import type { Runner } from "#src/worker/computation.ts";
import { createWorker } from "#src/worker/worker.ts";
import { createWorkerChain } from "#src/worker/worker-chain.ts";
import { silent, startTestPostgres, temporaryDirectory } from "../store/test-database.ts";
import { buildModule } from "../worker/runner/build-module.ts";
import { startTestChain, type TestChain, testAccount } from "./chain-fixture.ts";
import { FIRST_WORKER, openTestMarket, SELLER, type TestMarket } from "./market-fixture.ts";

// Given a chain, a market, a pool of six workers and a scheduler, a task of trust 10 is certified though the scheduler
// - goes silent as soon as it has handed the task out
// - leaves out one of the drawn, and names the task to everybody else, drawn or not, in whatever round: nobody computes
//   what it was not drawn for, and the one that was left out commits for itself

const WORKERS = 6;
const limits = { memoryBytes: 1 << 20, timeMs: 5_000, outputBytes: 1 << 16 };

let testChain: TestChain;
let market: TestMarket;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let stateDir: string;
let app: bigint;
const running: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [testChain, postgres, stateDir] = await Promise.all([
    startTestChain({ categories: [{ roundBlocks: 30, deadlineBlocks: 300 }] }),
    startTestPostgres(),
    temporaryDirectory(),
  ]);
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

const numbers = Array.from({ length: WORKERS }, (_, number) => number);
const addressOf = (number: number) => testAccount(FIRST_WORKER + number).address;

async function startPool() {
  const url = await postgres.fresh();
  const database = await openDatabase<PoolTables>({ logger: silent }, { url, schema: "pool" });
  const metrics = createMetrics({ service: "pool", processMetrics: false });
  const { chain, deployment } = testChain;
  const sender = createSender({ chain, account: testAccount(SELLER) });
  const pool = await startPoolService(
    { chain, deployment, sender, database, logger: silent, metrics },
    { pool: market.pool, contentUrl: market.contentUrl },
  );
  const server = await createServer({ logger: silent, metrics }, { name: "pool" });
  pool.register(server);
  const listening = await listen(server, { port: 0 });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      await server.close();
      await pool.stop();
      await database.close();
    })();
    return stopped;
  };
  // Whoever asks for its tasks just now is not waited for: a scheduler that died would not do so either.
  const silence = async () => {
    server.server.closeAllConnections();
    await stop();
  };
  running.push(silence);
  return { url: listening.url, silence };
}

async function startWorker(number: number, poolUrl: string, runner: Runner, poolClient?: PoolClient) {
  const { chain, deployment } = testChain;
  const account = testAccount(FIRST_WORKER + number);
  const worker = createWorker(
    {
      ...{ chain, deployment, account, runner, logger: silent },
      sender: createSender({ chain, account }),
      metrics: createMetrics({ service: "worker", processMetrics: false }),
      ...(poolClient === undefined ? {} : { poolClient }),
    },
    {
      ...{ poolUrl, pool: market.pool, limits, pollMs: 300, commitMarginBlocks: 10 },
      stateDir: join(stateDir, String(number)),
      allowPrivateSources: true,
    },
  );
  await worker.start();
  running.push(() => worker.stop());
}

const honest: Runner = async ({ params }) => ({
  type: "success",
  output: new TextEncoder().encode(`seen ${hexToString(toHex(params))}`),
  memoryHash: keccak256(params),
  log: "",
});

async function sealsOf(taskId: Hex | undefined) {
  const logs = await testChain.chain.viem.getContractEvents({
    ...{ address: testChain.deployment.contracts.poco, abi: pocoAbi, eventName: "SealsCommitted" },
    ...{ args: { taskId: taskId ?? "0x" }, fromBlock: 0n },
  });
  return Promise.all(
    logs.map(async ({ args, transactionHash: hash }) => ({
      by: (await testChain.chain.viem.getTransaction({ hash })).from.toLowerCase(),
      workers: (args.seals ?? []).map(unpackCommitted).map(({ worker }) => worker),
    })),
  );
}

const endOf = (task: Hex | undefined) =>
  market.watcher.waitFor("the end", () => market.watcher.endOf(task ?? "0x"), 150_000);

describe("a task is certified though the scheduler", () => {
  it("goes silent when it has handed it out", { timeout: 200_000 }, async () => {
    const pool = await startPool();
    const silenced = Promise.withResolvers<void>();
    const runner: Runner = async (request, deps) => {
      pool.silence().then(silenced.resolve, silenced.reject);
      await silenced.promise;
      return honest(request, deps);
    };
    await Promise.all(numbers.map((number) => startWorker(number, pool.url, runner)));
    const { tasks } = await market.seal({ app, trust: 10, params: "alone" });
    const end = await endOf(tasks[0]);
    expect(end.type === "certified" && (await market.text(end.result.content))).toBe("seen alone");
    const scheduler = testAccount(SELLER).address.toLowerCase();
    const committed = await sealsOf(tasks[0]);
    expect(committed.map(({ by }) => by)).not.toContain(scheduler);
  });

  it("leaves a worker out, and names the task to who was not drawn", { timeout: 200_000 }, async () => {
    const pool = await startPool();
    const known = Promise.withResolvers<{ leftOut: Address; dealId: Hex; taskId: Hex }>();
    const ran: Address[] = [];
    await Promise.all(
      numbers.map((number) => {
        const own = addressOf(number);
        const client = createPoolClient({}, { baseUrl: pool.url });
        const lying: PoolClient = {
          ...client,
          async tasksOf(worker) {
            const { leftOut, dealId, taskId } = await known.promise;
            if (own === leftOut) return [];
            const seat = await chainOf(number).ownSeat(market.pool);
            const madeUp = [1, 2].map((round) => ({
              ...{ taskId, dealId, index: 0, round, seat: seat ?? null },
              step: "compute" as const,
            }));
            const listed = await client.tasksOf(worker);
            return listed.length > 0 ? listed : madeUp;
          },
        };
        const runner: Runner = (request, deps) => {
          ran.push(own);
          return honest(request, deps);
        };
        return startWorker(number, pool.url, runner, lying);
      }),
    );
    const { dealId, tasks } = await market.seal({ app, trust: 10, params: "left out" });
    const { deal } = await createMarketReader(testChain.chain, testChain.deployment).deal(dealId);
    const drawn = await market.watcher.waitFor("the draw", () => chainOf(0).drawn(deal, 0, 1), 20_000);
    const places = await Promise.all(
      drawn.map(async (seat) => (await chainOf(0).seat(market.pool, seat)).worker),
    );
    const [leftOut = "0x"] = places;
    known.resolve({ leftOut, dealId, taskId: tasks[0] ?? "0x" });
    const end = await endOf(tasks[0]);
    expect(end.type === "certified" && (await market.text(end.result.content))).toBe("seen left out");
    const sealed = (await sealsOf(tasks[0])).flatMap(({ workers }) => workers);
    expect(sealed.toSorted()).toEqual(places.toSorted());
    expect(ran.toSorted()).toEqual(places.toSorted());
  });
});

const chainOf = (number: number) =>
  createWorkerChain(
    { chain: testChain.chain, sender: market.senderOf(FIRST_WORKER + number) },
    testChain.deployment,
  );
