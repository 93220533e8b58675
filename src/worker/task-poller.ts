import type { Address, Hex } from "viem";
import type { PoolClient } from "#src/client/pool-client.ts";
import type { WorkerTask } from "#src/client/pool-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { taskLogger } from "./task-logger.ts";
import type { TaskSteps } from "./task-steps.ts";

export interface TaskPollerDeps {
  readonly client: Pick<PoolClient, "tasksOf">;
  readonly steps: TaskSteps;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface TaskPollerOptions {
  readonly worker: Address;
  /** Tasks computed at once; disclosing and revealing take no slot. */
  readonly slots: number;
  readonly pollMs: number;
}

/** A step that failed for now is tried again after 1, 2, 4 … at most 15 s: rounds are short. */
const firstRetryMs = 1_000;
const longestRetryMs = 15_000;

/** Asks the scheduler again and again what is to be done, and has it done. */
export function createTaskPoller(deps: TaskPollerDeps, { worker, slots, pollMs }: TaskPollerOptions) {
  const { client, steps, logger, clock = systemClock } = deps;
  const active = new Map<Hex, Promise<void>>();
  const computing = new Set<Hex>();
  const failures = new Map<Hex, { readonly count: number; readonly notBefore: number }>();

  return { run };

  /** Resolves when the signal has aborted and everything begun has ended. */
  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const tasks = await client.tasksOf(worker);
        for (const task of tasks) begin(task, signal);
        forget(new Set(tasks.map(({ taskId }) => taskId)));
      } catch (err) {
        logger.warn({ err }, "the scheduler does not tell what to do, asking again");
      }
      await clock.sleep(pollMs, signal).catch(() => undefined);
    }
    await Promise.all(active.values());
  }

  function begin(task: WorkerTask, signal: AbortSignal): void {
    const { taskId, step } = task;
    if (step === "wait" || active.has(taskId)) return;
    if ((failures.get(taskId)?.notBefore ?? 0) > clock.now()) return;
    if (step === "compute") {
      if (computing.size >= slots) return;
      computing.add(taskId);
    }
    const work = advance(task, signal).finally(() => {
      active.delete(taskId);
      computing.delete(taskId);
    });
    active.set(taskId, work);
  }

  async function advance(task: WorkerTask, signal: AbortSignal): Promise<void> {
    const { taskId, step, round } = task;
    try {
      await steps[step](task, signal);
      failures.delete(taskId);
      if (step !== "done") taskLogger(logger, task).info({ step, round }, "step done");
    } catch (err) {
      if (signal.aborted) return;
      const count = (failures.get(taskId)?.count ?? 0) + 1;
      const delay = isRetryable(err)
        ? Math.min(firstRetryMs * 2 ** (count - 1), longestRetryMs)
        : longestRetryMs;
      failures.set(taskId, { count, notBefore: clock.now() + delay });
      taskLogger(logger, task).warn({ err, step, round, delay }, "a step failed, trying again");
    }
  }

  function forget(listed: ReadonlySet<Hex>): void {
    for (const taskId of failures.keys()) if (!listed.has(taskId)) failures.delete(taskId);
  }
}
