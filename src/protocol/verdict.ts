import type { Hex } from "viem";
import { confidenceReached, placesReached, weight } from "./confidence.ts";
import { type Committed, isSealOf, type Result, resultHash, roundDigest } from "./contributions.ts";

/** A committed seal and the present score of the seat behind it. */
export interface ScoredSeal extends Committed {
  readonly score: number;
}

/** What the places of a task say about one result. */
export interface Tally {
  readonly trust: number;
  /** Places drawn in all rounds so far, those that were missed included. */
  readonly drawn: number;
  /** Weights of the workers whose seals match the result. */
  readonly matching: readonly bigint[];
  /** Weights of the workers whose seals do not. */
  readonly others: readonly bigint[];
}

/** What the seals of a task say about a result that is known. */
export interface Verdict {
  /** How many seals match it. */
  readonly matching: number;
  /** Whether it can be finalized. */
  readonly reached: boolean;
}

/**
 * Whether a result is sure enough to be finalized. Two rules of `IPoco`, both needed: matching seals stand in at least 2/3
 * of all places drawn so far, so that nobody gains by waiting while others are absent; and
 * `group · trust > (1 + group + hostile) · (trust − 1)`. Twin of `_checkReached` in `contracts/certifiers/poco/Tallies.sol`.
 */
export function isSure({ trust, drawn, matching, others }: Tally): boolean {
  return placesReached(matching.length, drawn) && confidenceReached(trust, matching, others);
}

/** Judges a result by all committed seals: exactly what `finalize` will find, if no score changes before. */
export function judgeResult(
  task: { readonly taskId: Hex; readonly trust: number; readonly drawn: number },
  seals: readonly ScoredSeal[],
  result: Result,
): Verdict {
  const hash = resultHash(result);
  const matches = seals.map((each) => isSealOf(each, roundDigest(each.round, task.taskId, hash)));
  const weights = (wanted: boolean) =>
    seals.filter((_, i) => matches[i] === wanted).map(({ score }) => weight(score));
  const [matching, others] = [weights(true), weights(false)];
  const { trust, drawn } = task;
  return { matching: matching.length, reached: isSure({ trust, drawn, matching, others }) };
}
