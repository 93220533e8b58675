/** Unix seconds as people and programs read them; what is beyond the calendar stays a number. */
export function timeWords(seconds: bigint | number): string {
  const ms = Number(seconds) * 1000;
  return Math.abs(ms) > 8.64e15 ? String(seconds) : new Date(ms).toISOString().replace(".000Z", "Z");
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
] as const;

/** A length of time as people type it, in the largest unit that tells it exactly: `3d`, `90m`. */
export function durationWords(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds > 0 && seconds % each === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}
