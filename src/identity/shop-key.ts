import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { isWeakKey } from "./weak-keys.ts";
import { agreeOn, exchangeKeyOfSeed } from "./x25519.ts";

/** The key a shop signs with and is sealed to: Ed25519. */
export interface ShopKey {
  /** 32 bytes. */
  readonly publicKey: Hex;
  /** @returns 64 bytes, always the same for the same data */
  sign(data: Uint8Array): Uint8Array;
  /** What this key and another's X25519 key (32 bytes) have in common, by the exchange key that follows from the seed. */
  agree(exchangeKey: Uint8Array): Uint8Array;
}

/** A public key as a JSON Web Key (RFC 8037). */
export interface Jwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  /** base64url, 32 bytes. */
  readonly x: string;
  /** The thumbprint of RFC 7638: whoever has the key can compute its name. */
  readonly kid: string;
}

// What stands before 32 bytes in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410).
const PRIVATE_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** A new key. Whoever has the seed (32 bytes) is the shop: it belongs into a file that others cannot read. */
export function generateShopKey(): { readonly key: ShopKey; readonly seed: Hex } {
  const seed = bytesToHex(randomBytes(32));
  return { key: shopKeyFromSeed(seed), seed };
}

/** @throws RangeError where it is not 32 bytes; the message does not hold them */
export function shopKeyFromSeed(seed: Hex): ShopKey {
  const bytes = hexToBytes(seed);
  if (bytes.length !== 32) throw new RangeError("the seed of a shop's key has 32 bytes");
  const key = createPrivateKey({
    key: Buffer.concat([PRIVATE_PREFIX, bytes]),
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const exchangeKey = exchangeKeyOfSeed(bytes);
  return {
    publicKey: bytesToHex(spki.subarray(-32)),
    sign: (data) => new Uint8Array(sign(null, data, key)),
    agree: (theirs) => agreeOn(exchangeKey, theirs),
  };
}

export function publicJwk(publicKey: Hex): Jwk {
  const x = Buffer.from(hexToBytes(publicKey)).toString("base64url");
  const canonical = `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`;
  return { kty: "OKP", crv: "Ed25519", x, kid: createHash("sha256").update(canonical).digest("base64url") };
}

/** @returns undefined where it is not exactly 32 bytes, written the one way */
export function publicKeyFromBase64url(text: string): Hex | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.length === 32 && bytes.toString("base64url") === text ? bytesToHex(bytes) : undefined;
}

/** Can a key be a shop's? 32 bytes, and none of those under which anybody's signature is good. */
export function isShopKey(publicKey: Hex): boolean {
  return /^0x[0-9a-f]{64}$/i.test(publicKey) && !isWeakKey(publicKey);
}

/**
 * Did this key sign the data? Checked by a thread of the platform's pool, so that many requests at once use every core, and
 * hold nothing else up. Never rejects: what is no key has signed nothing.
 */
export async function verifySignature(
  publicKey: Hex,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const key = keyObjectOf(publicKey);
  if (key === undefined || signature.length !== 64) return false;
  return await new Promise((resolve) => {
    verify(null, data, key, signature, (error, good) => resolve(error === null && good));
  });
}

/** A public key as the platform has it; undefined where it can be no shop's. */
export function keyObjectOf(publicKey: Hex): KeyObject | undefined {
  const known = keyObjects.get(publicKey);
  if (known !== undefined) return known;
  if (!isShopKey(publicKey)) return undefined;
  const spki = Buffer.concat([PUBLIC_PREFIX, hexToBytes(publicKey)]);
  const made = createPublicKey({ key: spki, format: "der", type: "spki" });
  // Anybody can name a key: only so many are remembered.
  if (keyObjects.size >= MOST_KEY_OBJECTS) keyObjects.clear();
  keyObjects.set(publicKey, made);
  return made;
}

// Making one takes as long as checking a signature with it, and it says nothing of whose key it is.
const keyObjects = new Map<Hex, KeyObject>();
const MOST_KEY_OBJECTS = 1_000;
