import { type Address, type Hex, hashTypedData } from "viem";
import type { ContributionPost, DigestPost, ResultPost } from "#src/client/pool-schema.ts";
import { recoverSigner } from "#src/crypto/recover.ts";
import { HanseError } from "#src/kernel/errors.ts";
import {
  CONTRIBUTION_TYPED_DATA,
  isSealOf,
  pocoDomain,
  resultHash,
  roundDigest,
  sealOf,
} from "#src/protocol/contributions.ts";
import { judgeResult } from "#src/protocol/verdict.ts";
import type { PocoChain } from "./poco-chain.ts";
import type { StoredTask, TaskStore } from "./task-store.ts";
import type { WorkerWatch } from "./worker-watch.ts";

export interface AnswerIntakeDeps {
  readonly store: TaskStore;
  readonly chain: PocoChain;
  readonly watch: WorkerWatch;
  /** Is this content there for the buyer to fetch? */
  readonly hasContent: (address: Hex) => Promise<boolean>;
}

/**
 * Takes what workers send, and only what is proved: a contribution by draw and signature, a digest by the committed
 * seal, a result by the seals of enough others. Repeated, each is taken again without effect.
 */
export interface AnswerIntake {
  /** @throws HANSE_TASK_UNKNOWN, HANSE_ROUND_CLOSED, HANSE_CONTRIBUTION_INVALID */
  contribute(taskId: Hex, post: ContributionPost): Promise<void>;
  /** @throws HANSE_TASK_UNKNOWN, HANSE_ROUND_OPEN, HANSE_ROUND_CLOSED, HANSE_CONTRIBUTION_INVALID */
  disclose(taskId: Hex, post: DigestPost): Promise<void>;
  /** @throws HANSE_TASK_UNKNOWN, HANSE_ROUND_OPEN, HANSE_ROUND_CLOSED, HANSE_CONTRIBUTION_INVALID, HANSE_CONTENT_NOT_FOUND */
  reveal(taskId: Hex, post: ResultPost): Promise<void>;
}

export function createAnswerIntake({ store, chain, watch, hasContent }: AnswerIntakeDeps): AnswerIntake {
  const domain = pocoDomain(chain.chainId, chain.poco);

  return {
    async contribute(taskId, { round, seat, worker, seal, signature }) {
      const stored = await open(taskId);
      const { task, deal } = stored;
      if (deal.trust <= 1)
        throw invalid("the task is not replicated: it takes a result, not a seal", { taskId });
      // Ahead of us: a block was mined that we have not looked at yet.
      if (round > task.round) throw new HanseError("HANSE_NOT_READY", `round ${round} is not known here yet`);
      if (round < task.round || task.closed) {
        throw new HanseError("HANSE_ROUND_CLOSED", `round ${round} takes no more answers`, {
          details: { taskId, round },
        });
      }
      const place = (await store.places(taskId)).find((each) => each.seat === seat && each.round === round);
      if (place?.worker !== worker) {
        throw invalid(`seat ${seat} of ${worker} was not drawn in round ${round}`, {
          taskId,
          round,
          seat,
          worker,
        });
      }
      assertSigned({ taskId, round, seal }, worker, signature);
      const standing = await store.addContribution(taskId, { round, seat, worker, seal, signature });
      if (standing !== seal) {
        await watch.fault(stored, { worker, round }, "contradiction");
        throw invalid("this seat has answered differently before", { taskId, seat });
      }
      await watch.answered(stored, { worker, round });
    },

    async disclose(taskId, { round, worker, digest }) {
      const stored = await open(taskId);
      assertClosed(stored, round);
      const contributions = await store.contributions(taskId);
      const own = contributions.find(
        (each) => each.worker === worker && each.round === round && each.committed,
      );
      if (own === undefined)
        throw invalid("no seal of this worker is on the chain", { taskId, round, worker });
      if (!isSealOf(own, digest))
        throw invalid("the digest is not the one sealed", { taskId, round, worker });
      await store.addDigest(taskId, { round, worker, digest });
    },

    async reveal(taskId, { worker, result, signature }) {
      const stored = await open(taskId);
      if (stored.deal.trust <= 1) {
        if (stored.task.assigned_to !== worker)
          throw invalid("the task was not given to this worker", { taskId, worker });
        if (signature === undefined)
          throw invalid("a result that nobody checks has to be signed", { taskId });
        assertSigned(
          { taskId, round: 0, seal: sealOf(worker, roundDigest(0, taskId, resultHash(result))) },
          worker,
          signature,
        );
      } else {
        assertClosed(stored, stored.task.round);
        await assertSure(taskId, stored, { worker, result });
      }
      if (result.outcome === 0 && !(await hasContent(result.content))) {
        throw new HanseError("HANSE_CONTENT_NOT_FOUND", "the output is not in the pool's content store", {
          details: { taskId, content: result.content },
          hint: "Upload the output to the pool's content service first.",
        });
      }
      await store.addResult(taskId, worker, result);
      if (stored.deal.trust <= 1) await watch.answered(stored, { worker, round: 0 });
    },
  };

  async function open(taskId: Hex): Promise<StoredTask> {
    const stored = await store.load(taskId);
    if (stored === undefined) {
      throw new HanseError("HANSE_TASK_UNKNOWN", `this pool has no task ${taskId}`, { details: { taskId } });
    }
    const { status } = stored.task;
    if (status !== "open") {
      throw new HanseError("HANSE_ROUND_CLOSED", `the task is ${status}`, { details: { taskId, status } });
    }
    return stored;
  }

  /** Nothing about an answer is taken while somebody could still copy it, not even from who offers it. */
  function assertClosed({ task }: StoredTask, round: number): void {
    if (round < task.round || (round === task.round && task.closed)) return;
    throw new HanseError("HANSE_ROUND_OPEN", `round ${round} has not closed yet`, {
      details: { taskId: task.id, round },
    });
  }

  async function assertSure(
    taskId: Hex,
    { deal }: StoredTask,
    { worker, result }: ResultPost,
  ): Promise<void> {
    const seals = (await store.contributions(taskId))
      .filter(({ committed }) => committed)
      .map(({ seat, round, worker: by, seal }) => ({
        seat: Number(seat),
        round,
        worker: by,
        seal,
        score: 0,
      }));
    const drawn = (await store.places(taskId)).length;
    const task = { taskId, trust: deal.trust, drawn };
    // Before the chain is asked anything: strangers could have us read it all day.
    if (judgeResult(task, seals, result).matching === 0)
      throw invalid("nobody sealed this result", { taskId, worker });
    const scored = await Promise.all(
      seals.map(async (seal) => ({ ...seal, score: (await chain.seat(deal.pool, seal.seat)).score })),
    );
    const { matching, reached } = judgeResult(task, scored, result);
    if (!reached) throw invalid("the result is not sure enough", { taskId, worker, matching, drawn });
  }

  function assertSigned(
    message: { taskId: Hex; round: number; seal: Hex },
    worker: Address,
    signature: Hex,
  ): void {
    const digest = hashTypedData({
      domain,
      types: CONTRIBUTION_TYPED_DATA,
      primaryType: "Contribution",
      message,
    });
    if (recoverSigner(digest, signature) === worker) return;
    throw invalid(`the signature is not that of ${worker}`, { ...message, worker });
  }
}

function invalid(message: string, details: Record<string, unknown>): HanseError {
  return new HanseError("HANSE_CONTRIBUTION_INVALID", message, { details });
}
