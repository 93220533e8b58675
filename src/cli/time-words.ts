/** Unix seconds as people and programs read them; what is beyond the calendar stays a number. */
export function timeWords(seconds: bigint | number): string {
  const ms = Number(seconds) * 1000;
  return Math.abs(ms) > 8.64e15 ? String(seconds) : new Date(ms).toISOString().replace(".000Z", "Z");
}
