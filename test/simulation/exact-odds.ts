import { createReferee, type OperatorShare } from "./operator-share.ts";

/** `n choose k`, exactly. */
export function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let result = 1n;
  // Each step is itself a binomial coefficient, so the division leaves nothing.
  for (let i = 1; i <= k; i++) result = (result * BigInt(n - k + i)) / BigInt(i);
  return result;
}

/** The chance that `drawn` of `seats`, none of them twice, are `hits` of the `marked`: hypergeometric. */
export function hypergeometric(seats: number, marked: number, drawn: number, hits: number): number {
  return ratio(choose(marked, hits) * choose(seats - marked, drawn - hits), choose(seats, drawn));
}

/** The chance that `hits` of `drawn` independent trials succeed, each with `chance`. */
export function binomial(drawn: number, chance: number, hits: number): number {
  return Number(choose(drawn, hits)) * chance ** hits * (1 - chance) ** (drawn - hits);
}

/** The chance of at least `least` out of at most `most`. */
export function atLeast(least: number, most: number, chanceOf: (hits: number) => number): number {
  let sum = 0;
  // The rarest first: nothing is lost to rounding.
  for (let hits = most; hits >= least; hits--) sum += chanceOf(hits);
  return sum;
}

/** For each round, the chance that the task ends in it with the holder's result, or with the honest one. */
export interface CourseOdds {
  readonly operator: readonly number[];
  readonly honest: readonly number[];
}

interface State {
  readonly operator: number;
  readonly honest: number;
  readonly chance: number;
}

/**
 * Goes through every course a task can take: in each round the new places are split among the seats left by the
 * hypergeometric distribution, and the honest ones among present and absent by the binomial; what is decided ends there.
 */
export function courseOdds(share: OperatorShare): CourseOdds {
  const winner = createReferee(share);
  const odds = { operator: [] as number[], honest: [] as number[] };
  let open: readonly State[] = [{ operator: 0, honest: 0, chance: 1 }];
  let before = 0;
  for (const drawn of share.places) {
    const ended = { operator: 0, honest: 0 };
    const next = new Map<string, State>();
    for (const state of open.flatMap((each) => afterRound(share, each, before, drawn))) {
      const side = winner(state.operator, state.honest, drawn);
      if (side !== undefined) {
        ended[side] += state.chance;
        continue;
      }
      const key = `${state.operator} ${state.honest}`;
      next.set(key, { ...state, chance: (next.get(key)?.chance ?? 0) + state.chance });
    }
    odds.operator.push(ended.operator);
    odds.honest.push(ended.honest);
    [open, before] = [[...next.values()], drawn];
  }
  return odds;
}

function afterRound(share: OperatorShare, state: State, before: number, drawn: number): State[] {
  const [seatsLeft, operatorLeft] = [share.seats - before, share.operatorSeats - state.operator];
  const places = drawn - before;
  const states: State[] = [];
  for (let own = 0; own <= places; own++) {
    const split = hypergeometric(seatsLeft, operatorLeft, places, own);
    if (split === 0) continue;
    for (let present = 0; present <= places - own; present++) {
      const chance = state.chance * split * binomial(places - own, 1 - share.absence, present);
      if (chance === 0) continue;
      states.push({ operator: state.operator + own, honest: state.honest + present, chance });
    }
  }
  return states;
}

/** A fraction of integers that no double holds, to 30 digits behind the point. */
function ratio(numerator: bigint, denominator: bigint): number {
  const digits = 10n ** 30n;
  return Number((numerator * digits) / denominator) / 1e30;
}
