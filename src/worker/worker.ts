import { join } from "node:path";
import type { Registry } from "prom-client";
import type { Address, LocalAccount } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createMarketReader } from "#src/chain/market-reader.ts";
import type { Sender } from "#src/chain/sender.ts";
import { createPoolClient, type PoolClient } from "#src/client/pool-client.ts";
import type { HttpServer } from "#src/http/server.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import { createComputation, type Runner } from "./computation.ts";
import { keepCollecting } from "./earnings.ts";
import { createEarningsEvents } from "./earnings-events.ts";
import { type EarningsLedger, openEarningsLedger } from "./earnings-ledger.ts";
import { createEarningsReport } from "./earnings-report.ts";
import { enrol } from "./enrolment.ts";
import { createInputCache } from "./input-cache.ts";
import { createOutputUpload } from "./output-upload.ts";
import { createOwnDuty, type Patience } from "./own-duty.ts";
import { createOwnTasks } from "./own-tasks.ts";
import { createResultStore } from "./result-store.ts";
import type { RunLimits } from "./runner/run-outcome.ts";
import { createSchedulerLink } from "./scheduler-link.ts";
import { openSealBook } from "./seal-book.ts";
import { createSeatWatch, type SeatWatch } from "./seat-watch.ts";
import { createSlots } from "./slots.ts";
import { createTaskPoller } from "./task-poller.ts";
import { createTaskSteps } from "./task-steps.ts";
import { createWatchStore } from "./watch-store.ts";
import { registerWorkerApi } from "./worker-api.ts";
import { createWorkerChain, type Spending } from "./worker-chain.ts";
import { createWorkerMetrics } from "./worker-metrics.ts";

export interface WorkerDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Holds the seat, and signs the answers. */
  readonly account: LocalAccount;
  /** Of the same account alone: a seal that it does not sign is committed by its being the sender. */
  readonly sender: Sender;
  readonly runner: Runner;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
  /** The scheduler; over HTTP at `poolUrl` unless given. */
  readonly poolClient?: PoolClient;
}

export interface WorkerOptions extends Patience {
  /** Base URL of the pool's scheduler. */
  readonly poolUrl: string;
  readonly pool: AssetId;
  /** Holds seals, results, inputs and earnings; of one worker alone. */
  readonly stateDir: string;
  /** Base URLs of content services, asked before the places that the assets' owners name. */
  readonly contentSources?: readonly string[];
  /**
   * Base URL of the content service that takes outputs; unless told the one that the scheduler names, or while it is away the
   * one that holds the pool's description.
   */
  readonly resultsUrl?: string | undefined;
  /** Sent with uploads to that service. */
  readonly uploadToken?: string | undefined;
  /** Has to be the same for all workers of a pool, or they disagree about programs that exceed it. */
  readonly limits: RunLimits;
  /** Tasks computed at once, each with these limits for itself; 1 unless told. */
  readonly slots?: number;
  /** Whether assets may lie at private addresses; not unless told. */
  readonly allowPrivateSources?: boolean;
  /** Largest app or dataset in bytes; 256 MiB unless told. */
  readonly maxInputBytes?: number;
  /** Bytes of apps and datasets that are kept; 4 GiB unless told. */
  readonly inputCacheBytes?: number;
  readonly pollMs?: number;
  /** Earnings (nano-HANSE) that are collected from the seat; 10 HANSE unless told. */
  readonly collectFromNano?: bigint;
}

export interface Worker {
  readonly address: Address;
  /**
   * Takes a seat and begins to work, whether the scheduler is there or not.
   * @throws HANSE_SEAT_UNFUNDED, HANSE_POOL_NOT_OPEN, HANSE_CHAIN_MISMATCH when the scheduler serves another pool or
   * chain or the state is another worker's, HANSE_STATE_LOCKED, HANSE_STATE_DAMAGED, HANSE_DISK_UNWRITABLE, HANSE_RPC_*
   */
  start(): Promise<void>;
  /** Puts the worker's API on a server; to be called after `start` and before it listens. */
  register(server: HttpServer): void;
  /** Rejects when the chain cannot be followed any more; resolves after `stop`. */
  readonly done: Promise<void>;
  /** Ends what is running; what was computed is kept. */
  stop(): Promise<void>;
}

/** How often the worker looks at what its seat has earned. */
const EARNINGS_MS = 30_000;
const COLLECT_FROM_NANO = 10_000_000_000n;
const MAX_INPUT_BYTES = 268_435_456;
const INPUT_CACHE_BYTES = 4_294_967_296;

