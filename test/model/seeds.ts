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
  { seed: 402, steps: 150, why: "a seal of zero blocked its task" },
  { seed: 406, steps: 50, why: "a jury of too little trust was asked for its seats first" },
];
