import type { Registry } from "prom-client";
import type { Address } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import type { Sender } from "#src/chain/sender.ts";
import type { HttpServer } from "#src/http/server.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import { migrate } from "#src/store/migrations.ts";
import { createAnswerIntake } from "./answer-intake.ts";
import { createFollowStore } from "./follow-store.ts";
import { createHelloIntake } from "./hello-intake.ts";
import { createPocoChain } from "./poco-chain.ts";
import { registerPoolApi } from "./pool-api.ts";
import { followPool } from "./pool-follower.ts";
import { createPoolMetrics } from "./pool-metrics.ts";
import { poolMigrations } from "./pool-migrations.ts";
import type { PoolDatabase } from "./pool-tables.ts";
import { createContentProbe } from "./remote-content.ts";
import { createReplicatedStep, type ReplicatedStepOptions } from "./replicated-step.ts";
import { createTaskQueue } from "./task-queue.ts";
import { createTaskReconciler } from "./task-reconciler.ts";
import { createTaskStore } from "./task-store.ts";
import { createTaskViews } from "./task-views.ts";
import { createUnreplicatedStep, type UnreplicatedStepOptions } from "./unreplicated-step.ts";
import { createWorkerRegistry, type WorkerRegistryOptions } from "./worker-registry.ts";
import { createWorkerTasks, type WorkerTasksOptions } from "./worker-tasks.ts";

export interface PoolServiceDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Sends the pool's transactions; `complete` (trust 0 and 1) only works with the key of the pool's owner. */
  readonly sender: Sender;
  /** Opened with the schema `pool`. Not closed by the service. */
  readonly database: PoolDatabase;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
}

export interface PoolServiceOptions
  extends ReplicatedStepOptions,
    UnreplicatedStepOptions,
    WorkerRegistryOptions,
    WorkerTasksOptions {
  readonly pool: AssetId;
  /** Base URL of the content service that takes the outputs. */
  readonly contentUrl: string;
  /** Who may be named for tasks of trust 0 and 1; whoever has a seat unless told. */
  readonly trusted?: readonly Address[];
}

export interface PoolService {
  /** Puts the API on a server; to be called before it listens. */
  register(server: HttpServer): void;
  /** Rejects when the chain cannot be followed any more; resolves after `stop`. */
  readonly done: Promise<void>;
  /** Ends following, and waits for what is running. */
  stop(): Promise<void>;
}

/** Time passes on a chain without blocks too: workers come and go, and turns end. */
const LOOK_AGAIN_MS = 5_000;

/**
 * Starts the scheduler of one pool.
 * @throws HANSE_POOL_NOT_OPEN, HANSE_CHAIN_MISMATCH, HANSE_STATE_LOCKED when another scheduler of this pool is running on
 * the database, HANSE_DATABASE_*, HANSE_RPC_UNAVAILABLE
 */
export async function startPoolService(
  deps: PoolServiceDeps,
  options: PoolServiceOptions,
): Promise<PoolService> {
  const { database, logger, deployment, clock = systemClock } = deps;
  const pool = assetIdToHex(options.pool);
  await migrate({ database: database as never, logger }, "pool", poolMigrations);
  const chain = createPocoChain(deps, deployment);
  const { opened, terms } = await chain.pool(options.pool);
  if (!opened)
    throw new HanseError("HANSE_POOL_NOT_OPEN", `the pool ${pool} was not opened`, { details: { pool } });
  const followStore = createFollowStore(database);
  const cursor = await followStore.cursor({ pool, poco: chain.poco, genesisHash: deployment.genesisHash });
  const lock = await database.tryAdvisoryLock(`hanse:pool:${pool}`);
  if (lock === undefined) {
    throw new HanseError("HANSE_STATE_LOCKED", `another scheduler of the pool ${pool} is running`, {
      details: { pool },
    });
  }

  const timed = { clock, logger };
  const store = createTaskStore(database);
  const workers = createWorkerRegistry({ database, clock }, options);
  const metrics = createPoolMetrics(deps.metrics, database);
  const queue = createTaskQueue({
    ...timed,
    work: createTaskReconciler({
      ...timed,
      chain,
      store,
      metrics,
      replicated: createReplicatedStep({ ...timed, chain, store, metrics }, options),
      unreplicated: createUnreplicatedStep({ ...timed, chain, store, workers }, options),
    }),
  });
  const wakeOpen = async () => queue.wake(...(await store.openTasks()));
  const wakeLater = () =>
    void wakeOpen().catch((err: unknown) => logger.warn({ err }, "open tasks cannot be read"));

  const stopping = new AbortController();
  // Who lost the lock may have a successor at work: go.
  const signal = AbortSignal.any([stopping.signal, lock.signal]);
  const timer = setInterval(wakeLater, LOOK_AGAIN_MS);
  const done = followPool(
    { ...timed, chain: deps.chain, deployment, store: followStore, onBlock: wakeOpen },
    { pool: options.pool, cursor, signal },
  ).then(() => {
    if (!stopping.signal.aborted) throw lock.signal.reason;
  });
  // It is the caller's to watch; until then it must not end the process as an unhandled one.
  done.catch(() => undefined);
  wakeLater();

  return {
    register: (server) =>
      registerPoolApi(server, {
        info: () => ({
          pool,
          chainId: chain.chainId,
          poco: chain.poco,
          terms: { ...terms, seatStake: terms.seatStake.toString() },
          contentUrl: options.contentUrl,
        }),
        hello: createHelloIntake({ chain, workers, clock }, options),
        workerTasks: createWorkerTasks({ database, clock }, options),
        intake: createAnswerIntake({ store, chain, hasContent: createContentProbe(options.contentUrl) }),
        views: createTaskViews(database),
        wake: queue.wake,
        onHello: wakeLater,
      }),
    done,
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await done.catch(() => undefined);
      await queue.stop();
      await lock.release();
    },
  };
}
