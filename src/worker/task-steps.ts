import type { Hex, LocalAccount } from "viem";
import { attempt } from "#src/chain/attempt.ts";
import type { MarketReader, SealedDeal } from "#src/chain/market-reader.ts";
import type { PoolClient } from "#src/client/pool-client.ts";
import type { WorkerStep, WorkerTask } from "#src/client/pool-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import {
  CONTRIBUTION_TYPED_DATA,
  pocoDomain,
  type Result,
  resultHash,
  roundDigest,
  sealOf,
} from "#src/protocol/contributions.ts";
import { courseOf } from "#src/protocol/task-course.ts";
import type { createComputation } from "./computation.ts";
import { type Answer, checkDisclosure, checkRevelation } from "./disclosure-check.ts";
import type { OwnStep } from "./own-duty.ts";
import type { ResultStore, StoredResult } from "./result-store.ts";
import type { SealBook } from "./seal-book.ts";
import type { Slots } from "./slots.ts";
import { checkDeal, checkWanted, isOver, type WorkerIdentity } from "./task-check.ts";
import { taskLogger } from "./task-logger.ts";
import type { WorkerChain } from "./worker-chain.ts";

/** Where answers go. */
export type AnswerDesk = Pick<PoolClient, "contribute" | "disclose" | "reveal">;

