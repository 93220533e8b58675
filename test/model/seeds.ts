import type { Avoided } from "./history/world.ts";

interface History {
  readonly seed: number;
  /** Transactions after the opening. */
  readonly steps: number;
}

const range = (from: number, count: number, steps: number): History[] =>
  Array.from({ length: count }, (_, i) => ({ seed: from + i, steps }));

/** Played at every test run. */
export const BOUNDED: readonly History[] = range(1, 6, 350);

/** Played by `hanse test --deep`: many short histories, and a few long ones in which scores get high. */
export const DEEP: readonly History[] = [...range(100, 40, 500), ...range(200, 4, 3_000)];

/** Where model and contracts once differed, and must not again. */
export const KEPT: ReadonlyArray<History & { readonly why: string }> = [
  { seed: 10, steps: 300, why: "a committed seal of zero kept its task from ever being finalized" },
];

/** Where interface and contracts are known to differ. `why` says which of them is taken to be wrong. */
export const OPEN: ReadonlyArray<History & { readonly only: Avoided; readonly why: string }> = [
  {
    ...{ seed: 1, steps: 50, only: "own-sponsor" },
    why: "the cap of a requester that sponsors itself is neither asked nor counted by the Clerk",
  },
  {
    ...{ seed: 12, steps: 300, only: "missing-sponsorship" },
    why: "the Clerk tells of a missing sponsorship before what is wrong with the request itself",
  },
];

/** Left out of histories until what is open is decided. */
export const AVOIDED: readonly Avoided[] = [
  ...OPEN.map(({ only }) => only),
  // A key that signed the pool's order of an account that buys from itself is asked for the price too.
  "pool-operator-of-payer",
];
