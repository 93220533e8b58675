import type { Hex } from "viem";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { NO_DATASET, type SealBatch } from "#src/broker/market-chain.ts";
import type { OrderDetail } from "#src/client/broker-schema.ts";
import type { AppOrder, Order, PoolOrder } from "#src/protocol/orders.ts";
import type { Database } from "#src/store/database.ts";
import type { MemoryMarketChain } from "./memory-market-chain.ts";
import { createTestChain, eventually, startTestBroker, type TestBroker } from "./test-broker.ts";
import { startTestPostgres } from "./test-database.ts";
import { appOrder, type Changes, poolOrder, signed } from "./traders.ts";

/** For each test of a file: a chain with an open market, an empty database, and a broker on both. */
export function useOpenMarket() {
  let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
  let name: string;
  let database: Database<BrokerTables>;
  let chain: MemoryMarketChain;
  let broker: TestBroker;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  beforeEach(async () => {
    name = await postgres.create();
    chain = createTestChain();
    await open();
  });
  afterEach(() => close());
  afterAll(() => postgres?.stop());

  async function open(options?: Parameters<typeof startTestBroker>[2]): Promise<void> {
    database = await postgres.open(name);
    broker = await startTestBroker(chain, database, options);
  }
  async function close(): Promise<void> {
    await broker.stop();
    await database.close();
  }
  const until = (hash: Hex, met: (order: OrderDetail) => boolean, what = "the change") =>
    eventually(`${what} of ${hash}`, async () => {
      const order = await broker.client.order(hash);
      return met(order) ? order : undefined;
    });

  return {
    get chain() {
      return chain;
    },
    get database() {
      return database;
    },
    get broker() {
      return broker;
    },
    /** Another connection to the same database. */
    connect: () => postgres.open(name),
    /** Starts the broker again on what is there. */
    open,
    close,
    /** Signs and publishes, one after the other. */
    async publish(...orders: Order[]): Promise<Hex[]> {
      const hashes: Hex[] = [];
      for (const order of orders) hashes.push((await broker.client.publish(await signed(order))).hash);
      return hashes;
    },
    until,
    filled: (hash: Hex) => until(hash, ({ status }) => status === "filled", "the fill"),
  };
}

export const reasons = ({ whyNot }: OrderDetail) =>
  whyNot.map(({ leg, refusal, code }) => [leg, refusal, code]);

/** A request with orders of its own for app and pool, as somebody else would seal them. */
export async function batchOf(
  request: Order,
  changes: {
    readonly app?: Changes<AppOrder>;
    readonly pool?: Changes<PoolOrder>;
    /** Of the app's and the pool's order. */
    readonly volume?: number;
  } = {},
): Promise<SealBatch> {
  const conditions = changes.volume === undefined ? {} : { volume: changes.volume };
  const [app, pool, asked] = await Promise.all([
    signed(appOrder({ conditions, ...changes.app })),
    signed(poolOrder({ conditions, ...changes.pool })),
    signed(request),
  ]);
  return {
    apps: [app as never],
    datasets: [],
    pools: [pool as never],
    requests: [asked as never],
    sponsorships: [],
    terms: [],
    matches: [{ app: 0, dataset: NO_DATASET, pool: 0, request: 0 }],
  };
}
