import { MAX_PLACES } from "./panel-parameters.ts";

// Twin of `contracts/libraries/Confidence.sol`; the formulas are those of `IPoco`.

/** Products stop here instead of growing beyond what the chain can multiply. */
export const SATURATION = 2n ** 224n;
export const MAX_WEIGHT = 16n;

/** A worker's weight by its score: `max(score / 3, 3) − 1`, at most 16. A fresh one weighs 2. */
export function weight(score: number): bigint {
  const third = BigInt(Math.floor(score / 3));
  const full = (third > 3n ? third : 3n) - 1n;
  return full < MAX_WEIGHT ? full : MAX_WEIGHT;
}

/** The product of weights, saturating; 1 for none. */
export function product(weights: readonly bigint[]): bigint {
  return weights.reduce((sum, w) => (sum * w < SATURATION ? sum * w : SATURATION), 1n);
}

/**
 * Whether a result is sure enough: `group · trust > (1 + group + hostile) · (trust − 1)`.
 * @param matching weights of the workers whose seals match it
 * @param others weights of the workers whose seals do not
 */
export function confidenceReached(
  trust: number,
  matching: readonly bigint[],
  others: readonly bigint[],
): boolean {
  if (matching.length === 0) return false;
  const group = product(matching);
  const hostile = others.length === 0 ? 0n : product(others);
  return group * BigInt(trust) > (1n + group + hostile) * BigInt(Math.max(trust - 1, 0));
}

/** Whether the matching seals stand in at least 2/3 of all places drawn so far. */
export function placesReached(matching: number, drawn: number): boolean {
  return matching * 3 >= drawn * 2;
}

/** Places of round 1: the fewest fresh workers who reach the trust when they agree, `2^n > trust − 1`. */
export function firstPlaces(trust: number): number {
  let places = 1;
  while (2 ** places <= trust - 1) places++;
  return places;
}

/** Places of rounds 1 to `round` together. */
export function placesAfter(trust: number, round: number): number {
  return Math.min(MAX_PLACES, firstPlaces(trust) * 2 ** (round - 1));
}
