import type { Registry } from "prom-client";
import type { Hex } from "viem";
import type { PoolInfo } from "#src/client/pool-schema.ts";
import type { HttpServer } from "#src/http/server.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { createAnswerIntake } from "./answer-intake.ts";
import { createDealAccounts } from "./deal-account.ts";
import { createForecaster } from "./forecaster.ts";
import { createHelloIntake, type HelloIntakeOptions } from "./hello-intake.ts";
import type { PocoChain } from "./poco-chain.ts";
import { registerPoolApi } from "./pool-api.ts";
import { createPoolMetrics } from "./pool-metrics.ts";
import type { PoolDatabase } from "./pool-tables.ts";
import { createReplicatedStep } from "./replicated-step.ts";
import { type ReplicatedStepOptions, replicationTiming } from "./replication-timing.ts";
import { createTaskLog, type TaskLogOptions } from "./task-log.ts";
import { createTaskQueue } from "./task-queue.ts";
import { createTaskReconciler } from "./task-reconciler.ts";
import { createTaskStore } from "./task-store.ts";
import { createTaskViews } from "./task-views.ts";
import { createUnreplicatedStep, type UnreplicatedStepOptions } from "./unreplicated-step.ts";
import { createWakeSchedule } from "./wake-schedule.ts";
import { createWorkerRegistry, type WorkerRegistryOptions } from "./worker-registry.ts";
import { createWorkerStandings } from "./worker-standing.ts";
import { createWorkerTasks, type WorkerTasksOptions } from "./worker-tasks.ts";
import { createWorkerWatch } from "./worker-watch.ts";

export interface SchedulerDeps {
  readonly chain: PocoChain;
  readonly database: PoolDatabase;
  /** Is this content in the pool's content store? */
  readonly hasContent: (address: Hex) => Promise<boolean>;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
}

export type SchedulerOptions = HelloIntakeOptions &
  ReplicatedStepOptions &
  TaskLogOptions &
  UnreplicatedStepOptions &
  WorkerRegistryOptions &
  WorkerTasksOptions;

/** A pool's scheduler without its way of learning of deals: those are in the database. */
export interface Scheduler {
  /** Puts the API on a server; to be called before it listens. */
  register(server: HttpServer, info: PoolInfo): void;
  /** Looks at one task and does what is due. @returns the block at which it is due again */
  reconcile(taskId: Hex): Promise<bigint | undefined>;
  /** A block was stored that told of these tasks: they are looked at, and those that are due by it. */
  onBlock(number: bigint, taskIds: readonly Hex[]): void;
  /** Has every open task looked at soon. */
  wakeOpen(): Promise<void>;
  /** Has those looked at for which time matters, and not blocks: where the scheduler names the worker. */
  wakeUnreplicated(): Promise<void>;
  /** Drops what is too old to be kept. */
  prune(): Promise<void>;
  /** Leaves tasks alone until `resume`: another scheduler may be at work. */
  pause(): void;
  resume(): void;
  /** Waits for what is running, and does no more. */
  stop(): Promise<void>;
}

export function createScheduler(deps: SchedulerDeps, options: SchedulerOptions): Scheduler {
  const { chain, database, logger, clock = systemClock } = deps;
  const timed = { clock, logger };
  const store = createTaskStore(database);
  const log = createTaskLog({ database, clock }, options);
  const workers = createWorkerRegistry({ database, clock }, options);
  const standings = createWorkerStandings({ database, clock }, options);
  const metrics = createPoolMetrics(deps.metrics, database, workers.connected);
  const watch = createWorkerWatch({ standings, log, metrics, logger });
  const shared = { ...timed, chain, store, metrics, watch };
  const forecaster = createForecaster({ ...timed, store, standings });
  const reconcile = createTaskReconciler({
    ...shared,
    replicated: createReplicatedStep({ ...shared, forecaster }, options),
    unreplicated: createUnreplicatedStep({ ...shared, workers }, options),
    timing: replicationTiming(options),
  });
  const schedule = createWakeSchedule();
  const queue = createTaskQueue({
    ...timed,
    work: async (taskId) => schedule.set(taskId, await reconcile(taskId)),
  });
  /** One by one: a bag holds more tasks than a call takes arguments. */
  const wakeAll = (taskIds: readonly Hex[]) => {
    for (const taskId of taskIds) queue.wake(taskId);
  };
  const wakeUnreplicated = async () => wakeAll(await store.openUnreplicated());

  return {
    reconcile,
    wakeUnreplicated,
    onBlock(number, taskIds) {
      metrics.block.set(Number(number));
      wakeAll(taskIds);
      wakeAll(schedule.reached(number));
    },
    wakeOpen: async () => wakeAll(await store.openTasks()),
    async prune() {
      const pruned = await log.prune();
      if (pruned > 0) logger.info({ pruned }, "old log entries are dropped");
    },
    pause: queue.pause,
    resume: queue.resume,
    stop: () => queue.stop(),
    register: (server, info) =>
      registerPoolApi(server, {
        info: () => info,
        hello: createHelloIntake({ chain, workers, clock }, options),
        workerTasks: createWorkerTasks({ database, watch, clock }, options),
        intake: createAnswerIntake({ store, chain, watch, hasContent: deps.hasContent }),
        views: createTaskViews(database, log),
        accounts: createDealAccounts(database),
        log,
        standings,
        wake: queue.wake,
        onHello: () =>
          void wakeUnreplicated().catch((err: unknown) => logger.warn({ err }, "open tasks cannot be read")),
      }),
  };
}
