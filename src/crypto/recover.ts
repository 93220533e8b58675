import secp256k1 from "secp256k1";
import { type Address, bytesToHex, getAddress, type Hex, hexToBytes, keccak256, slice } from "viem";

/** Half the order of the curve: a higher s is the malleable twin of a signature, refused on chain too. */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/**
 * Who signed a digest: 65 bytes r‖s‖v with v in {27, 28}, or 64 by EIP-2098, exactly what the Clerk takes.
 * @returns undefined for anything else; never throws on a bad signature
 */
export function recoverSigner(digest: Hex, signature: Hex): Address | undefined {
  const bytes = hexToBytes(signature);
  const parts = bytes.length === 65 ? fromFull(bytes) : bytes.length === 64 ? fromCompact(bytes) : undefined;
  if (parts === undefined) return undefined;
  if (BigInt(bytesToHex(parts.rs.subarray(32))) > HALF_ORDER) return undefined;
  try {
    const key = secp256k1.ecdsaRecover(parts.rs, parts.recovery, hexToBytes(digest), false);
    return getAddress(slice(keccak256(key.subarray(1)), 12));
  } catch {
    // r or s out of range, or no point on the curve: nobody signed this.
    return undefined;
  }
}

interface Parts {
  readonly rs: Uint8Array;
  readonly recovery: number;
}

function fromFull(bytes: Uint8Array): Parts | undefined {
  const v = bytes[64];
  return v === 27 || v === 28 ? { rs: bytes.subarray(0, 64), recovery: v - 27 } : undefined;
}

function fromCompact(bytes: Uint8Array): Parts {
  const rs = Uint8Array.from(bytes);
  const high = rs[32] ?? 0;
  rs[32] = high & 0x7f;
  return { rs, recovery: high >> 7 };
}
