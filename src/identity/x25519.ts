import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { edwardsY, FIELD } from "./weak-keys.ts";

// What stands before 32 bytes in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410).
const PRIVATE_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/**
 * The X25519 key that belongs to an Ed25519 seed: both hash the seed to the same scalar (RFC 8032, 5.1.5), which X25519
 * clamps as Ed25519 does.
 */
export function exchangeKeyOfSeed(seed: Uint8Array): KeyObject {
  const scalar = createHash("sha512").update(seed).digest().subarray(0, 32);
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, scalar]), format: "der", type: "pkcs8" });
}

/** The X25519 public key (32 bytes) of an Ed25519 one: the same point on the curve's other form, u = (1 + y) / (1 − y). */
export function exchangeKeyOf(publicKey: Uint8Array): Uint8Array {
  const y = edwardsY(publicKey);
  const u = modulo((1n + y) * inverse(modulo(1n - y)));
  return Uint8Array.from(Buffer.from(u.toString(16).padStart(64, "0"), "hex")).reverse();
}

/** A key for one message. */
export function generateExchangeKey(): { readonly privateKey: KeyObject; readonly publicKey: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  const spki = publicKey.export({ format: "der", type: "spki" });
  return { privateKey, publicKey: Uint8Array.from(spki.subarray(-32)) };
}

/**
 * X25519 (RFC 7748).
 * @throws for points of small order, with which everybody agrees on zero
 */
export function agreeOn(ours: KeyObject, theirs: Uint8Array): Uint8Array {
  const publicKey = createPublicKey({
    key: Buffer.concat([PUBLIC_PREFIX, theirs]),
    format: "der",
    type: "spki",
  });
  return Uint8Array.from(diffieHellman({ privateKey: ours, publicKey }));
}

function modulo(value: bigint): bigint {
  const rest = value % FIELD;
  return rest < 0n ? rest + FIELD : rest;
}

/** By Fermat: value^(p − 2). */
function inverse(value: bigint): bigint {
  let [result, base, exponent] = [1n, value, FIELD - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = modulo(result * base);
    base = modulo(base * base);
  }
  return result;
}
