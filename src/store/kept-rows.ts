import type { TableVersions } from "./table-versions.ts";

export interface KeptRowsOptions<Value> {
  /** Whatever is read for a value. */
  readonly tables: readonly string[];
  readonly load: (key: string) => Promise<Value>;
  /** For how long (milliseconds) what another process writes may be overlooked; 1 s unless told. */
  readonly freshMs?: number;
  /** How many are kept at most; 10,000 unless told. */
  readonly most?: number;
}

/**
 * What requests ask of the database again and again, kept in memory for as long as it is so: whatever this process
 * commits to the tables it is read from counts from the next call on. An answer that was under way meanwhile is not kept.
 */
export function createKeptRows<Value>(
  versions: TableVersions,
  { tables, load, freshMs = 1_000, most = 10_000 }: KeptRowsOptions<Value>,
): (key: string) => Promise<Value> {
  const kept = new Map<
    string,
    { readonly version: number; readonly at: number; readonly value: Promise<Value> }
  >();
  return (key) => {
    const version = versions.of(tables);
    const now = performance.now();
    const known = kept.get(key);
    if (known !== undefined && known.version === version && now - known.at < freshMs) return known.value;
    const value = load(key);
    if (kept.size >= most) kept.clear();
    kept.set(key, { version, at: now, value });
    // What failed is asked again.
    value.catch(() => {
      if (kept.get(key)?.value === value) kept.delete(key);
    });
    return value;
  };
}
