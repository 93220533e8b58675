import fc from "fast-check";
import {
  type Hex,
  hexToBigInt,
  numberToHex,
  parseSignature,
  serializeCompactSignature,
  serializeSignature,
  signatureToCompactSignature,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { loadKeccak } from "#src/crypto/keccak.ts";
import { recoverSigner } from "#src/crypto/recover.ts";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const digest: Hex = `0x${"5a".repeat(32)}`;
const account = privateKeyToAccount(generatePrivateKey());
const signature = await account.sign({ hash: digest });

describe("recoverSigner", () => {
  it("refuses the malleable twin with the high s", () => {
    const { r, s, yParity } = parseSignature(signature);
    const twin = serializeSignature({
      r,
      s: numberToHex(ORDER - hexToBigInt(s), { size: 32 }),
      yParity: yParity === 0 ? 1 : 0,
    });
    expect(recoverSigner(digest, twin)).toBeUndefined();
  });

  it.each([0, 1, 26, 29, 255])("refuses v = %i", (v) => {
    const changed = `${signature.slice(0, 130)}${v.toString(16).padStart(2, "0")}` as Hex;
    expect(recoverSigner(digest, changed)).toBeUndefined();
  });

  it("refuses zeros, and r or s beyond the curve's order", () => {
    expect(recoverSigner(digest, `0x${"00".repeat(64)}1b`)).toBeUndefined();
    expect(recoverSigner(digest, `0x${"ff".repeat(32)}${"01".repeat(32)}1b`)).toBeUndefined();
  });

  it("answers nobody, and throws nothing, on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 130 }), (bytes) => {
        const found = recoverSigner(digest, `0x${Buffer.from(bytes).toString("hex")}`);
        expect(found).not.toBe(account.address);
      }),
    );
  });

  it("finds the signer, in 65 bytes and in 64", () => {
    expect(recoverSigner(digest, signature)).toBe(account.address);
    const compact = serializeCompactSignature(signatureToCompactSignature(parseSignature(signature)));
    expect(recoverSigner(digest, compact)).toBe(account.address);
  });

  it("finds somebody else for another digest", () => {
    expect(recoverSigner(`0x${"5b".repeat(32)}`, signature)).not.toBe(account.address);
  });
});

describe("loadKeccak", () => {
  it("gives the known hashes", async () => {
    const keccak = await loadKeccak();
    expect(keccak("0x")).toBe("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    expect(keccak(new TextEncoder().encode("abc"))).toBe(
      "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
    );
  });
});
