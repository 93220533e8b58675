import { join } from "node:path";
import { hexToString, keccak256, toHex } from "viem";
import { createSender } from "#src/chain/sender.ts";
import { createPoolClient, type PoolClient } from "#src/client/pool-client.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { createLogger, type Logger } from "#src/kernel/logger.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { startPoolService } from "#src/pool/pool-service.ts";
import type { PoolTables } from "#src/pool/pool-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import type { Runner } from "#src/worker/computation.ts";
import { createWorker } from "#src/worker/worker.ts";
import { type TestChain, testAccount } from "./chain-fixture.ts";
import { FIRST_WORKER, SELLER, type TestMarket } from "./market-fixture.ts";

/** A log that is kept, line by line. */
export function keptLog(service: string): {
  readonly logger: Logger;
  readonly lines: Record<string, unknown>[];
} {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { logger: createLogger({ service, level: "debug", destination }), lines };
}

/** Does what the parameters say: nothing at all, a failure, or an output that is the same for everybody. */
export const obedient: Runner = async ({ params }, { signal }) => {
  const wish = hexToString(toHex(params));
  if (wish === "never") await new Promise((_, reject) => signal.addEventListener("abort", reject));
  if (wish === "fail") return { type: "failure", code: 2, reason: "as asked", log: "" };
  return {
    type: "success",
    output: new TextEncoder().encode(`did ${wish}`),
    memoryHash: keccak256(params),
    log: "",
  };
};

/** Answers what nobody else does. */
export function lying(number: number): Runner {
  return async (request, deps) => {
    const outcome = await obedient(request, deps);
    return outcome.type === "success" ? { ...outcome, output: Uint8Array.of(number) } : outcome;
  };
}

export interface RunningPool {
  readonly url: string;
  readonly client: PoolClient;
  stop(): Promise<void>;
}

export async function startPool(
  { chain, deployment }: TestChain,
  market: TestMarket,
  { databaseUrl, logger }: { readonly databaseUrl: string; readonly logger: Logger },
): Promise<RunningPool> {
  const database = await openDatabase<PoolTables>(
    { logger },
    { url: databaseUrl, schema: "pool", connectTimeoutMs: 30_000 },
  );
  const metrics = createMetrics({ service: "pool", processMetrics: false });
  const sender = createSender({ chain, account: testAccount(SELLER) }, { pollMs: 100 });
  const pool = await startPoolService(
    { chain, deployment, sender, database, logger, metrics },
    { pool: market.pool, contentUrl: market.contentUrl },
  );
  const server = await createServer({ logger, metrics }, { name: "pool" });
  pool.register(server);
  const { url } = await listen(server, { port: 0 });
  return {
    url,
    client: createPoolClient({}, { baseUrl: url }),
    async stop() {
      await server.close();
      await pool.stop();
      await database.close();
    },
  };
}

export interface WorkerWish {
  readonly number: number;
  readonly poolUrl: string;
  readonly stateDir: string;
  readonly runner: Runner;
  readonly logger: Logger;
}

export async function startWorker({ chain, deployment }: TestChain, market: TestMarket, wish: WorkerWish) {
  const { number, poolUrl, stateDir, runner, logger } = wish;
  const account = testAccount(FIRST_WORKER + number);
  const worker = createWorker(
    {
      ...{ chain, deployment, account, runner, logger },
      sender: createSender({ chain, account }),
      metrics: createMetrics({ service: "worker", processMetrics: false }),
    },
    {
      ...{ poolUrl, pool: market.pool, pollMs: 300, slots: 8, allowPrivateSources: true },
      limits: { memoryBytes: 1 << 20, timeMs: 5_000, outputBytes: 1 << 16 },
      stateDir: join(stateDir, String(number)),
      // Rewards stay in the seats, where they can be counted.
      collectFromNano: 10n ** 18n,
    },
  );
  await worker.start();
  return worker;
}
