import { formatUnits } from "viem";

export const HANSE_DECIMALS = 9;
/** Everything there is, in nano-HANSE; any amount fits 64 bits. */
export const SUPPLY_NANO = 87_000_000n * 10n ** 9n;

/**
 * Reads an amount of HANSE such as `12.5` exactly.
 * @returns nano-HANSE, or undefined when it is no such amount, finer than nine decimals, or beyond the supply.
 */
export function parseHanse(text: string): bigint | undefined {
  const parts = /^(\d{1,8})(?:\.(\d{1,9}))?$/.exec(text);
  if (parts === null) return undefined;
  const nano = BigInt(parts[1] ?? "") * 10n ** 9n + BigInt((parts[2] ?? "").padEnd(9, "0"));
  return nano <= SUPPLY_NANO ? nano : undefined;
}

/** An amount in nano-HANSE as people read it: `12.5`. */
export function formatHanse(nano: bigint): string {
  return formatUnits(nano, HANSE_DECIMALS);
}

/** With the unit. */
export function inHanse(nano: bigint): string {
  return `${formatHanse(nano)} HANSE`;
}
