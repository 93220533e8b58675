/** What the law says in numbers and formulas: everything that a planted fault can change. Amounts are nano-HANSE. */
export interface Rules {
  readonly seedDelay: bigint;
  readonly graceBlocks: bigint;
  readonly unbondingBlocks: bigint;
  readonly maxPlaces: number;
  readonly maxTrust: number;
  readonly poolStakePercent: bigint;
  readonly failureFeePercent: bigint;
  readonly finePercent: bigint;
  readonly payerSlashPercent: bigint;
  readonly missesToLoseSeat: number;
  readonly scoreFloor: bigint;
  readonly scoreMatching: number;
  readonly scoreGain: number;
  /** What a wrong answer leaves of a score. */
  readonly scoreAfterWrong: (score: number) => number;
  /** A right worker's part of the reward, by its weight. */
  readonly rewardShare: (weight: bigint) => bigint;
  /** Whether what a wrong seat does not owe yet stays in the seat; else it goes to the treasury at once. */
  readonly forfeitsStay: boolean;
  /** Whether what payer and workers get of a slash is bounded by the fines. */
  readonly slashBoundByFines: boolean;
  /** Whether orders with the same salt share a volume. */
  readonly saltsShared: boolean;
}

export const RULES: Rules = {
  seedDelay: 1n,
  graceBlocks: 10n,
  unbondingBlocks: 120_960n,
  maxPlaces: 64,
  maxTrust: 1_000_000,
  poolStakePercent: 30n,
  failureFeePercent: 10n,
  finePercent: 5n,
  payerSlashPercent: 10n,
  missesToLoseSeat: 3,
  scoreFloor: 1_000_000n,
  scoreMatching: 2,
  scoreGain: 1,
  scoreAfterWrong: (score) => score - Math.ceil(score / 3),
  rewardShare: (weight) => BigInt(weight.toString(2).length - 1),
  forfeitsStay: true,
  slashBoundByFines: true,
  saltsShared: true,
};
