import type { Hex } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";

export interface TaskQueueDeps {
  /** Looks at one task and does what is due. */
  readonly work: (taskId: Hex) => Promise<void>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface TaskQueueOptions {
  /** Tasks looked at side by side; 8 unless told. */
  readonly concurrency?: number;
  /** Pause before a task whose work failed is looked at again; 1 s unless told. */
  readonly retryMs?: number;
}

/** Which tasks are due to be looked at. It holds no work of its own: what is lost with it is found again from the chain. */
export interface TaskQueue {
  /** Each task is worked on by one at a time; woken meanwhile, it is looked at once more. */
  wake(...taskIds: readonly Hex[]): void;
  /** Begins nothing until `resume`; what is woken meanwhile is due then. */
  pause(): void;
  resume(): void;
  /** Takes no more, and waits for what is running. */
  stop(): Promise<void>;
}

export function createTaskQueue(deps: TaskQueueDeps, options: TaskQueueOptions = {}): TaskQueue {
  const { work, logger, clock = systemClock } = deps;
  const { concurrency = 8, retryMs = 1_000 } = options;
  const due = new Set<Hex>();
  const running = new Map<Hex, Promise<void>>();
  const stopping = new AbortController();
  let paused = false;

  function next(): void {
    for (const taskId of due) {
      if (paused || running.size >= concurrency || stopping.signal.aborted) return;
      if (running.has(taskId)) continue;
      due.delete(taskId);
      running.set(
        taskId,
        run(taskId).finally(() => {
          running.delete(taskId);
          next();
        }),
      );
    }
  }

  async function run(taskId: Hex): Promise<void> {
    try {
      await work(taskId);
    } catch (error) {
      // A task that fails for good is tried again all the same: what stood in its way, an empty purse say, may pass.
      const level = isRetryable(error) ? "warn" : "error";
      logger[level]({ err: error, task: taskId }, "a task could not be advanced, trying again");
      void clock.sleep(retryMs, stopping.signal).then(
        () => {
          due.add(taskId);
          next();
        },
        () => undefined,
      );
    }
  }

  return {
    wake(...taskIds) {
      for (const taskId of taskIds) due.add(taskId);
      next();
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      next();
    },
    async stop() {
      stopping.abort();
      due.clear();
      await Promise.all(running.values());
    },
  };
}
