import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Hex, hexToString, keccak256, toHex } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { createWorkerClient, type WorkerClient } from "#src/client/worker-client.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { unpackCommitted } from "#src/protocol/contributions.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { drawPlaces } from "#src/protocol/places.ts";
import { freePort } from "#src/store/free-port.ts";
import type { Runner } from "#src/worker/computation.ts";
import { createSeatRoster } from "#src/worker/seat-roster.ts";
import { createWorker } from "#src/worker/worker.ts";
import { createWorkerChain } from "#src/worker/worker-chain.ts";
import { silent, temporaryDirectory } from "../store/test-database.ts";
import { buildModule } from "../worker/runner/build-module.ts";
import { startTestChain, type TestChain, testAccount } from "./chain-fixture.ts";
import { FIRST_WORKER, openTestMarket, type TestMarket } from "./market-fixture.ts";

// Given a chain, a market, a pool of eight seats and no scheduler anywhere, workers alone
// - certify a task of trust 10, each committing for itself and one of them finalizing
// - open another round where one of them lies, and certify the truth
// - claim a task that came to nothing, and know what they got for it
// - know for which tasks their seats are drawn, as the chain draws

const WORKERS = 8;
const limits = { memoryBytes: 1 << 20, timeMs: 5_000, outputBytes: 1 << 16 };

let testChain: TestChain;
let market: TestMarket;
let stateDir: string;
let app: bigint;
let nobody: string;
const running: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [testChain, stateDir] = await Promise.all([
    startTestChain({
      categories: [
        { roundBlocks: 15, deadlineBlocks: 200 },
        { roundBlocks: 12, deadlineBlocks: 24 },
      ],
    }),
    temporaryDirectory(),
  ]);
  nobody = `http://127.0.0.1:${await freePort()}`;
  market = await openTestMarket(testChain, WORKERS);
  app = await market.registerApp(buildModule());
  // Everybody has a seat.
  await Promise.all(numbers.map((number) => startWorker(number, honest)));
  await stopAll();
}, 120_000);

afterEach(stopAll);

afterAll(async () => {
  await market?.stop();
  await testChain?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

const numbers = Array.from({ length: WORKERS }, (_, number) => number);
const addressOf = (number: number) => testAccount(FIRST_WORKER + number).address;

async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((stop) => stop()));
}

const honest: Runner = async ({ params }) => ({
  type: "success",
  output: new TextEncoder().encode(`seen ${hexToString(toHex(params))}`),
  memoryHash: keccak256(params),
  log: "",
});

async function startWorker(number: number, runner: Runner): Promise<WorkerClient> {
  const { chain, deployment } = testChain;
  const account = testAccount(FIRST_WORKER + number);
  const metrics = createMetrics({ service: "worker", processMetrics: false });
  const worker = createWorker(
    {
      ...{ chain, deployment, account, runner, logger: silent, metrics },
      sender: createSender({ chain, account }),
    },
    {
      ...{ poolUrl: nobody, pool: market.pool, limits, pollMs: 300 },
      stateDir: join(stateDir, String(number)),
      allowPrivateSources: true,
      ...{ commitMarginBlocks: 6, extendAfterBlocks: 11, claimAfterBlocks: 1 },
    },
  );
  await worker.start();
  const server = await createServer({ logger: silent, metrics }, { name: "worker" });
  worker.register(server);
  const { url } = await listen(server, { port: 0 });
  running.push(async () => {
    await server.close();
    await worker.stop();
  });
  return createWorkerClient({}, { baseUrl: url });
}

const chainOf = (number: number) =>
  createWorkerChain(
    { chain: testChain.chain, sender: market.senderOf(FIRST_WORKER + number) },
    testChain.deployment,
  );

const endOf = (task: Hex | undefined, timeoutMs = 90_000) =>
  market.watcher.waitFor("the end", () => market.watcher.endOf(task ?? "0x"), timeoutMs);

async function transactionsOf(task: Hex | undefined) {
  const query = {
    address: testChain.deployment.contracts.poco,
    abi: pocoAbi,
    args: { taskId: task ?? "0x" },
    fromBlock: 0n,
  } as const;
  const { viem } = testChain.chain;
  const [commits, rounds, slashed] = await Promise.all([
    viem.getContractEvents({ ...query, eventName: "SealsCommitted" }),
    viem.getContractEvents({ ...query, eventName: "RoundOpened" }),
    viem.getContractEvents({ ...query, eventName: "WorkerSlashed" }),
  ]);
  const seals = commits.flatMap(({ args }) => (args.seals ?? []).map(unpackCommitted));
  return { commits, rounds, slashed, seals };
}

/** The seats drawn first, as the chain says, once it knows. */
async function drawnFor(dealId: Hex): Promise<readonly number[]> {
  const { deal } = await createMarketReader(testChain.chain, testChain.deployment).deal(dealId);
  return market.watcher.waitFor("the draw", () => chainOf(0).drawn(deal, 0, 1), 10_000);
}

