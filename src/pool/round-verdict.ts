import type { Hex } from "viem";
import { confidenceReached, placesReached, weight } from "#src/protocol/confidence.ts";
import { isSealOf } from "#src/protocol/contributions.ts";
import type { ScoredSeal } from "#src/protocol/verdict.ts";

/** A digest that was disclosed for a round. */
export interface RoundDigest {
  readonly round: number;
  readonly digest: Hex;
}

/** A task whose running round has closed, as it stands. */
export interface ClosedRound {
  readonly trust: number;
  /** Places drawn in all rounds so far. */
  readonly drawn: number;
  readonly seals: readonly ScoredSeal[];
  readonly digests: readonly RoundDigest[];
}

/** What a closed round calls for. */
export type RoundVerdict =
  /** Not enough is disclosed to tell. */
  | { readonly type: "wait" }
  /** The result behind these may be sure enough, the likeliest first: ask who sealed them for it. */
  | { readonly type: "reveal"; readonly digests: readonly RoundDigest[] }
  /** No result can be sure enough: more workers have to be drawn. */
  | { readonly type: "extend" };

interface Group {
  readonly digest: Hex | undefined;
  readonly seals: readonly ScoredSeal[];
  readonly product: bigint;
}

/**
 * Reads a closed round. One disclosed digest tells every seal of its round that matches it, whether or not its worker
 * disclosed. Digests of different rounds cannot be told to be of the same result before that is known, so the other
 * rounds are taken at their best for each candidate: with one round the answer is exact, with more a `reveal` may turn
 * out too hopeful. That is harmless, for a worker checks with its own result before it reveals anything.
 */
export function roundVerdict(task: ClosedRound): RoundVerdict {
  const rounds = groupByRound(task);
  const candidates: { readonly digest: RoundDigest; readonly group: Group }[] = [];
  for (const [round, groups] of rounds) {
    for (const group of groups) {
      if (group.digest === undefined) continue;
      const chosen = [...rounds].map(([other, there]) => (other === round ? [group] : there));
      if (hopeful(task, chosen)) candidates.push({ digest: { round, digest: group.digest }, group });
    }
  }
  if (candidates.length > 0) {
    candidates.sort((a, b) => b.group.seals.length - a.group.seals.length);
    return { type: "reveal", digests: candidates.map(({ digest }) => digest) };
  }
  const unexplained = [...rounds.values()].some((groups) =>
    groups.some(({ digest }) => digest === undefined),
  );
  return unexplained ? { type: "wait" } : { type: "extend" };
}

/** The seals of a closed round by what is known of them. */
export interface SealsTold {
  readonly agreeing: readonly ScoredSeal[];
  readonly differing: readonly ScoredSeal[];
  /** Nobody disclosed what is in them. */
  readonly untold: readonly ScoredSeal[];
}

/** Takes the largest group of each round for one result's, as `roundVerdict` hopes. */
export function sealsTold(task: ClosedRound): SealsTold {
  const told: Record<keyof SealsTold, ScoredSeal[]> = { agreeing: [], differing: [], untold: [] };
  for (const groups of groupByRound(task).values()) {
    const [first, ...others] = groups
      .filter(({ digest }) => digest !== undefined)
      .sort((a, b) => b.seals.length - a.seals.length);
    told.agreeing.push(...(first?.seals ?? []));
    told.differing.push(...others.flatMap(({ seals }) => seals));
    told.untold.push(...groups.flatMap(({ digest, seals }) => (digest === undefined ? seals : [])));
  }
  return told;
}

/** The seals of each round by the digest that explains them; those that none explains are one group of their own. */
function groupByRound({ seals, digests }: ClosedRound): Map<number, Group[]> {
  const rounds = new Map<number, Group[]>();
  for (const round of new Set(seals.map((seal) => seal.round))) {
    let left = seals.filter((seal) => seal.round === round);
    const groups: Group[] = [];
    for (const digest of new Set(digests.filter((each) => each.round === round).map((each) => each.digest))) {
      const matching = left.filter((seal) => isSealOf(seal, digest));
      left = left.filter((seal) => !matching.includes(seal));
      if (matching.length > 0) groups.push(groupOf(digest, matching));
    }
    if (left.length > 0) groups.push(groupOf(undefined, left));
    rounds.set(round, groups);
  }
  return rounds;
}

function groupOf(digest: Hex | undefined, seals: readonly ScoredSeal[]): Group {
  return { digest, seals, product: seals.reduce((sum, { score }) => sum * weight(score), 1n) };
}

/** Whether a result could be sure enough that owns one of these groups in each round. */
function hopeful({ trust, drawn, seals }: ClosedRound, rounds: readonly (readonly Group[])[]): boolean {
  // The heaviest group and the largest may be different ones: each bound is taken at its best.
  const heaviest = rounds.flatMap((groups) => groups.toSorted(byProduct)[0]?.seals ?? []);
  const count = rounds.reduce(
    (sum, groups) => sum + Math.max(0, ...groups.map((group) => group.seals.length)),
    0,
  );
  const others = seals.filter((seal) => !heaviest.includes(seal));
  return (
    placesReached(count, drawn) &&
    confidenceReached(
      trust,
      heaviest.map(({ score }) => weight(score)),
      others.map(({ score }) => weight(score)),
    )
  );
}

function byProduct(a: Group, b: Group): number {
  return a.product === b.product ? b.seals.length - a.seals.length : a.product < b.product ? 1 : -1;
}
