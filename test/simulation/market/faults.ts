import { Random } from "../../model/history/random.ts";

/** What may go wrong, in chances of 1,000 for each occasion. */
export interface FaultRates {
  /** A request to the node fails, or is limited. */
  readonly rpc: number;
  /** A message is lost, before it was taken or after. */
  readonly lost: number;
  /** A message comes late, and so after others. */
  readonly late: number;
  /** A message comes twice, the second time late. */
  readonly doubled: number;
  /** The database takes its time. */
  readonly slow: number;
  /** A connection to the database breaks. */
  readonly broken: number;
}

const NONE: FaultRates = { rpc: 0, lost: 0, late: 0, doubled: 0, slow: 0, broken: 0 };

/** Everything that goes wrong, decided by the seed. */
export interface Faults {
  readonly random: Random;
  /** Whether this one happens now. */
  now(fault: keyof FaultRates): boolean;
  /** How often each one happened. */
  readonly tally: Readonly<Record<keyof FaultRates, number>>;
  /** Nothing goes wrong any more. */
  stop(): void;
  readonly stopped: boolean;
}

/** Each seed has a weather of its own: some have one sort of fault only, some all at once. */
export function createFaults(seed: number): Faults {
  const random = new Random(seed);
  const strength = () =>
    random.weighted([
      [3, 0],
      [4, 1],
      [2, 3],
    ] as const);
  let rates: FaultRates = {
    rpc: 8 * strength(),
    lost: 15 * strength(),
    late: 30 * strength(),
    doubled: 30 * strength(),
    slow: 8 * strength(),
    broken: strength(),
  };
  // Of its own, so that what the world does does not depend on how often it was asked.
  const dice = new Random(seed ^ 0x5eed);
  const tally: Record<keyof FaultRates, number> = { ...NONE };
  return {
    ...{ random, tally },
    now: (fault) => {
      const happens = rates[fault] > 0 && dice.below(1_000) < rates[fault];
      if (happens) tally[fault]++;
      return happens;
    },
    stop: () => {
      rates = NONE;
    },
    get stopped() {
      return rates === NONE;
    },
  };
}
