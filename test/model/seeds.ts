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
  { seed: 1, steps: 150, why: "a requester's own cap was not asked, and a seal of zero blocked its task" },
  { seed: 16, steps: 250, why: "a missing sponsorship was told before what was wrong with the request" },
  { seed: 108, steps: 100, why: "the terms of dataset and pool were asked in the order of the legs" },
];
