import { attempt } from "#src/chain/attempt.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { PocoChain } from "./poco-chain.ts";
import { taskLogger } from "./task-logger.ts";
import type { TaskSight, TaskStep } from "./task-sight.ts";
import type { TaskStore } from "./task-store.ts";
import type { WorkerRegistry } from "./worker-registry.ts";
import type { WorkerWatch } from "./worker-watch.ts";

export interface UnreplicatedStepDeps {
  readonly chain: PocoChain;
  readonly store: TaskStore;
  readonly workers: WorkerRegistry;
  readonly watch: WorkerWatch;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface UnreplicatedStepOptions {
  /** How long a named worker has before another is named, in milliseconds; 10 minutes unless told. */
  readonly assignmentMs?: number;
}

/** The course of a task of trust 0 or 1: the scheduler names one worker and answers for it with its own word. */
export function createUnreplicatedStep(
  deps: UnreplicatedStepDeps,
  options: UnreplicatedStepOptions = {},
): TaskStep {
  const { chain, store, workers, watch, logger, clock = systemClock } = deps;
  const { assignmentMs = 600_000 } = options;

  return async (sight) => {
    const { taskId, deal, index } = sight;
    const known = await store.result(taskId);
    if (known === undefined) return assign(sight);
    await attempt(taskLogger(logger, sight), "complete", () =>
      chain.complete(deal, index, known.worker, known.result),
    );
  };

  async function assign(sight: TaskSight): Promise<void> {
    const { taskId, task } = sight;
    const { assigned_to: named, assigned_at: since } = task;
    const now = clock.now();
    const inTime = since !== null && now - since.getTime() < assignmentMs;
    if (named !== null && inTime && (await workers.isConnected(named))) return;
    const worker = await workers.idlest(named);
    if (worker === undefined) {
      // Better the one who is late than nobody.
      if (named === null && task.says !== NOBODY) await store.update(taskId, { says: NOBODY });
      return;
    }
    if (named !== null) await watch.fault(sight, { worker: named, round: 0 }, "late");
    taskLogger(logger, sight).info({ worker, before: named }, "worker named");
    await store.update(taskId, {
      assigned_to: worker,
      assigned_at: new Date(now),
      says: `Being computed by ${worker}, whom the pool named.`,
    });
  }
}

const NOBODY = "Waiting for a worker with a free slot.";
