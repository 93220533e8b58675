import { type Hex, hexToBigInt, numberToHex, zeroHash } from "viem";

/** What a pool may offer and an order may need, one bit each. Bits without a name are refused by nobody: they just match. */
export const TAG_BITS = { enclave: 0, gpu: 1, network: 2, container: 3 } as const;
export type Tag = keyof typeof TAG_BITS;

export const NO_TAGS: Hex = zeroHash;

export function tagsToHex(tags: readonly Tag[]): Hex {
  return numberToHex(
    tags.reduce((bits, tag) => bits | (1n << BigInt(TAG_BITS[tag])), 0n),
    { size: 32 },
  );
}

/** The tags that are needed and not offered; undefined when all are. */
export function missingTags(needed: readonly Hex[], offered: Hex): Hex | undefined {
  const missing = needed.reduce((bits, tag) => bits | hexToBigInt(tag), 0n) & ~hexToBigInt(offered);
  return missing === 0n ? undefined : numberToHex(missing, { size: 32 });
}