/** The agent of one worker in one pool. */
export function createWorker(deps: WorkerDeps, options: WorkerOptions): Worker {
  const { account, logger, deployment, clock = systemClock } = deps;
  const { pool, stateDir, slots: slotCount = 1, pollMs = 1_000, allowPrivateSources = false } = options;
  const worker = account.address;
  const metrics = createWorkerMetrics(deps.metrics);
  const market = createMarketReader(deps.chain, deployment);
  let ledger: EarningsLedger | undefined;
  let report: ReturnType<typeof createEarningsReport> | undefined;
  const chain = createWorkerChain({ ...deps, onSpending: spend }, deployment);
  const client = deps.poolClient ?? createPoolClient({ clock }, { baseUrl: options.poolUrl });
  const scheduler = createSchedulerLink(
    { client, chain, account, clock, logger },
    { pool, slots: slotCount },
  );
  const stopping = new AbortController();
  const { signal } = stopping;
  const end = Promise.withResolvers<void>();
  // It is the caller's to watch; until then it must not end the process as an unhandled one.
  end.promise.catch(() => undefined);
  let running: Promise<unknown> = Promise.resolve();
  const closing: (() => Promise<unknown>)[] = [];

  return {
    address: worker,
    done: end.promise,

    async start() {
      await scheduler.connect(signal);
      const lock = await lockDirectory(stateDir);
      closing.push(() => lock.release());
      const book = await openEarningsLedger(join(stateDir, "earnings.jsonl"), metrics);
      closing.push(() => book.close());
      ledger = book;
      const seat = await enrol({ chain, logger }, pool);
      const seals = await openSealBook(join(stateDir, "seals.jsonl"), clock);
      closing.push(() => seals.close());
      const results = await createResultStore(join(stateDir, "results"));
      const slots = createSlots(slotCount);
      const keptSeeds = new Set<bigint>();
      metrics.showSlots(slots);
      const inputs = await createInputCache(
        { logger, metrics, clock },
        {
          directory: join(stateDir, "inputs"),
          sources: options.contentSources ?? [],
          allowPrivate: allowPrivateSources,
          maxBytes: options.maxInputBytes ?? MAX_INPUT_BYTES,
          cacheBytes: options.inputCacheBytes ?? INPUT_CACHE_BYTES,
        },
      );
      const steps = createTaskSteps(
        {
          ...{
            chain,
            market,
            account,
            results,
            seals,
            slots,
            keptSeeds,
            logger,
            clock,
            desk: scheduler.desk,
          },
          compute: createComputation(
            { market, inputs, runner: deps.runner, metrics, logger },
            options.limits,
          ),
          upload: createOutputUpload(
            { market, named: scheduler.contentUrl },
            { ...options, allowPrivate: allowPrivateSources },
          ),
        },
        pool,
      );
      const eventsOf = createEarningsEvents({
        ...{ poco: chain.poco, worker, pool },
        dealOf: (task) => watch.dealOf(task),
        sealsOf: (task) => chain.sealsOf(task, deployment.deployedAtBlock),
        isConvicted: (other) => chain.isConvicted(pool, other),
      });
      const watch: SeatWatch = createSeatWatch(
        {
          ...{ client: deps.chain, deployment, chain, market, logger, metrics, clock },
          store: createWatchStore(join(stateDir, "watch.json"), {
            ...{ genesisHash: deployment.genesisHash, poco: chain.poco },
            ...{ pool: assetIdToHex(pool), worker },
          }),
          onBlock: async ({ number }, logs) => book.enter(number, await eventsOf(logs)),
          async onReorg(to) {
            own?.reset();
            await book.rewind(to);
          },
        },
        { pool, seat, pollMs, fromBlock: await firstBlock(seat) },
      );
      report = createEarningsReport({ chain, ledger: book, watch }, { worker, pool, seat });
      const own =
        seat === undefined
          ? undefined
          : createOwnTasks(
              {
                chain,
                watch,
                results,
                duty: createOwnDuty({ chain, results, worker, seat, keptSeeds }, options),
              },
              seat,
            );
      const poller = createTaskPoller(
        { sources: own === undefined ? [scheduler] : [scheduler, own], steps, metrics, logger, clock },
        { pollMs },
      );
      const following = watch.follow(signal);
      following.catch((err: unknown) => {
        logger.error({ err }, "the chain cannot be followed any more");
        end.reject(err);
      });
      running = Promise.allSettled([
        poller.run(signal),
        scheduler.keep(signal),
        following,
        seat === undefined ? undefined : keepEarnings(seat),
      ]);
      logger.info({ worker, pool: assetIdToHex(pool), seat, slots: slotCount }, "worker is working");
    },

    register: (server) =>
      registerWorkerApi(server, {
        async earnings(limit) {
          if (report !== undefined) return report(limit);
          throw new HanseError("HANSE_NOT_READY", "the worker has not started");
        },
      }),

    async stop() {
      stopping.abort(new HanseError("HANSE_NOT_READY", "the worker is stopping"));
      await running;
      for (const close of closing.splice(0).reverse()) await close();
      end.resolve();
    },
  };

  async function spend({ id, receipt, taskId }: Spending): Promise<void> {
    await ledger?.spend({
      ...{ transaction: receipt.transactionHash, what: id, block: receipt.blockNumber },
      wei: receipt.gasUsed * receipt.effectiveGasPrice,
      ...(taskId === undefined ? {} : { task: taskId }),
    });
  }

  /** Nothing before it concerns the worker. */
  async function firstBlock(seat: number | undefined): Promise<bigint> {
    return seat === undefined ? await chain.head() : BigInt((await chain.seat(pool, seat)).enrolledAt);
  }

  /** Of an open pool; a closed one pays its workers at once. */
  async function keepEarnings(seat: number): Promise<void> {
    const { collectFromNano = COLLECT_FROM_NANO } = options;
    await keepCollecting(
      { chain, clock, logger },
      { pool, seat, collectFromNano, everyMs: EARNINGS_MS },
      signal,
    );
  }
}
