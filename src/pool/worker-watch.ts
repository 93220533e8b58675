import type { WorkerFault } from "#src/client/pool-schema.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { PoolMetrics } from "./pool-metrics.ts";
import type { TaskLog } from "./task-log.ts";
import { type NamedTask, taskLogger } from "./task-logger.ts";
import type { WorkerStandings, WorkerTurn } from "./worker-standing.ts";

export interface WorkerWatchDeps {
  readonly standings: WorkerStandings;
  readonly log: TaskLog;
  readonly metrics: PoolMetrics;
  readonly logger: Logger;
}

/** A worker's turn in a task that is at hand. */
export type Turn = Omit<WorkerTurn, "taskId">;

/** Notices what workers do and leave undone; each thing once, in their standing, the task's log and the service's. */
export interface WorkerWatch {
  handedOut(stored: NamedTask, turn: Turn): Promise<void>;
  answered(stored: NamedTask, turn: Turn): Promise<void>;
  fault(stored: NamedTask, turn: Turn, fault: WorkerFault): Promise<void>;
}

const FAULT_WORDS = {
  silent: "did not answer in time",
  undisclosed: "does not tell what it sealed",
  late: "was named and gave no answer",
  contradiction: "contradicts the seal it signed before",
} as const satisfies Record<WorkerFault, string>;

export function createWorkerWatch({ standings, log, metrics, logger }: WorkerWatchDeps): WorkerWatch {
  return {
    async handedOut(stored, turn) {
      const taskId = stored.task.id;
      if (!(await standings.handedOut({ taskId, ...turn }))) return;
      metrics.handOuts.inc();
      const what = turn.round === 0 ? "was named" : `was told to compute for round ${turn.round}`;
      await note(stored, turn, what);
      taskLogger(logger, stored).info(turn, "handed out");
    },

    async answered(stored, turn) {
      const taskId = stored.task.id;
      // It may have learned of its place from the chain alone.
      await standings.handedOut({ taskId, ...turn });
      if (!(await standings.answered({ taskId, ...turn }))) return;
      metrics.answers.inc();
      await note(stored, turn, "answered");
      taskLogger(logger, stored).info(turn, "answered");
    },

    async fault(stored, turn, fault) {
      const taskId = stored.task.id;
      if (!(await standings.mark({ taskId, ...turn }, fault))) return;
      metrics.faults.inc({ fault });
      await note(stored, turn, FAULT_WORDS[fault]);
      taskLogger(logger, stored).warn({ ...turn, fault }, "a worker missed its step");
    },
  };

  async function note(stored: NamedTask, { worker }: Turn, what: string): Promise<void> {
    await log.note({ taskId: stored.task.id, worker, entry: `${worker} ${what}` });
  }
}
