import type { Temper } from "./history/world.ts";
import type { Rules } from "./rules.ts";

/** Another law than the contracts', and a history in which it makes a difference. */
export interface Fault {
  readonly name: string;
  readonly rules: Partial<Rules>;
  readonly temper?: Partial<Temper>;
  readonly seed: number;
  readonly steps: number;
}

/** In which workers' scores get high soon. */
const CALM: Partial<Temper> = { liars: 0, absent: 0, disputes: 0, enclaves: 0, work: 1_800, strayed: 1 };
/** In which jurors quarrel. */
const DISPUTED: Partial<Temper> = { liars: 30, absent: 8, disputes: 100, odd: 0, work: 1_800, strayed: 5 };
/** In which enclaves, and what speaks for them, are asked more than anybody. */
const ATTESTED: Partial<Temper> = { liars: 12, disputes: 0, enclaves: 100, odd: 0, work: 1_800, strayed: 5 };

export const FAULTS: readonly Fault[] = [
  {
    name: "rewards by weight instead of its log2",
    rules: { rewardShare: (w) => w },
    temper: CALM,
    // Long enough for scores, and with them weights, to differ.
    seed: 4,
    steps: 1_000,
  },
  { name: "a fine of 4 % instead of 5", rules: { finePercent: 4n }, seed: 1, steps: 300 },
  { name: "two points for a right answer", rules: { scoreGain: 2 }, seed: 1, steps: 50 },
  { name: "forfeits go to the treasury at once", rules: { forfeitsStay: false }, seed: 1, steps: 150 },
  { name: "a slash is shared beyond the fines", rules: { slashBoundByFines: false }, seed: 1, steps: 300 },
  { name: "each order has a volume of its own", rules: { saltsShared: false }, seed: 1, steps: 50 },
  { name: "the grace is one block shorter", rules: { graceBlocks: 9n }, seed: 1, steps: 200 },
  { name: "four misses to lose a seat", rules: { missesToLoseSeat: 4 }, seed: 3, steps: 150 },
  // Tokens.
  { name: "a permit is good twice", rules: { permitsOnce: false }, seed: 3, steps: 300 },
  { name: "anybody takes the surplus", rules: { surplusIsGovernances: false }, seed: 1, steps: 200 },
  { name: "anybody tells of approvals", rules: { approvalsFromToken: false }, seed: 1, steps: 100 },
  // Enclaves.
  { name: "attested after seals", rules: { attestedAfterSeals: true }, seed: 9, steps: 150 },
  { name: "failures are attested at any trust", rules: { failuresAttested: true }, seed: 1, steps: 200 },
  { name: "attested by anybody", rules: { attestersUnasked: true }, seed: 1, steps: 350 },
  { name: "any program is the app", rules: { measurementsIgnored: true }, seed: 12, steps: 200 },
  {
    name: "certificates last longer",
    rules: { certificateGraceSeconds: 3n },
    temper: ATTESTED,
    seed: 1,
    steps: 350,
  },
  {
    name: "where attesters are named, it can be won",
    rules: { attestersMayWin: true },
    temper: ATTESTED,
    seed: 1,
    steps: 350,
  },
  // Juries.
  { name: "a jury of nobody", rules: { juryTrustFloor: 0 }, seed: 3, steps: 100 },
  { name: "a block more to reveal in", rules: { revealBlocks: (round) => round + 1n }, seed: 2, steps: 400 },
  { name: "no time to reveal", rules: { juryGraceBlocks: () => 10n }, seed: 2, steps: 350 },
  { name: "a seal revealed twice is two votes", rules: { revealedOnce: false }, seed: 3, steps: 300 },
  {
    name: "half the votes rule",
    rules: { isMajority: (votes, drawn) => votes * 2 >= drawn },
    seed: 3,
    steps: 300,
  },
  {
    name: "jurors lose 9 % instead of 10",
    rules: { jurorSlashPercent: 9n },
    temper: DISPUTED,
    seed: 1,
    steps: 400,
  },
  {
    name: "jurors owe more than the price",
    rules: { jurorsOweThePrice: false },
    temper: { ...DISPUTED, cheap: 90 },
    seed: 1,
    steps: 350,
  },
  {
    name: "silent jurors are not fined",
    rules: { silenceIsMissed: false },
    temper: DISPUTED,
    seed: 1,
    steps: 350,
  },
];
