import { type Hex, hexToBytes } from "viem";

/** The field of Curve25519: 2^255 − 19. */
export const FIELD = 2n ** 255n - 19n;

/** y of the points of order 8 but for their signs (RFC 7748's curve in Edwards form). */
const ORDER_EIGHT = [
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
];

/**
 * Keys of small order: signatures that anybody can make are good under them, for any message. Also keys written in another
 * way than the one (y not below the field's size), which would let one key have two names.
 */
export function isWeakKey(publicKey: Hex): boolean {
  const y = edwardsY(hexToBytes(publicKey));
  return y >= FIELD || y === 0n || y === 1n || y === FIELD - 1n || ORDER_EIGHT.includes(y);
}

/** The point's y: little-endian, without the sign of x in the highest bit. */
export function edwardsY(publicKey: Uint8Array): bigint {
  const reversed = Uint8Array.from(publicKey).reverse();
  reversed[0] = (reversed[0] ?? 0) & 0x7f;
  return BigInt(`0x${Buffer.from(reversed).toString("hex")}`);
}
