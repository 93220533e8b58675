import { confidenceReached, placesAfter, placesReached, product } from "./confidence.ts";
import { MAX_PLACES } from "./panel-parameters.ts";

/** A replicated task under way, as far as it can be told what its seals hold. Weights are those of `Confidence`. */
export interface Replication {
  readonly trust: number;
  /** The running round, from 1. */
  readonly round: number;
  /** Weights of the seats whose seals are known to agree on the likeliest result. */
  readonly agreeing: readonly bigint[];
  /** Weights of the seats whose seals are known to differ from it. */
  readonly differing: readonly bigint[];
  /** Weights of the seats that sealed something not disclosed yet. */
  readonly sealed: readonly bigint[];
  /** Weights of the seats that were drawn and have time to answer. */
  readonly awaited: readonly bigint[];
  /** Places whose time went by. */
  readonly missed: number;
}

/** How workers of a pool have answered so far: the chances of one more place. The rest to 1 is a place missed. */
export interface AnswerOdds {
  readonly right: number;
  readonly wrong: number;
}

/** What it takes to be sure. */
export interface SealsNeeded {
  /** The first round by whose end it is possible, from the running one. */
  readonly round: number;
  /** Seals that still have to be found to agree by then, beside those known to, the heaviest seats first. */
  readonly seals: number;
}

/** In how many rounds a task ends. */
export interface RoundsForecast {
  /** Chance that a task ends by its result within the places it can have. */
  readonly certain: number;
  /** Chance that it ends in the running round. */
  readonly thisRound: number;
  /** Mean number of rounds of the tasks that end, all rounds counted. */
  readonly rounds: number;
}

/** What a fresh worker weighs; whoever is drawn later is taken for one. */
const FRESH = 2n;

/** Paths rarer than this are left out: together they are far below what the odds themselves are worth. */
const NEGLIGIBLE = 1e-7;

/** Counts stand for weights: 2^224 in all, as on chain, still fits a double. */
const LOG_SATURATION = 224;

/**
 * How many more seals have to agree at the least, if nobody errs from now on. Exact: the arithmetic is that of `isSure`.
 * @returns undefined when no round that the task can have would do
 */
export function sealsNeeded(task: Replication): SealsNeeded | undefined {
  const { trust, agreeing, differing } = task;
  const candidates = [...task.sealed, ...task.awaited].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  const drawnNow = agreeing.length + differing.length + candidates.length + task.missed;
  for (let round = task.round, drawn = drawnNow; ; round++) {
    const coming = Array.from({ length: Math.max(drawn - drawnNow, 0) }, () => FRESH);
    const possible = [...candidates, ...coming];
    for (let seals = 0; seals <= possible.length; seals++) {
      const matching = [...agreeing, ...possible.slice(0, seals)];
      if (!placesReached(matching.length, drawn)) continue;
      if (confidenceReached(trust, matching, differing)) return { round, seals };
    }
    if (placesAfter(trust, round) >= MAX_PLACES) return undefined;
    drawn = Math.max(drawnNow, placesAfter(trust, round + 1));
  }
}

/**
 * How many rounds a task will probably take. Each place answers by itself, by the odds of its pool; those who err all find
 * the same wrong result, which is the worst case; seats that cannot be told apart yet count with their mean weight.
 */
export function forecastRounds(task: Replication, odds: AnswerOdds): RoundsForecast {
  const { trust } = task;
  const told = { right: log2(product(task.agreeing)), wrong: log2(product(task.differing)) };
  const unsure = [...task.sealed, ...task.awaited];
  const mean = unsure.length === 0 ? 1 : log2(product(unsure)) / unsure.length;
  // Whoever sealed is not absent any more.
  const answered = odds.right + odds.wrong;
  const sealedOdds = answered === 0 ? { right: 1, wrong: 0 } : scale(odds, 1 / answered);

  let paths: Path[] = [
    {
      chance: 1,
      right: { count: task.agreeing.length, log: told.right },
      wrong: { count: task.differing.length, log: told.wrong },
      drawn: task.agreeing.length + task.differing.length + task.missed,
    },
  ];
  paths = spread(paths, task.sealed.length, sealedOdds, mean);
  paths = spread(paths, task.awaited.length, odds, mean);

  let [certain, rounds, thisRound] = [0, 0, 0];
  for (let round = task.round; ; round++) {
    const ended = paths.filter((path) => isSurePath(trust, path));
    const chance = ended.reduce((sum, path) => sum + path.chance, 0);
    certain += chance;
    rounds += chance * round;
    if (round === task.round) thisRound = chance;
    paths = paths.filter((path) => !ended.includes(path));
    const more = placesAfter(trust, round + 1) - placesAfter(trust, round);
    if (more <= 0 || paths.length === 0) break;
    paths = spread(paths, more, odds, 1);
  }
  return {
    certain: Math.min(certain, 1),
    thisRound: Math.min(thisRound, 1),
    rounds: certain === 0 ? 0 : rounds / certain,
  };
}

interface Group {
  readonly count: number;
  /** Binary logarithm of the product of the weights. */
  readonly log: number;
}

interface Path {
  readonly chance: number;
  readonly right: Group;
  readonly wrong: Group;
  readonly drawn: number;
}

/** Lets `places` more answer, each rightly, wrongly or not at all; paths that come to the same become one. */
function spread(paths: readonly Path[], places: number, odds: AnswerOdds, weightLog: number): Path[] {
  if (places === 0) return [...paths];
  const outcomes = trinomial(places, odds);
  const found = new Map<string, Path>();
  for (const path of paths) {
    for (const { right, wrong, chance } of outcomes) {
      const next = {
        chance: path.chance * chance,
        right: more(path.right, right, weightLog),
        wrong: more(path.wrong, wrong, weightLog),
        drawn: path.drawn + places,
      };
      if (next.chance < NEGLIGIBLE) continue;
      const key = `${next.right.count}:${next.wrong.count}:${next.right.log.toFixed(6)}:${next.wrong.log.toFixed(6)}`;
      const known = found.get(key);
      found.set(key, known === undefined ? next : { ...next, chance: known.chance + next.chance });
    }
  }
  return [...found.values()];
}

function more({ count, log }: Group, added: number, weightLog: number): Group {
  return { count: count + added, log: Math.min(log + added * weightLog, LOG_SATURATION) };
}

function trinomial(places: number, odds: AnswerOdds): { right: number; wrong: number; chance: number }[] {
  const missed = Math.max(1 - odds.right - odds.wrong, 0);
  const outcomes = [];
  for (let right = 0; right <= places; right++) {
    for (let wrong = 0; right + wrong <= places; wrong++) {
      const silent = places - right - wrong;
      const ways = choose(places, right) * choose(places - right, wrong);
      const chance = ways * odds.right ** right * odds.wrong ** wrong * missed ** silent;
      if (chance >= NEGLIGIBLE) outcomes.push({ right, wrong, chance });
    }
  }
  return outcomes;
}

/** At most 2^64 of them, and only their share of a chance is wanted: a double does. */
function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}

function isSurePath(trust: number, { right, wrong, drawn }: Path): boolean {
  if (right.count === 0 || !placesReached(right.count, drawn)) return false;
  const group = 2 ** right.log;
  const hostile = wrong.count === 0 ? 0 : 2 ** wrong.log;
  return group * trust > (1 + group + hostile) * Math.max(trust - 1, 0);
}

function scale({ right, wrong }: AnswerOdds, by: number): AnswerOdds {
  return { right: right * by, wrong: wrong * by };
}

function log2(weights: bigint): number {
  return Math.log2(Number(weights));
}
