import { createBroker } from "#src/broker/broker.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { type BrokerClient, createBrokerClient } from "#src/client/broker-client.ts";
import { systemClock } from "#src/kernel/clock.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import type { Database } from "#src/store/database.ts";
import { createMemoryMarketChain, type MemoryMarketChain } from "./memory-market-chain.ts";
import { silent } from "./test-database.ts";
import { CHAIN_ID, CLERK, MATCHER, NOW, openTestMarket } from "./traders.ts";

export function createTestChain(): MemoryMarketChain {
  const chain = createMemoryMarketChain({
    chainId: CHAIN_ID,
    clerk: CLERK,
    matcher: MATCHER,
    now: () => NOW,
  });
  openTestMarket(chain);
  return chain;
}

export interface TestBroker {
  readonly client: BrokerClient;
  readonly url: string;
  stop(): Promise<void>;
}

/** A broker that really listens, on a machine whose clock shows the tests' time. */
export async function startTestBroker(
  chain: MemoryMarketChain,
  database: Database<BrokerTables>,
  { batchSize = 50, retryBlocks = 1_000, clockAheadMs = 0 } = {},
): Promise<TestBroker> {
  const started = Date.now();
  const clock = { ...systemClock, now: () => Number(NOW) * 1000 + clockAheadMs + (Date.now() - started) };
  const metrics = createMetrics({ service: "broker", processMetrics: false });
  const broker = createBroker(
    { chain, database, logger: silent, clock, metrics },
    { port: 0, batchSize, retryBlocks },
  );
  const { url } = await broker.start();
  return { client: createBrokerClient({ baseUrl: url, retries: 0 }), url, stop: () => broker.stop() };
}

/** Waits until `look` finds something. */
export async function eventually<Value>(
  what: string,
  look: () => Promise<Value | undefined | false>,
  timeoutMs = 10_000,
): Promise<Value> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
