/** For JSON.stringify: amounts travel as decimal strings, for a JSON number loses digits beyond 2^53. */
export function bigintReplacer(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** JSON.stringify that takes bigints. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value, bigintReplacer) ?? "null";
}
