import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { type Hex, hexToBytes } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import { isShopKey, type ShopKey } from "./shop-key.ts";
import { agreeOn, exchangeKeyOf, generateExchangeKey } from "./x25519.ts";

const KEY_BYTES = 32;
const TAG_BYTES = 16;

/**
 * Seals something, such as where a parcel goes, so that only one shop can read it. A box is 32 bytes of a key made for it
 * alone, the ciphertext, and 16 bytes of tag: X25519, HKDF-SHA256, AES-256-GCM, each of which a browser has too.
 *
 * It is sealed to the X25519 form of the shop's Ed25519 key: that is the key the chain names, so nobody can put another in
 * its place, and nothing else has to be published, rotated or revoked. The two uses do not meet: what is hashed for a
 * signature and what is derived here are told apart by their prefixes.
 * @param recipient the shop's key as the Hub has it
 * @param context what it belongs to, for instance a deal's id; it opens under the same alone
 * @throws HANSE_SEALED_BOX_INVALID where the recipient is no key
 */
export function seal(recipient: Hex, plaintext: Uint8Array, context: string): Uint8Array {
  if (!isShopKey(recipient)) throw invalid("the recipient's key is none that can be sealed to");
  const recipientKey = exchangeKeyOf(hexToBytes(recipient));
  const own = generateExchangeKey();
  const { key, nonce } = derive(agreeOn(own.privateKey, recipientKey), own.publicKey, recipient);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context, "utf8"));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Uint8Array.from(Buffer.concat([own.publicKey, ciphertext, cipher.getAuthTag()]));
}

/**
 * Opens what was sealed to this key.
 * @throws HANSE_SEALED_BOX_INVALID where it was sealed to another, for another context, or changed
 */
export function open(key: ShopKey, box: Uint8Array, context: string): Uint8Array {
  if (box.length < KEY_BYTES + TAG_BYTES) throw invalid("it is too short");
  const theirs = box.subarray(0, KEY_BYTES);
  try {
    const derived = derive(key.agree(theirs), theirs, key.publicKey);
    const decipher = createDecipheriv("aes-256-gcm", derived.key, derived.nonce)
      .setAAD(Buffer.from(context, "utf8"))
      .setAuthTag(box.subarray(-TAG_BYTES));
    return Uint8Array.from(
      Buffer.concat([decipher.update(box.subarray(KEY_BYTES, -TAG_BYTES)), decipher.final()]),
    );
  } catch (error) {
    throw invalid("it was sealed to another key, for something else, or was changed", error);
  }
}

/** The nonce may be derived as the key is: no key is used twice. */
function derive(shared: Uint8Array, ephemeral: Uint8Array, recipient: Hex) {
  const salt = Buffer.concat([ephemeral, hexToBytes(recipient)]);
  const bytes = Buffer.from(hkdfSync("sha256", shared, salt, "hanse sealed box 1", 44));
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) };
}

function invalid(reason: string, cause?: unknown): HanseError {
  return new HanseError(
    "HANSE_SEALED_BOX_INVALID",
    `The sealed box is not good: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
