import type { Address, Hex } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import {
  type Committed,
  isSealOf,
  type Result,
  resultHash,
  roundDigest,
} from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";
import { courseOf } from "#src/protocol/task-course.ts";
import { judgeResult, type Verdict } from "#src/protocol/verdict.ts";
import type { WorkerChain } from "./worker-chain.ts";

/** A worker's answer to a task, before anybody else knows it. */
export interface Answer {
  readonly taskId: Hex;
  readonly deal: Deal;
  readonly index: number;
  readonly worker: Address;
  readonly result: Result;
}

/**
 * The round whose digest may be disclosed: the worker's seal of it is on the chain, and it has closed, so that nobody can
 * copy the answer into it any more.
 * @throws HANSE_ROUND_OPEN; HANSE_ROUND_CLOSED when the task is settled; HANSE_CONTRIBUTION_INVALID when the chain has
 * no seal of this answer by this worker
 */
export async function checkDisclosure(chain: WorkerChain, answer: Answer): Promise<number> {
  const { seals, hash, round, closed } = await read(chain, answer);
  const { taskId, worker } = answer;
  const own = seals.find((seal) => seal.worker === worker);
  if (own === undefined || !isSealOf(own, roundDigest(own.round, taskId, hash))) {
    throw new HanseError("HANSE_CONTRIBUTION_INVALID", "the chain has no seal of this answer", {
      details: { taskId, worker, sealed: own?.seal },
    });
  }
  if (own.round === round && !closed) throw stillOpen(taskId, round);
  return own.round;
}

/**
 * Whether the result may be revealed: every round has closed, and the seals on the chain make this very result sure
 * enough to be finalized. Before, who is drawn next could copy it.
 * @throws as `checkDisclosure`; HANSE_TASK_REFUSED when it is not sure enough
 */
export async function checkRevelation(chain: WorkerChain, answer: Answer): Promise<void> {
  const { seals, round, closed } = await read(chain, answer);
  const { taskId } = answer;
  if (!closed) throw stillOpen(taskId, round);
  const { matching, reached, drawn } = await judgeSeals(chain, answer, seals, round);
  if (reached) return;
  throw new HanseError("HANSE_TASK_REFUSED", `task ${taskId}: the result is not sure enough to be revealed`, {
    details: { taskId, matching, drawn, round },
  });
}

/**
 * What the seals on the chain say about a result that the worker knows: it needs nobody's digest to tell which of them hold
 * the same one.
 * @throws HANSE_NOT_READY while the draw is not known
 */
export async function judgeSeals(
  chain: Pick<WorkerChain, "drawn" | "seat">,
  { taskId, deal, index, result }: Omit<Answer, "worker">,
  seals: readonly Committed[],
  round: number,
): Promise<Verdict & { readonly drawn: number }> {
  const [drawn, scored] = await Promise.all([
    chain.drawn(deal, index, round),
    Promise.all(
      seals.map(async (seal) => ({ ...seal, score: (await chain.seat(deal.pool, seal.seat)).score })),
    ),
  ]);
  if (drawn === undefined) throw new HanseError("HANSE_NOT_READY", "the draw is not known");
  const verdict = judgeResult({ taskId, trust: deal.trust, drawn: drawn.length }, scored, result);
  return { ...verdict, drawn: drawn.length };
}

async function read(chain: WorkerChain, { taskId, deal, result }: Answer) {
  // The block first: what the chain says afterwards is at least as new.
  const head = await chain.head();
  const state = await chain.task(taskId, deal);
  const { settled, round, closed } = courseOf(deal, state, head);
  if (settled) throw new HanseError("HANSE_ROUND_CLOSED", "the task is settled", { details: { taskId } });
  return { seals: await chain.committed(taskId, deal, state), hash: resultHash(result), round, closed };
}

function stillOpen(taskId: Hex, round: number): HanseError {
  return new HanseError("HANSE_ROUND_OPEN", `round ${round} has not closed on the chain`, {
    details: { taskId, round },
  });
}
