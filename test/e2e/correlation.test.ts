import { rm } from "node:fs/promises";
import { type Hex, stringToHex, zeroAddress, zeroHash } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createBroker } from "#src/broker/broker.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { createClerkMarketChain } from "#src/broker/clerk-market-chain.ts";
import { createSender } from "#src/chain/sender.ts";
import { createBrokerClient } from "#src/client/broker-client.ts";
import { createSalts } from "#src/client/salts.ts";
import { signOrder } from "#src/client/sign-order.ts";
import { conditions, type Order } from "#src/protocol/orders.ts";
import { NO_TAGS } from "#src/protocol/tags.ts";
import { openDatabase } from "#src/store/database.ts";
import { startTestPostgres, temporaryDirectory } from "../store/test-database.ts";
import { startTestChain, type TestChain, testAccount } from "./chain-fixture.ts";
import { openTestMarket, POOL_PRICE, REQUESTER, SELLER, type TestMarket } from "./market-fixture.ts";
import { keptLog, obedient, startPool, startWorker } from "./market-services.ts";

// A request that goes through broker, pool and workers is called the same by all: its page names its deal, the deal's page
// its task, the pool's page both; and each service's log has lines that carry order, deal and task.

const WORKERS = 3;
const PRICE = 10n ** 9n;

let testChain: TestChain;
let market: TestMarket;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let stateDir: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [testChain, postgres, stateDir] = await Promise.all([
    startTestChain({ categories: [{ roundBlocks: 60, deadlineBlocks: 300 }] }),
    startTestPostgres(),
    temporaryDirectory(),
  ]);
  market = await openTestMarket(testChain, WORKERS);
}, 300_000);

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  await market?.stop();
  await postgres?.stop();
  await testChain?.stop();
  await rm(stateDir, { recursive: true, force: true });
}, 60_000);

it("has one name everywhere", { timeout: 300_000 }, async () => {
  const { chain, deployment } = testChain;
  const logs = { broker: keptLog("broker"), pool: keptLog("pool"), worker: keptLog("worker") };
  const { logger } = logs.broker;
  const connection = { url: await postgres.fresh(), schema: "broker", connectTimeoutMs: 30_000 };
  const database = await openDatabase<BrokerTables>({ logger }, connection);
  stops.push(() => database.close());
  const sender = createSender({ chain, account: testAccount(0) }, { pollMs: 100 });
  const marketChain = createClerkMarketChain({ chain, deployment, sender, logger }, { pollMs: 200 });
  const broker = createBroker({ chain: marketChain, database, logger }, { port: 0 });
  const { url } = await broker.start();
  stops.push(() => broker.stop());
  const client = createBrokerClient({ baseUrl: url });
  const pool = await startPool(testChain, market, {
    databaseUrl: await postgres.fresh(),
    logger: logs.pool.logger,
  });
  stops.push(pool.stop);
  for (let number = 0; number < WORKERS; number++) {
    const worker = await startWorker(testChain, market, {
      ...{ number, stateDir, runner: obedient, poolUrl: pool.url, logger: logs.worker.logger },
    });
    stops.push(() => worker.stop());
  }

  const app = await market.registerApp(new TextEncoder().encode("an app"));
  const order = await publish(app);
  const dealId = await market.watcher.waitFor(
    "the deal",
    async () => (await client.order(order)).deals[0],
    60_000,
  );
  const task = (await client.deal(dealId)).tasks[0] as Hex;
  await market.watcher.waitFor("the end", () => market.watcher.endOf(task), 180_000);
  const detail = await market.watcher.waitFor(
    "the pool's knowledge",
    async () => {
      // The chain is asked ahead of the blocks that are followed: the account comes with these.
      const { tasks } = await pool.client.dealAccount(dealId);
      return tasks.open > 0 ? undefined : pool.client.task(task);
    },
    30_000,
  );
  expect(detail).toMatchObject({ order, dealId, taskId: task, status: "certified" });
  expect(await pool.client.tasks({ order })).toHaveLength(1);
  expect(await pool.client.dealAccount(dealId)).toMatchObject({ order, tasks: { certified: 1 } });
  expect(detail.timeline.filter(({ tx }) => tx !== undefined).length).toBeGreaterThanOrEqual(3);

  const carrying = (service: keyof typeof logs, names: object) =>
    logs[service].lines.filter((line) =>
      Object.entries(names).every(([name, value]) => line[name] === value),
    );
  for (const [service, names] of [
    ["broker", { order }],
    ["broker", { order, deal: dealId }],
    ["pool", { order, deal: dealId }],
    ["pool", { order, deal: dealId, task }],
    ["worker", { order, deal: dealId, task }],
  ] as const) {
    expect(carrying(service, names).length, `${service} ${Object.keys(names)}`).toBeGreaterThan(0);
  }

  async function publish(asset: bigint): Promise<Hex> {
    const terms = conditions({
      ...{ certifier: deployment.contracts.poco, validUntil: 2n ** 40n, volume: 1, salt: createSalts()() },
    });
    const [onlyApp, onlyDataset, onlyPool, onlyRequester] = [zeroHash, zeroHash, zeroHash, zeroHash];
    const requester = testAccount(REQUESTER);
    const shared = { tag: NO_TAGS, onlyDataset, conditions: terms };
    const orders: readonly (readonly [number, Order])[] = [
      [
        SELLER,
        { type: "app", order: { ...shared, app: asset, price: PRICE, trust: 0, onlyPool, onlyRequester } },
      ],
      [
        SELLER,
        {
          type: "pool",
          order: {
            ...{ ...shared, pool: market.pool, price: POOL_PRICE, category: 0, trust: 1_000_000 },
            ...{ onlyApp, onlyRequester },
          },
        },
      ],
      [
        REQUESTER,
        {
          type: "request",
          order: {
            ...{ ...shared, requester: requester.address, app: asset, maxAppPrice: PRICE, dataset: 0n },
            ...{ maxDatasetPrice: 0n, maxPoolPrice: POOL_PRICE, category: 0, trust: 3, onlyApp, onlyPool },
            ...{ minSeats: 0, minSeatStake: 0n, beneficiary: requester.address, callback: zeroAddress },
            ...{ sponsor: zeroAddress, attesters: zeroHash, params: stringToHex("work") },
          },
        },
      ],
    ];
    let hash: Hex = "0x";
    for (const [number, each] of orders) {
      const signed = await signOrder(testAccount(number), each, chain.chainId, deployment.contracts.clerk);
      hash = (await client.publish(signed)).hash;
    }
    return hash;
  }
});
