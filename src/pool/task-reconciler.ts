import type { Hex } from "viem";
import { attempt } from "#src/chain/attempt.ts";
import { TASK_STATUSES } from "#src/client/pool-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { courseOf, type TaskCourse, type TaskState } from "#src/protocol/task-course.ts";
import type { PocoChain } from "./poco-chain.ts";
import type { PoolMetrics } from "./pool-metrics.ts";
import type { StoredTask, TaskStore } from "./task-store.ts";

/** A task as memory and chain have it at one moment. */
export interface TaskSight extends StoredTask {
  readonly taskId: Hex;
  readonly head: bigint;
  readonly onChain: TaskState;
  readonly course: TaskCourse;
}

/** Takes a running task one step on, if one is due. */
export type TaskStep = (sight: TaskSight) => Promise<void>;

export interface TaskReconcilerDeps {
  readonly chain: PocoChain;
  readonly store: TaskStore;
  readonly metrics: PoolMetrics;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** For trust above 1. */
  readonly replicated: TaskStep;
  /** For trust 0 and 1. */
  readonly unreplicated: TaskStep;
}

/**
 * Looks at a task as it is now and does what is due. It remembers nothing between two looks but what is in the
 * database, so it may be killed anywhere, and done twice it does no harm.
 */
export function createTaskReconciler(deps: TaskReconcilerDeps): (taskId: Hex) => Promise<void> {
  const { chain, store, metrics, logger, clock = systemClock } = deps;

  return async (taskId) => {
    const stored = await store.load(taskId);
    if (stored === undefined || stored.task.status !== "open") return;
    const [head, onChain] = await Promise.all([chain.head(), chain.task(taskId, stored.deal)]);
    const course = courseOf(stored.deal, onChain, head);
    const sight = { ...stored, taskId, head, onChain, course };
    if (course.settled) return settle(sight);
    if (course.overdue) return claim(sight);
    return stored.deal.trust > 1 ? deps.replicated(sight) : deps.unreplicated(sight);
  };

  async function settle({ taskId, onChain }: TaskSight): Promise<void> {
    const status = TASK_STATUSES[onChain.status] ?? "open";
    if (!(await store.settle(taskId, status, new Date(clock.now())))) return;
    metrics.finalized.inc({ outcome: status });
    logger.info({ taskId, status }, "task is settled");
  }

  async function claim({ taskId, deal, index, onChain }: TaskSight): Promise<void> {
    const seals = await chain.committed(taskId, deal, onChain);
    await attempt(logger.child({ taskId }), "claim", () => chain.claim(deal, index, seals));
  }
}
