import { createPublicKey } from "node:crypto";
import fc from "fast-check";
import { httpbis } from "http-message-signatures";
import { compactVerify } from "jose";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { describe, expect, it } from "vitest";
import { isDigestOf } from "#src/identity/content-digest.ts";
import {
  generateShopKey,
  isShopKey,
  publicJwk,
  publicKeyFromBase64url,
  shopKeyFromSeed,
  verifySignature,
} from "#src/identity/shop-key.ts";
import { exchangeKeyOf, exchangeKeyOfSeed } from "#src/identity/x25519.ts";
import vectors from "../vectors/signatures.json" with { type: "json" };

const { rfc9421, rfc8037 } = vectors;
const seed = bytesToHex(Buffer.from(rfc9421.pkcs8_b64, "base64").subarray(-32));
const publicKey = bytesToHex(Buffer.from(rfc9421.spki_b64, "base64").subarray(-32));
const signature = Buffer.from(rfc9421.signature_b64, "base64");
const base = Buffer.from(rfc9421.signature_base);

describe("a shop's key", () => {
  it.each([
    ["the neutral point", `01${"00".repeat(31)}`],
    ["the neutral point with a sign", `01${"00".repeat(30)}80`],
    ["zero", "00".repeat(32)],
    ["a point of order two", `ec${"ff".repeat(30)}7f`],
    ["a point of order eight", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["its twin", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
    ["y beyond the field", `ee${"ff".repeat(30)}7f`],
    ["31 bytes", "11".repeat(31)],
    ["33 bytes", "11".repeat(33)],
    ["no hex", "zz".repeat(32)],
  ])("is not %s", async (_, hex) => {
    expect(isShopKey(`0x${hex}`)).toBe(false);
    expect(await verifySignature(`0x${hex}`, base, signature)).toBe(false);
  });

  it("refuses a signature that is good under a weak key for any message", async () => {
    // R and the key neutral, s zero: 0·B = R + h·A whatever h is.
    const forged = Uint8Array.from([1, ...Array<number>(63).fill(0)]);
    expect(await verifySignature(`0x01${"00".repeat(31)}`, Buffer.from("anything"), forged)).toBe(false);
  });

  it("refuses seeds of another length without showing them", () => {
    expect(() => shopKeyFromSeed("0xabcdef")).toThrow(/^the seed of a shop's key has 32 bytes$/);
  });

  it.each([63, 65])("refuses a signature of %i bytes", async (length) => {
    const longer = Buffer.concat([signature, signature]);
    expect(await verifySignature(publicKey, base, longer.subarray(0, length))).toBe(false);
  });

  it("refuses a key that is written in another way than the one", () => {
    expect(publicKeyFromBase64url(`${rfc8037.jwk.x}=`)).toBeUndefined();
    expect(publicKeyFromBase64url(rfc8037.jwk.x.replace(/o$/, "p"))).toBeUndefined();
    expect(publicKeyFromBase64url("AAAA")).toBeUndefined();
  });

  it("signs and verifies as RFC 9421 shows it (B.2.6)", async () => {
    const key = shopKeyFromSeed(seed);
    expect(key.publicKey).toBe(publicKey);
    expect(Buffer.from(key.sign(base)).toString("base64")).toBe(rfc9421.signature_b64);
    expect(await verifySignature(publicKey, base, signature)).toBe(true);
    const { body, ...request } = rfc9421.request;
    const fields = ["date", "@method", "@path", "@authority", "content-type", "content-length"];
    const rebuilt = httpbis.formatSignatureBase(httpbis.createSignatureBase({ fields }, request));
    expect(rfc9421.signature_base.startsWith(`${rebuilt}\n"@signature-params"`)).toBe(true);
    expect(isDigestOf(request.headers["content-digest"], body)).toBe(true);
  });

  it("is named as RFC 8037 names it, and verifies as there", async () => {
    const jwk = publicJwk(publicKeyFromBase64url(rfc8037.jwk.x) as Hex);
    expect(jwk).toEqual({ ...rfc8037.jwk, kid: rfc8037.thumbprint });
    const { payload } = await compactVerify(rfc8037.jws, createPublicKey({ key: { ...jwk }, format: "jwk" }));
    expect(Buffer.from(payload).toString()).toBe(rfc8037.payload);
  });

  it("is another each time", () => {
    expect(generateShopKey().seed).not.toBe(generateShopKey().seed);
  });

  it("has the X25519 form that libsodium gives it", () => {
    const known = shopKeyFromSeed("0x421151a459faeade3d247115f94aedae42318124095afabe4d1451a559faedee");
    expect(bytesToHex(exchangeKeyOf(hexToBytes(known.publicKey)))).toBe(
      "0xf1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50",
    );
  });

  it("has an X25519 form that goes with the one of its seed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const spki = createPublicKey(exchangeKeyOfSeed(bytes)).export({ format: "der", type: "spki" });
        const { publicKey } = shopKeyFromSeed(bytesToHex(bytes));
        expect(bytesToHex(exchangeKeyOf(hexToBytes(publicKey)))).toBe(bytesToHex(spki.subarray(-32)));
      }),
      { numRuns: 50 },
    );
  });
});
