import type { Hex } from "viem";
import type { createOwnDuty, DrawnTask, Duty } from "./own-duty.ts";
import type { ResultStore } from "./result-store.ts";
import type { SeatWatch } from "./seat-watch.ts";
import type { TaskSource } from "./task-poller.ts";
import type { TaskToDo } from "./task-steps.ts";
import type { WorkerChain } from "./worker-chain.ts";

export interface OwnTasksDeps {
  readonly chain: Pick<WorkerChain, "head">;
  readonly watch: Pick<SeatWatch, "tasks">;
  readonly duty: ReturnType<typeof createOwnDuty>;
  readonly results: Pick<ResultStore, "has">;
}

/** How many tasks are looked at together. */
const AT_ONCE = 64;

/** What the worker has to do by its own eyes: beside what the scheduler lists, or instead of it. */
export interface OwnTasks extends TaskSource {
  /** The chain was reorganised: what had ended may not have. */
  reset(): void;
}

export function createOwnTasks({ chain, watch, duty, results }: OwnTasksDeps, seat: number): OwnTasks {
  /** Tasks that have ended, which are not looked at again. */
  const ended = new Set<Hex>();

  return {
    name: "chain",
    reset() {
      ended.clear();
      duty.forget();
    },

    async tasks() {
      // The block first: what the chain says afterwards is at least as new.
      const head = await chain.head();
      const drawn = await watch.tasks();
      const open = drawn.filter(({ taskId }) => !ended.has(taskId));
      const due: TaskToDo[] = [];
      let failure: unknown;
      for (let from = 0; from < open.length; from += AT_ONCE) {
        const some = open.slice(from, from + AT_ONCE);
        const duties = await Promise.all(some.map((task) => dutyOf(task, head)));
        for (const [at, own] of duties.entries()) {
          const task = some[at];
          if (task === undefined || own === undefined || own.step === "wait") continue;
          const { step, round } = own;
          const { taskId, dealId, index } = task;
          if (step === "done") {
            ended.add(taskId);
            duty.forget(taskId);
            if (!(await results.has(taskId))) continue;
          }
          due.push({ taskId, dealId, index, round, seat, step });
        }
      }
      const known = new Set(drawn.map(({ taskId }) => taskId));
      for (const taskId of ended) if (!known.has(taskId)) ended.delete(taskId);
      if (due.length === 0 && failure !== undefined) throw failure;
      return due;

      /** One task that cannot be looked at now does not keep the others back. */
      async function dutyOf(task: DrawnTask, atHead: bigint): Promise<Duty | undefined> {
        try {
          return await duty.dutyOf(task, atHead);
        } catch (error) {
          failure = error;
          return undefined;
        }
      }
    },
  };
}