export interface TaskStepsDeps {
  readonly chain: WorkerChain;
  readonly market: MarketReader;
  readonly desk: AnswerDesk;
  readonly account: LocalAccount;
  readonly results: ResultStore;
  readonly seals: SealBook;
  readonly slots: Slots;
  readonly compute: ReturnType<typeof createComputation>;
  /** Puts an output where the pool's buyers look for it. */
  readonly upload: (output: Uint8Array, signal: AbortSignal) => Promise<void>;
  /** Blocks whose seeds the worker has had kept: no one but itself could tell it. */
  readonly keptSeeds: Set<bigint>;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** A step that a scheduler asks for, or one that the worker does for itself. */
export type Step = WorkerStep | OwnStep;
export type TaskToDo = Omit<WorkerTask, "step"> & { readonly step: Step };

/** `refused`: the contract did not take it, mostly because somebody was faster. */
export type StepOutcome = "done" | "refused";

/** Does one step of one task. What it throws tells by `retryable` whether trying again soon makes sense. */
export type TaskSteps = Record<Step, (task: TaskToDo, signal: AbortSignal) => Promise<StepOutcome>>;

export function createTaskSteps(
  deps: TaskStepsDeps,
  pool: bigint,
  { wantedEveryMs = 15_000 }: { readonly wantedEveryMs?: number } = {},
): TaskSteps {
  const { chain, market, desk, account, results, seals, slots, clock = systemClock } = deps;
  const worker = account.address;
  const identity: WorkerIdentity = { worker, pool, poco: chain.poco };
  const domain = pocoDomain(chain.chainId, chain.poco);

  return {
    async compute(task, signal) {
      const sealed = await dealOf(task);
      await checkWanted(chain, task, sealed, identity);
      const stored = (await results.load(task.taskId)) ?? (await computeInSlot(task, sealed, signal));
      if (sealed.deal.trust <= 1) await answerAtOnce(task, stored, signal);
      else {
        const { round, taskId } = task;
        const seat = seatOf(task);
        await desk.contribute(taskId, { round, seat, worker, ...(await seal(taskId, round, stored.result)) });
      }
      return "done";
    },

    async disclose(task) {
      const answer = await answerOf(task);
      const round = await checkDisclosure(chain, answer);
      const digest = roundDigest(round, task.taskId, resultHash(answer.result));
      await desk.disclose(task.taskId, { round, worker, digest });
      return "done";
    },

    async reveal(task, signal) {
      const answer = await answerOf(task);
      await checkRevelation(chain, answer);
      if (answer.output !== undefined) await deps.upload(answer.output, signal);
      await desk.reveal(task.taskId, { worker, result: answer.result });
      return "done";
    },

    async done({ taskId }) {
      // Said by the scheduler; what the worker still answers for is kept until the chain says so too.
      if ((await results.has(taskId)) && (await chain.isSettled(taskId))) await results.remove(taskId);
      return "done";
    },

    wait: async () => "done",

    async commit(task) {
      const sealed = await dealOf(task);
      await checkWanted(chain, task, sealed, identity);
      const { taskId, index, round } = task;
      const result = (await results.result(taskId)) ?? nothingComputed(taskId);
      const own = await enterSeal(taskId, round, result);
      return mined(task, () => chain.commit(sealed.deal, index, { seat: seatOf(task), seal: own }, round));
    },

    async finalize(task, signal) {
      const answer = await answerOf(task);
      await checkRevelation(chain, answer);
      // Before anybody pays for it: the buyer has to find it.
      if (answer.output !== undefined) await deps.upload(answer.output, signal);
      const committed = await sealsOf(answer);
      return mined(task, () => chain.finalize(answer.deal, answer.index, committed, answer.result));
    },

    async extend(task) {
      const { deal } = await dealOf(task);
      return mined(task, () => chain.extend(deal, task.index, task.round + 1));
    },

    async claim(task) {
      const { deal } = await dealOf(task);
      const committed = await sealsOf({ ...task, deal });
      return mined(task, () => chain.claim(deal, task.index, committed));
    },

    async record(task) {
      const { deal } = await dealOf(task);
      // What the chain has now: the task may have gone on to another round.
      const [head, state] = await Promise.all([chain.head(), chain.task(task.taskId, deal)]);
      const { seedBlock } = courseOf(deal, state, head);
      if (deps.keptSeeds.has(seedBlock)) return "done";
      // Before it is sent: other tasks of the same block ask for it, too.
      deps.keptSeeds.add(seedBlock);
      try {
        // Refused, it was forgotten already, and stays so.
        return await mined(task, () => chain.recordSeed(seedBlock));
      } catch (error) {
        deps.keptSeeds.delete(seedBlock);
        throw error;
      }
    },
  };

  /** All of these others may send as well. */
  async function mined(task: TaskToDo, act: () => Promise<void>): Promise<StepOutcome> {
    return (await attempt(taskLogger(deps.logger, task), task.step, act)) ? "done" : "refused";
  }

  async function sealsOf({ taskId, deal }: Pick<Answer, "taskId" | "deal">) {
    return chain.committed(taskId, deal, await chain.task(taskId, deal));
  }

  async function dealOf(task: TaskToDo): Promise<SealedDeal> {
    const sealed = await market.deal(task.dealId);
    checkDeal(task, sealed, identity);
    return sealed;
  }

  /** On disk before anybody hears of it. */
  function computeInSlot(task: TaskToDo, sealed: SealedDeal, signal: AbortSignal): Promise<StoredResult> {
    const compute = async (waited: boolean) => {
      // Its turn may have come too late.
      if (waited) await checkWanted(chain, task, sealed, identity);
      const computed = await whileWanted(task, sealed, signal, (until) => deps.compute(task, sealed, until));
      await results.save(task.taskId, computed);
      return computed;
    };
    return slots.run(task, compute, signal);
  }

  /** Inputs may come slowly for days, by their owner's will: no slot is kept for a task that is over. */
  async function whileWanted<T>(
    task: TaskToDo,
    sealed: SealedDeal,
    signal: AbortSignal,
    work: (until: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const [over, ended] = [new AbortController(), new AbortController()];
    const watching = async () => {
      for (;;) {
        await clock.sleep(wantedEveryMs, ended.signal);
        // Where the chain does not answer, it is asked again.
        if (!(await isOver(chain, task, sealed).catch(() => false))) continue;
        const { taskId } = task;
        over.abort(new HanseError("HANSE_ROUND_CLOSED", "the task is over", { details: { taskId } }));
        return;
      }
    };
    watching().catch(() => undefined);
    try {
      return await work(AbortSignal.any([signal, over.signal]));
    } catch (error) {
      over.signal.throwIfAborted();
      throw error;
    } finally {
      ended.abort();
    }
  }

  async function answerOf(task: TaskToDo): Promise<Answer & StoredResult> {
    const { deal } = await dealOf(task);
    const { taskId, index } = task;
    const stored = (await results.load(taskId)) ?? nothingComputed(taskId);
    return { taskId, deal, index, worker, ...stored };
  }

  /** Trust 0 and 1: nobody compares, so the word has to be signed. Round 0 is none of Poco's. */
  async function answerAtOnce({ taskId }: TaskToDo, { result, output }: StoredResult, signal: AbortSignal) {
    if (output !== undefined) await deps.upload(output, signal);
    const { signature } = await seal(taskId, 0, result);
    await desk.reveal(taskId, { worker, result, signature });
  }

  async function seal(taskId: Hex, round: number, result: Result) {
    const sealed = await enterSeal(taskId, round, result);
    const message = { taskId, round, seal: sealed };
    const signature = await account.signTypedData({
      domain,
      types: CONTRIBUTION_TYPED_DATA,
      primaryType: "Contribution",
      message,
    });
    return { seal: sealed, signature };
  }

  async function enterSeal(taskId: Hex, round: number, result: Result): Promise<Hex> {
    const sealed = sealOf(worker, roundDigest(round, taskId, resultHash(result)));
    await seals.enter(taskId, round, sealed);
    return sealed;
  }
}

function seatOf({ seat }: TaskToDo): number {
  if (seat === null) throw new HanseError("HANSE_INTERNAL", "a drawn task has a seat");
  return seat;
}

function nothingComputed(taskId: Hex): never {
  throw new HanseError("HANSE_TASK_REFUSED", `task ${taskId}: nothing was computed for it here`, {
    details: { taskId },
    hint: "The worker's state was lost: restore its state directory.",
  });
}
