import type { Hex } from "viem";
import { confidenceReached, placesReached, weight } from "#src/protocol/confidence.ts";
import { type Committed, type Result, resultHash, roundDigest, sealOf } from "#src/protocol/contributions.ts";
import type { OpenTask } from "../panel/task.ts";

/** What the seals of a task say about a result. */
export interface Verdict {
  readonly right: readonly Committed[];
  readonly wrong: readonly Committed[];
  readonly reached: boolean;
}

/** The seal of a worker who found this result. */
export function matchingSeal(task: OpenTask, { worker, round }: Committed, result: Result): Hex {
  return sealOf(worker, roundDigest(round, task.id, resultHash(result)));
}

/** @param drawn places drawn so far */
export function judge(
  task: OpenTask,
  result: Result,
  drawn: number,
  scoreOf: (seat: number) => number,
): Verdict {
  const isRight = (each: Committed) => each.seal === matchingSeal(task, each, result);
  const right = task.book.seals.filter(isRight);
  const wrong = task.book.seals.filter((each) => !isRight(each));
  const weights = (seals: readonly Committed[]) => seals.map(({ seat }) => weight(scoreOf(seat)));
  const reached =
    placesReached(right.length, drawn) && confidenceReached(task.deal.trust, weights(right), weights(wrong));
  return { right, wrong, reached };
}
