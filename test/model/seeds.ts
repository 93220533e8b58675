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
  { seed: 1, steps: 50, why: "the cap of a requester that sponsored itself was neither asked nor counted" },
  { seed: 12, steps: 300, why: "a missing sponsorship was told before what was wrong with the request" },
];