describe("without a scheduler", () => {
  it("they certify a task, and know what they earned", { timeout: 120_000 }, async () => {
    const workers = await Promise.all(numbers.map((number) => startWorker(number, honest)));
    const { tasks } = await market.seal({ app, trust: 10, params: '{"b":1}' });
    const end = await endOf(tasks[0]);
    expect(end.type === "certified" && (await market.text(end.result.content))).toBe('seen {"b":1}');
    const { commits, rounds, seals } = await transactionsOf(tasks[0]);
    expect(rounds).toEqual([]);
    // Each for itself, and each once.
    expect(commits).toHaveLength(4);
    expect(new Set(seals.map(({ worker }) => worker)).size).toBe(4);

    const senders = new Set(
      await Promise.all(
        commits.map(async ({ transactionHash: hash }) => {
          return (await testChain.chain.viem.getTransaction({ hash })).from.toLowerCase();
        }),
      ),
    );
    expect(senders).toEqual(new Set(seals.map(({ worker }) => worker.toLowerCase())));

    for (const [number, client] of workers.entries()) {
      const took = seals.some(({ worker }) => worker === addressOf(number));
      const {
        totals,
        waitingNano,
        tasks: own,
      } = await market.watcher.waitFor(
        "the earnings",
        async () => {
          const report = await client.earnings();
          return report.totals.earnedNano > 0n === took ? report : undefined;
        },
        10_000,
      );
      expect(waitingNano).toBe(totals.earnedNano);
      const mine = own.filter(({ task }) => task === tasks[0]);
      expect(mine.map(({ earnedNano }) => earnedNano)).toEqual(took ? [totals.earnedNano] : []);
      if (took) expect(mine[0]?.gasWei).toBeGreaterThan(0n);
      // 8 HANSE less the scheduler's share of 5 %, in four equal parts.
      if (took) expect(totals.earnedNano).toBe(1_900_000_000n);
    }
  });

  it("they open another round where one lies, and the truth is certified", { timeout: 150_000 }, async () => {
    const lies = Promise.withResolvers<number>();
    const runnerOf =
      (number: number): Runner =>
      async (request, deps) => {
        const outcome = await honest(request, deps);
        if ((await lies.promise) !== number || outcome.type !== "success") return outcome;
        return { ...outcome, output: Uint8Array.of(number) };
      };
    await Promise.all(numbers.map((number) => startWorker(number, runnerOf(number))));
    const { dealId, tasks } = await market.seal({ app, trust: 10, params: "disputed" });
    const [first = -1] = await drawnFor(dealId);
    const liar = (await chainOf(0).seat(market.pool, first)).worker;
    lies.resolve(numbers.findIndex((number) => addressOf(number) === liar));
    const end = await endOf(tasks[0], 120_000);
    expect(end.type === "certified" && (await market.text(end.result.content))).toBe("seen disputed");
    const { rounds, slashed } = await transactionsOf(tasks[0]);
    expect(rounds).toHaveLength(1);
    expect(slashed.map(({ args }) => args.worker)).toEqual([liar]);
  });

  it("who answered claims what came to nothing, and knows its share", { timeout: 120_000 }, async () => {
    const { dealId, tasks } = await market.seal({ app, trust: 4, category: 1, params: "lonely" });
    const [first = -1] = await drawnFor(dealId);
    const { worker } = await chainOf(0).seat(market.pool, first);
    const number = numbers.findIndex((each) => addressOf(each) === worker);
    const accountOf = async () => {
      const args = [worker] as const;
      const { clerk } = testChain.deployment.contracts;
      return testChain.chain.viem.readContract({
        address: clerk,
        abi: clerkAbi,
        functionName: "account",
        args,
      });
    };
    const before = await accountOf();
    const client = await startWorker(number, honest);
    expect(await endOf(tasks[0], 60_000)).toEqual({ type: "claimed" });
    const report = await market.watcher.waitFor(
      "the compensation",
      async () => {
        const told = await client.earnings();
        return told.totals.compensatedNano > 0n ? told : undefined;
      },
      10_000,
    );
    // A fine of 5 % of a stake of 100 HANSE for each of the others, at most 30 % of the price, less the payer's tenth.
    expect((await accountOf()).free - before.free).toBe(report.totals.compensatedNano);
    expect(report.totals.compensatedNano).toBe(2_160_000_000n);
  });

  it("they draw as the chain does, whoever left", { timeout: 60_000 }, async () => {
    // The draw of an earlier test chose who was slashed: any worker may have lost its seat.
    const seats = await Promise.all(numbers.map((number) => chainOf(number).ownSeat(market.pool)));
    const seated = seats.findLastIndex((seat) => seat !== undefined);
    const leaver = chainOf(seated);
    await market.senderOf(FIRST_WORKER + seated).send({
      address: testChain.deployment.contracts.poco,
      abi: pocoAbi,
      functionName: "leave",
      args: [market.pool, seats[seated]],
    });
    const { dealId, tasks } = await market.seal({ app, trust: 10, volume: 24 });
    await drawnFor(dealId);
    const { deal } = await createMarketReader(testChain.chain, testChain.deployment).deal(dealId);
    const seed = await leaver.seedOf(deal.sealedAtBlock + 1n);
    const roster = createSeatRoster(leaver, market.pool);
    for (const [index, taskId] of tasks.entries()) {
      const own = await drawPlaces(
        {
          ...{ taskId, trust: deal.trust, seats: frozenTerms(deal).seats },
          wasSeated: (seat) => roster.wasSeated(seat, deal.sealedAtBlock),
        },
        [seed ?? "0x"],
      );
      expect(own).toEqual(await leaver.drawn(deal, index, 1));
    }
    expect(new Set(tasks).size).toBe(24);
  });
});
