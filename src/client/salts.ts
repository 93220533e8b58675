import { bytesToHex, type Hex, numberToHex } from "viem";

/**
 * Numbers for orders that are signed one after the other: eight that follow each other share a slot on chain, and all
 * but the first of them are filled for less gas. Begins anywhere, so that no two who count meet.
 */
export function createSalts(): () => Hex {
  const start = BigInt(bytesToHex(crypto.getRandomValues(new Uint8Array(32))));
  // From the first of eight. The top stays free, so that counting never ends at it.
  let next = (start >> 4n) << 3n;
  return () => numberToHex(next++, { size: 32 });
}
