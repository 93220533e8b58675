import { join } from "node:path";
import type { Registry } from "prom-client";
import type { Address, LocalAccount } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import type { Sender } from "#src/chain/sender.ts";
import { createPoolClient, type PoolClient } from "#src/client/pool-client.ts";
import type { PoolInfo } from "#src/client/pool-schema.ts";
import { putContent } from "#src/content/content-client.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import { createComputation, type Runner } from "./computation.ts";
import { keepCollecting } from "./earnings.ts";
import { enrol } from "./enrolment.ts";
import { signHello } from "./hello.ts";
import { createInputCache } from "./input-cache.ts";
import { createResultStore } from "./result-store.ts";
import type { RunLimits } from "./runner/run-outcome.ts";
import { createTaskPoller } from "./task-poller.ts";
import { createTaskSteps } from "./task-steps.ts";
import { createWorkerChain, type WorkerChain } from "./worker-chain.ts";
import { createWorkerMetrics } from "./worker-metrics.ts";

export interface WorkerDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Holds the seat, and signs the answers. */
  readonly account: LocalAccount;
  /** Of the same account. */
  readonly sender: Sender;
  readonly runner: Runner;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
  /** The scheduler; over HTTP at `poolUrl` unless given. */
  readonly poolClient?: PoolClient;
}

export interface WorkerOptions {
  /** Base URL of the pool's scheduler. */
  readonly poolUrl: string;
  readonly pool: AssetId;
  /** Holds results and inputs; of one worker alone. */
  readonly stateDir: string;
  /** Base URLs of content services, asked before the places that the assets' owners name. */
  readonly contentSources?: readonly string[];
  /** Sent with uploads to the pool's content service. */
  readonly uploadToken?: string;
  /** Has to be the same for all workers of a pool, or they disagree about programs that exceed it. */
  readonly limits: RunLimits;
  /** Tasks computed at once; 1 unless told. */
  readonly slots?: number;
  /** Whether assets may lie at private addresses; not unless told. */
  readonly allowPrivateSources?: boolean;
  /** Largest app or dataset in bytes; 256 MiB unless told. */
  readonly maxInputBytes?: number;
  readonly pollMs?: number;
  /** Earnings (nano-HANSE) that are collected from the seat; 10 HANSE unless told. */
  readonly collectFromNano?: bigint;
}

export interface Worker {
  readonly address: Address;
  /**
   * Takes a seat and begins to work.
   * @throws HANSE_SEAT_UNFUNDED, HANSE_POOL_NOT_OPEN, HANSE_CHAIN_MISMATCH when the scheduler serves another pool or
   * chain, HANSE_PEER_* when it cannot be reached
   */
  start(): Promise<void>;
  /** Ends what is running; what was computed is kept. */
  stop(): Promise<void>;
}

/** How often the scheduler hears that the worker is there. */
const HELLO_MS = 10_000;

/** How often the worker looks at what its seat has earned. */
const EARNINGS_MS = 30_000;
const COLLECT_FROM_NANO = 10_000_000_000n;

/** The agent of one worker in one pool. */
export function createWorker(deps: WorkerDeps, options: WorkerOptions): Worker {
  const { account, logger, clock = systemClock } = deps;
  const { slots = 1, pollMs = 1_000 } = options;
  const chain = createWorkerChain(deps, deps.deployment);
  const market = createMarketReader(deps.chain, deps.deployment);
  const client = deps.poolClient ?? createPoolClient({ clock }, { baseUrl: options.poolUrl });
  const metrics = createWorkerMetrics(deps.metrics);
  const stopping = new AbortController();
  let running: Promise<unknown> = Promise.resolve();

  return {
    address: account.address,

    async start() {
      const info = await client.pool();
      assertSamePool(info, options.pool, chain);
      const seat = await enrol({ chain, logger }, options.pool);
      const steps = createTaskSteps(
        {
          ...{ chain, market, account, desk: client },
          results: await createResultStore(join(options.stateDir, "results")),
          compute: createComputation(
            { market, inputs: await inputCache(), runner: deps.runner, metrics, logger },
            options.limits,
          ),
          upload: async (output, signal) => {
            const token = options.uploadToken === undefined ? {} : { uploadToken: options.uploadToken };
            await putContent(output, { target: info.contentUrl, signal, ...token });
          },
        },
        options.pool,
      );
      await sayHello();
      const poller = createTaskPoller(
        { client, steps, clock, logger },
        { worker: account.address, slots, pollMs },
      );
      running = Promise.all([
        poller.run(stopping.signal),
        keepSayingHello(stopping.signal),
        seat === undefined ? undefined : keepEarnings(seat, stopping.signal),
      ]);
      logger.info({ worker: account.address, pool: info.pool, slots }, "worker is up");
    },

    async stop() {
      stopping.abort(new HanseError("HANSE_NOT_READY", "the worker is stopping"));
      await running;
    },
  };

  function inputCache() {
    return createInputCache({
      directory: join(options.stateDir, "inputs"),
      sources: options.contentSources ?? [],
      allowPrivate: options.allowPrivateSources ?? false,
      maxBytes: options.maxInputBytes ?? 268_435_456,
    });
  }

  /** Of an open pool; a closed one pays its workers at once. */
  async function keepEarnings(seat: number, signal: AbortSignal): Promise<void> {
    const { pool, collectFromNano = COLLECT_FROM_NANO } = options;
    await keepCollecting(
      { chain, clock, logger },
      { pool, seat, collectFromNano, everyMs: EARNINGS_MS },
      signal,
    );
  }

  async function sayHello(): Promise<void> {
    await client.hello(await signHello({ account, chain, clock }, { pool: options.pool, slots }));
  }

  async function keepSayingHello(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(HELLO_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      await sayHello().catch((err: unknown) =>
        logger.warn({ err }, "the scheduler was not told that the worker is there"),
      );
    }
  }
}

function assertSamePool(info: PoolInfo, pool: AssetId, { chainId, poco }: WorkerChain): void {
  const expected = { pool: assetIdToHex(pool), chainId, poco: poco.toLowerCase() };
  const found = { pool: info.pool.toLowerCase(), chainId: info.chainId, poco: info.poco.toLowerCase() };
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new HanseError("HANSE_CHAIN_MISMATCH", "the scheduler serves another pool or chain", {
    details: { expected, found },
  });
}
