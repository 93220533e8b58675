// Bounds of the definition (see ../README.md). Beyond them the program exits instead of computing something else.

/** Bytes of the dataset: leaves half of the 128 MiB of memory to the tables. */
export const MAX_DATASET_BYTES: i32 = 64 << 20;
export const MAX_PARAMS_BYTES: i32 = 64 << 10;
/** Lift is compared by products of three counts: (10^6)^3 = 10^18 < 2^63. */
export const MAX_LINES: i32 = 1_000_000;
/** Totals stay exact for readers that keep JSON numbers as doubles: 2^53 - 1. */
export const MAX_TOTAL_PENCE: i64 = 9_007_199_254_740_991;

export const EXIT_BAD_PARAMS: u32 = 2;
export const EXIT_BAD_DATASET: u32 = 3;
export const EXIT_BEYOND_BOUNDS: u32 = 4;
export const EXIT_WRITE_FAILED: u32 = 5;
