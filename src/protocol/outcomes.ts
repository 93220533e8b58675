/**
 * Why a task ended as it did, by the number in a result: part of what workers agree on. 0 is success; the others are
 * certified failures, and the same for everybody who computes the task.
 */
export const OUTCOMES = [
  "success",
  "missing-input",
  "trap",
  "time-limit",
  "memory-limit",
  "output-limit",
  "invalid-module",
  "non-zero-exit",
] as const;
