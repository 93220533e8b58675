import type { Hex, LocalAccount } from "viem";
import type { MarketReader, SealedDeal } from "#src/chain/market-reader.ts";
import type { PoolClient } from "#src/client/pool-client.ts";
import type { WorkerStep, WorkerTask } from "#src/client/pool-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import {
  CONTRIBUTION_TYPED_DATA,
  pocoDomain,
  type Result,
  resultHash,
  roundDigest,
  sealOf,
} from "#src/protocol/contributions.ts";
import type { createComputation } from "./computation.ts";
import { type Answer, checkDisclosure, checkRevelation } from "./disclosure-check.ts";
import type { ResultStore, StoredResult } from "./result-store.ts";
import { checkDeal, checkWanted, type WorkerIdentity } from "./task-check.ts";
import type { WorkerChain } from "./worker-chain.ts";

/** Where answers go. The scheduler's API is one; the chain itself could be another. */
export type AnswerDesk = Pick<PoolClient, "contribute" | "disclose" | "reveal">;

export interface TaskStepsDeps {
  readonly chain: WorkerChain;
  readonly market: MarketReader;
  readonly desk: AnswerDesk;
  readonly account: LocalAccount;
  readonly results: ResultStore;
  readonly compute: ReturnType<typeof createComputation>;
  /** Puts an output where the pool's buyers look for it. */
  readonly upload: (output: Uint8Array, signal: AbortSignal) => Promise<void>;
}

/** Does one step of one task. What it throws tells by `retryable` whether trying again soon makes sense. */
export type TaskSteps = Record<WorkerStep, (task: WorkerTask, signal: AbortSignal) => Promise<void>>;

export function createTaskSteps(deps: TaskStepsDeps, pool: bigint): TaskSteps {
  const { chain, market, desk, account, results } = deps;
  const worker = account.address;
  const identity: WorkerIdentity = { worker, pool, poco: chain.poco };
  const domain = pocoDomain(chain.chainId, chain.poco);

  return {
    async compute(task, signal) {
      const sealed = await dealOf(task);
      await checkWanted(chain, task, sealed, identity);
      const stored = await resultOf(task, sealed, signal);
      if (sealed.deal.trust <= 1) return answerAtOnce(task, stored, signal);
      const { round, seat, taskId } = task;
      if (seat === null) throw new HanseError("HANSE_INTERNAL", "a drawn task has a seat");
      await desk.contribute(taskId, { round, seat, worker, ...(await seal(taskId, round, stored.result)) });
    },

    async disclose(task) {
      const answer = await answerOf(task);
      const round = await checkDisclosure(chain, answer);
      const digest = roundDigest(round, task.taskId, resultHash(answer.result));
      await desk.disclose(task.taskId, { round, worker, digest });
    },

    async reveal(task, signal) {
      const answer = await answerOf(task);
      await checkRevelation(chain, answer);
      if (answer.output !== undefined) await deps.upload(answer.output, signal);
      await desk.reveal(task.taskId, { worker, result: answer.result });
    },

    async done({ taskId }) {
      // Said by the scheduler; what the worker still answers for is kept until the chain says so too.
      if (!(await results.has(taskId))) return;
      if (await chain.isSettled(taskId)) await results.remove(taskId);
    },

    wait: async () => undefined,
  };

  async function dealOf(task: WorkerTask): Promise<SealedDeal> {
    const sealed = await market.deal(task.dealId);
    checkDeal(task, sealed, identity);
    return sealed;
  }

  /** On disk before anybody hears of it. */
  async function resultOf(task: WorkerTask, sealed: SealedDeal, signal: AbortSignal): Promise<StoredResult> {
    const known = await results.load(task.taskId);
    if (known !== undefined) return known;
    const computed = await deps.compute(task, sealed, signal);
    await results.save(task.taskId, computed);
    return computed;
  }

  async function answerOf(task: WorkerTask): Promise<Answer & StoredResult> {
    const { deal } = await dealOf(task);
    const { taskId, index } = task;
    const stored = await results.load(taskId);
    if (stored === undefined) {
      throw new HanseError("HANSE_TASK_REFUSED", `task ${taskId}: nothing was computed for it here`, {
        details: { taskId },
        hint: "The worker's state was lost: restore its state directory.",
      });
    }
    return { taskId, deal, index, worker, ...stored };
  }

  /** Trust 0 and 1: nobody compares, so the word has to be signed. Round 0 is none of Poco's. */
  async function answerAtOnce({ taskId }: WorkerTask, { result, output }: StoredResult, signal: AbortSignal) {
    if (output !== undefined) await deps.upload(output, signal);
    const { signature } = await seal(taskId, 0, result);
    await desk.reveal(taskId, { worker, result, signature });
  }

  async function seal(taskId: Hex, round: number, result: Result) {
    const sealed = sealOf(worker, roundDigest(round, taskId, resultHash(result)));
    const message = { taskId, round, seal: sealed };
    const signature = await account.signTypedData({
      domain,
      types: CONTRIBUTION_TYPED_DATA,
      primaryType: "Contribution",
      message,
    });
    return { seal: sealed, signature };
  }
}
