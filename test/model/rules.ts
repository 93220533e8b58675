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
  /** Whether a signed approval is good once only. */
  readonly permitsOnce: boolean;
  /** Whether what somebody sent to the Clerk is governance's alone to take. */
  readonly surplusIsGovernances: boolean;
  /** Whether a deposit by approval is the token's alone to tell of. */
  readonly approvalsFromToken: boolean;
  readonly attestedAfterSeals: boolean;
  /** Whether failures are attested above trust 1. */
  readonly failuresAttested: boolean;
  readonly attestersUnasked: boolean;
  readonly measurementsIgnored: boolean;
  /** How much longer than it says a certificate counts. */
  readonly certificateGraceSeconds: bigint;
  /** Whether stakes and scores are to be won where the request names attesters. */
  readonly attestersMayWin: boolean;
  readonly juryTrustFloor: number;
  /** How long the seals of a round may be revealed, by how long they could be committed. */
  readonly revealBlocks: (roundBlocks: bigint) => bigint;
  readonly juryGraceBlocks: (roundBlocks: bigint) => bigint;
  readonly revealedOnce: boolean;
  /** Whether so many votes of all places are a ruling. */
  readonly isMajority: (votes: number, drawn: number) => boolean;
  /** What a juror loses who did not give the ruling. */
  readonly jurorSlashPercent: bigint;
  /** Whether those jurors owe the others no more than the pool is paid; the rest is the treasury's. */
  readonly jurorsOweThePrice: boolean;
  /** Whether, at a claim, a seal that was not revealed is a missed place. */
  readonly silenceIsMissed: boolean;
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
  permitsOnce: true,
  surplusIsGovernances: true,
  approvalsFromToken: true,
  attestedAfterSeals: false,
  failuresAttested: false,
  attestersUnasked: false,
  measurementsIgnored: false,
  certificateGraceSeconds: 0n,
  attestersMayWin: false,
  juryTrustFloor: 2,
  revealBlocks: (roundBlocks) => roundBlocks,
  juryGraceBlocks: (roundBlocks) => roundBlocks + 10n,
  revealedOnce: true,
  isMajority: (votes, drawn) => votes * 2 > drawn,
  jurorSlashPercent: 10n,
  jurorsOweThePrice: true,
  silenceIsMissed: true,
};
