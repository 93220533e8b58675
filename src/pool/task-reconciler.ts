import type { Hex } from "viem";
import { attempt } from "#src/chain/attempt.ts";
import { TASK_STATUSES } from "#src/client/pool-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { courseOf } from "#src/protocol/task-course.ts";
import { nextLook } from "./next-look.ts";
import type { PocoChain } from "./poco-chain.ts";
import type { PoolMetrics } from "./pool-metrics.ts";
import type { ReplicationTiming } from "./replication-timing.ts";
import { taskLogger } from "./task-logger.ts";
import type { TaskSight, TaskStep } from "./task-sight.ts";
import type { TaskStore } from "./task-store.ts";

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
  readonly timing: ReplicationTiming;
}

/**
 * Looks at a task as it is now and does what is due. It remembers nothing between two looks but what is in the
 * database, so it may be killed anywhere, and done twice it does no harm.
 * @returns the block at which the task wants to be looked at again, whatever happens; undefined: never
 */
export function createTaskReconciler(deps: TaskReconcilerDeps): (taskId: Hex) => Promise<bigint | undefined> {
  const { chain, store, metrics, logger, clock = systemClock } = deps;

  return async (taskId) => {
    const stored = await store.load(taskId);
    if (stored === undefined || stored.task.status !== "open") return undefined;
    metrics.looks.inc();
    const [head, onChain] = await Promise.all([chain.head(), chain.task(taskId, stored.deal)]);
    const course = courseOf(stored.deal, onChain, head);
    const sight = { ...stored, taskId, head, onChain, course };
    if (course.settled) {
      await settle(sight);
      return undefined;
    }
    const step = course.overdue ? claim : stored.deal.trust > 1 ? deps.replicated : deps.unreplicated;
    await step(sight);
    return nextLook(sight, deps.timing);
  };

  async function settle(sight: TaskSight): Promise<void> {
    const { taskId, deal, onChain } = sight;
    const status = TASK_STATUSES[onChain.status] ?? "open";
    if (!(await store.settle(taskId, status, new Date(clock.now())))) return;
    metrics.finalized.inc({ outcome: status });
    if (deal.trust > 1) metrics.rounds.observe(Math.max(onChain.round, 1));
    taskLogger(logger, sight).info({ status, rounds: onChain.round }, "task is settled");
  }

  async function claim(sight: TaskSight): Promise<void> {
    const { taskId, deal, index, onChain } = sight;
    const seals = await chain.committed(taskId, deal, onChain);
    await attempt(taskLogger(logger, sight), "claim", () => chain.claim(deal, index, seals));
  }
}
