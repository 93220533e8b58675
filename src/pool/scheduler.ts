import type { Registry } from "prom-client";
import type { Hex } from "viem";
import type { PoolInfo } from "#src/client/pool-schema.ts";
import type { HttpServer } from "#src/http/server.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { createAnswerIntake } from "./answer-intake.ts";
import { createHelloIntake, type HelloIntakeOptions } from "./hello-intake.ts";
import type { PocoChain } from "./poco-chain.ts";
import { registerPoolApi } from "./pool-api.ts";
import { createPoolMetrics } from "./pool-metrics.ts";
import type { PoolDatabase } from "./pool-tables.ts";
import { createReplicatedStep, type ReplicatedStepOptions } from "./replicated-step.ts";
import { createTaskQueue } from "./task-queue.ts";
import { createTaskReconciler } from "./task-reconciler.ts";
import { createTaskStore } from "./task-store.ts";
import { createTaskViews } from "./task-views.ts";
import { createUnreplicatedStep, type UnreplicatedStepOptions } from "./unreplicated-step.ts";
import { createWorkerRegistry, type WorkerRegistryOptions } from "./worker-registry.ts";
import { createWorkerTasks, type WorkerTasksOptions } from "./worker-tasks.ts";

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
  UnreplicatedStepOptions &
  WorkerRegistryOptions &
  WorkerTasksOptions;

/** A pool's scheduler without its way of learning of deals: those are in the database. */
export interface Scheduler {
  /** Puts the API on a server; to be called before it listens. */
  register(server: HttpServer, info: PoolInfo): void;
  /** Looks at one task and does what is due. */
  reconcile(taskId: Hex): Promise<void>;
  /** Has every open task looked at soon. */
  wakeOpen(): Promise<void>;
  /** Waits for what is running, and does no more. */
  stop(): Promise<void>;
}

export function createScheduler(deps: SchedulerDeps, options: SchedulerOptions): Scheduler {
  const { chain, database, logger, clock = systemClock } = deps;
  const timed = { clock, logger };
  const store = createTaskStore(database);
  const workers = createWorkerRegistry({ database, clock }, options);
  const metrics = createPoolMetrics(deps.metrics, database);
  const reconcile = createTaskReconciler({
    ...timed,
    chain,
    store,
    metrics,
    replicated: createReplicatedStep({ ...timed, chain, store, metrics }, options),
    unreplicated: createUnreplicatedStep({ ...timed, chain, store, workers }, options),
  });
  const queue = createTaskQueue({ ...timed, work: reconcile });
  const wakeOpen = async () => queue.wake(...(await store.openTasks()));

  return {
    reconcile,
    wakeOpen,
    stop: () => queue.stop(),
    register: (server, info) =>
      registerPoolApi(server, {
        info: () => info,
        hello: createHelloIntake({ chain, workers, clock }, options),
        workerTasks: createWorkerTasks({ database, clock }, options),
        intake: createAnswerIntake({ store, chain, hasContent: deps.hasContent }),
        views: createTaskViews(database),
        wake: queue.wake,
        onHello: () =>
          void wakeOpen().catch((err: unknown) => logger.warn({ err }, "open tasks cannot be read")),
      }),
  };
}
