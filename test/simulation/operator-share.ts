import { placesAfter } from "#src/protocol/confidence.ts";
import { MAX_PLACES } from "#src/protocol/panel-parameters.ts";
import { isSure, type Tally } from "#src/protocol/verdict.ts";

/**
 * A holder of many seats of a pool (`operator` in names) that seals the same false result in every place it gets. No
 * other conduct of the same seats certifies it more often: each matching seal only adds to the result's group and places,
 * and each place of the holder's that does not seal the truth only takes from the truth's. All honest workers who are
 * there seal the one right result.
 */
export interface OperatorShare {
  readonly seats: number;
  readonly operatorSeats: number;
  readonly trust: number;
  /** What each seal weighs: 2 for a fresh worker, 16 for the most that can be earned. */
  readonly operatorWeight: bigint;
  readonly honestWeight: bigint;
  /** The chance that an honest worker misses its place, each independently. */
  readonly absence: number;
  /** Places drawn in all by the end of each round. */
  readonly places: readonly number[];
  /** When a result is certified: the protocol's own rule, or one without the places to compare it with. */
  readonly rule: (tally: Tally) => boolean;
}

/** Whose result is certified. */
export type Side = "operator" | "honest";

/** 30 of 100 seats, all workers fresh and there, the protocol's rule and rounds. */
export function thirtyOfHundred(trust: number, change: Partial<OperatorShare> = {}): OperatorShare {
  return {
    seats: 100,
    operatorSeats: 30,
    trust,
    operatorWeight: 2n,
    honestWeight: 2n,
    absence: 0,
    places: roundsOf(trust),
    rule: isSure,
    ...change,
  };
}

/** Places drawn by the end of each round until there may be no more. */
export function roundsOf(trust: number): number[] {
  const places = [placesAfter(trust, 1)];
  while (places.at(-1) !== MAX_PLACES) places.push(placesAfter(trust, places.length + 1));
  return places;
}

/** Who has won when a round closes, by how many seals each side has; asks the rule once for each tally. */
export function createReferee({ trust, operatorWeight, honestWeight, rule }: OperatorShare) {
  const known = new Map<number, Side | undefined>();
  const judge = (operator: number, honest: number, drawn: number): Side | undefined => {
    const [theirs, ours] = [repeat(operatorWeight, operator), repeat(honestWeight, honest)];
    if (rule({ trust, drawn, matching: theirs, others: ours })) return "operator";
    return rule({ trust, drawn, matching: ours, others: theirs }) ? "honest" : undefined;
  };
  return (operator: number, honest: number, drawn: number): Side | undefined => {
    // Counts are at most MAX_PLACES.
    const key = (operator * 128 + honest) * 128 + drawn;
    if (!known.has(key)) known.set(key, judge(operator, honest, drawn));
    return known.get(key);
  };
}

function repeat(weight: bigint, count: number): bigint[] {
  return Array.from({ length: count }, () => weight);
}
