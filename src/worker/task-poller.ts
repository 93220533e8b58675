import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { taskLogger } from "./task-logger.ts";
import type { TaskSteps, TaskToDo } from "./task-steps.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

/** Somebody who says what is to be done: the scheduler, or the worker's own eyes. */
export interface TaskSource {
  readonly name: string;
  tasks(): Promise<readonly TaskToDo[]>;
}

export interface TaskPollerDeps {
  readonly sources: readonly TaskSource[];
  readonly steps: TaskSteps;
  readonly metrics: Pick<WorkerMetrics, "steps">;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface TaskPollerOptions {
  readonly pollMs: number;
}

interface Failures {
  readonly count: number;
  readonly notBefore: number;
}

/** A step that failed for now is tried again after 1, 2, 4 … at most 15 s: rounds are short. */
const firstRetryMs = 1_000;
const longestRetryMs = 15_000;

/** A source that lists more gets it done by and by: it may be making up tasks to keep us busy. */
const MOST_AT_ONCE = 256;

/**
 * Asks each source again and again what is to be done, and has it done: a step of a task once at a time, whoever lists it. The
 * sources do not wait for each other, and what one says wrongly does not keep back what another says rightly.
 */
export function createTaskPoller(deps: TaskPollerDeps, { pollMs }: TaskPollerOptions) {
  const { sources, steps, metrics, logger, clock = systemClock } = deps;
  const active = new Map<string, Promise<void>>();

  return {
    /** Resolves when the signal has aborted and everything begun has ended. */
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all(sources.map((source) => ask(source, signal)));
      await Promise.all(active.values());
    },
  };

  async function ask(source: TaskSource, signal: AbortSignal): Promise<void> {
    const failures = new Map<string, Failures>();
    const begun = new Set<string>();
    let silent = false;
    while (!signal.aborted) {
      try {
        const tasks = await source.tasks();
        for (const task of tasks) begin(task);
        const listed = new Set(tasks.map(keyOf));
        for (const key of failures.keys()) if (!listed.has(key)) failures.delete(key);
        if (silent) logger.info({ source: source.name }, "told again what is to be done");
        silent = false;
      } catch (err) {
        if (!silent && !signal.aborted) {
          logger.warn({ err, source: source.name }, "not told what is to be done, asking again");
        }
        silent = true;
      }
      await clock.sleep(pollMs, signal).catch(() => undefined);
    }

    function begin(task: TaskToDo): void {
      const key = keyOf(task);
      if (task.step === "wait" || active.has(key) || begun.size >= MOST_AT_ONCE) return;
      if ((failures.get(key)?.notBefore ?? 0) > clock.now()) return;
      begun.add(key);
      const work = advance(task, key).finally(() => {
        active.delete(key);
        begun.delete(key);
      });
      active.set(key, work);
    }

    async function advance(task: TaskToDo, key: string): Promise<void> {
      const { step, round } = task;
      const log = taskLogger(logger, task);
      try {
        const outcome = await steps[step](task, signal);
        metrics.steps.inc({ step, outcome });
        if (outcome === "refused") later(key, true);
        else failures.delete(key);
        if (step !== "done") log.info({ step, round, outcome }, "step ended");
      } catch (err) {
        if (signal.aborted) return;
        metrics.steps.inc({ step, outcome: "failed" });
        const delay = later(key, isRetryable(err));
        log.warn({ err, step, round, delay, source: source.name }, "a step failed, trying again");
      }
    }

    function later(key: string, soon: boolean): number {
      const count = (failures.get(key)?.count ?? 0) + 1;
      const delay = soon ? Math.min(firstRetryMs * 2 ** (count - 1), longestRetryMs) : longestRetryMs;
      failures.set(key, { count, notBefore: clock.now() + delay });
      return delay;
    }
  }
}

function keyOf({ taskId, step }: TaskToDo): string {
  return `${taskId} ${step}`;
}
