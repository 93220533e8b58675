import { createHmac } from "node:crypto";
import { bytesToHex, type Hex } from "viem";
import { describe, expect, it } from "vitest";
import { signCompact } from "#src/identity/compact-jws.ts";
import { type Grant, RIGHTS, signGrant, verifyGrant } from "#src/identity/grant.ts";
import { publicJwk, shopKeyFromSeed } from "#src/identity/shop-key.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";

const key = shopKeyFromSeed(bytesToHex(new Uint8Array(32).fill(7)));
const otherKey = shopKeyFromSeed(bytesToHex(new Uint8Array(32).fill(8)));
const NOW = 1_800_000_000;
const clock = createManualClock(NOW * 1000);
const grant: Grant = {
  iss: "BOOKS",
  aud: "WINES",
  jti: "0123456789abcdef",
  iat: NOW,
  exp: NOW + 3600,
  rights: ["share-inventory", "sell"],
};
const expected = { iss: "BOOKS", aud: "WINES" };
const isKeyOfBooks = async (publicKey: Hex, iss: string) => publicKey === key.publicKey && iss === "BOOKS";

function verifying(jwt: string, over: Partial<typeof expected> = {}) {
  return expect(verifyGrant(jwt, isKeyOfBooks, { ...expected, ...over }, clock));
}

describe("a grant is refused", () => {
  it("for another, or of another", async () => {
    const jwt = await signGrant(key, grant);
    await verifying(jwt, { aud: "FISH" }).rejects.toMatchObject({ code: "HANSE_GRANT_WRONG_AUDIENCE" });
    await verifying(jwt, { iss: "FISH" }).rejects.toMatchObject({ code: "HANSE_GRANT_WRONG_ISSUER" });
  });

  it("that is over, or has not begun", async () => {
    const over = await signGrant(key, { ...grant, iat: NOW - 10, exp: NOW });
    await verifying(over).rejects.toMatchObject({ code: "HANSE_GRANT_EXPIRED" });
    const early = await signGrant(key, { ...grant, iat: NOW + 31 });
    await verifying(early).rejects.toMatchObject({ code: "HANSE_GRANT_NOT_YET_VALID" });
  });

  it("whose key is not its issuer's, though the signature is good", async () => {
    await verifying(await signGrant(otherKey, grant)).rejects.toMatchObject({
      code: "HANSE_GRANT_KEY_UNKNOWN",
    });
  });

  it("of another shop that signs with the issuer's key", async () => {
    const jwt = await signGrant(key, { ...grant, iss: "FISH" });
    await expect(verifyGrant(jwt, isKeyOfBooks, { aud: "WINES" }, clock)).rejects.toMatchObject({
      code: "HANSE_GRANT_KEY_UNKNOWN",
    });
  });

  it("that names the issuer's key, and is signed with another", async () => {
    const jwt = signCompact(otherKey, { typ: "hanse-grant+jwt", jwk: publicJwk(key.publicKey) }, grant);
    await verifying(jwt).rejects.toMatchObject({ code: "HANSE_GRANT_SIGNATURE_INVALID" });
  });

  it("whose rights were changed", async () => {
    const [header, , signature] = (await signGrant(key, grant)).split(".");
    const more = Buffer.from(JSON.stringify({ ...grant, rights: RIGHTS })).toString("base64url");
    await verifying(`${header}.${more}.${signature}`).rejects.toMatchObject({
      code: "HANSE_GRANT_SIGNATURE_INVALID",
    });
  });

  it("by no algorithm, or by HMAC with the public key", async () => {
    const payload = Buffer.from(JSON.stringify(grant)).toString("base64url");
    const jwk = publicJwk(key.publicKey);
    for (const alg of ["none", "HS256", "RS256", "ES256"]) {
      const header = Buffer.from(JSON.stringify({ alg, typ: "hanse-grant+jwt", jwk })).toString("base64url");
      const mac = createHmac("sha256", Buffer.from(jwk.x, "base64url"))
        .update(`${header}.${payload}`)
        .digest("base64url");
      await verifying(`${header}.${payload}.${mac}`).rejects.toMatchObject({
        code: "HANSE_GRANT_SIGNATURE_INVALID",
      });
      await verifying(`${header}.${payload}.`).rejects.toMatchObject({ code: "HANSE_GRANT_MALFORMED" });
    }
  });

  it("that was signed as something else", async () => {
    const jwt = signCompact(key, { typ: "hanse-statement+jwt", jwk: publicJwk(key.publicKey) }, grant);
    await verifying(jwt).rejects.toMatchObject({ code: "HANSE_GRANT_SIGNATURE_INVALID" });
  });

  it.each<[string, Record<string, unknown>]>([
    ["no issuer", { iss: undefined }],
    ["an issuer that is no code", { iss: "books" }],
    ["itself as audience", { aud: "BOOKS" }],
    ["several audiences", { aud: ["WINES", "FISH"] }],
    ["no name", { jti: undefined }],
    ["no end", { exp: undefined }],
    ["an end before its begin", { exp: NOW - 1 }],
    ["a right nobody knows", { rights: ["own-everything"] }],
    ["a right twice", { rights: ["sell", "sell"] }],
    ["rights that are no list", { rights: "sell" }],
  ])("with %s", async (_, change) => {
    const header = { typ: "hanse-grant+jwt", jwk: publicJwk(key.publicKey) };
    const jwt = signCompact(key, header, { ...grant, ...change });
    await verifying(jwt).rejects.toMatchObject({ code: "HANSE_GRANT_MALFORMED" });
    await expect(signGrant(key, { ...grant, ...change } as Grant)).rejects.toMatchObject({
      code: "HANSE_GRANT_MALFORMED",
    });
  });

  it("that names no key, or none of ours", async () => {
    for (const jwk of [
      undefined,
      { kty: "RSA", n: "AA", e: "AQAB" },
      { kty: "OKP", crv: "Ed25519", x: "AA" },
    ]) {
      const jwt = signCompact(key, { typ: "hanse-grant+jwt", jwk }, grant);
      await verifying(jwt).rejects.toMatchObject({ code: "HANSE_GRANT_MALFORMED" });
    }
  });
});

describe("a grant", () => {
  it("says what its granter signed, and no more", async () => {
    expect(await verifyGrant(await signGrant(key, grant), isKeyOfBooks, expected, clock)).toEqual(grant);
    const none = { ...grant, rights: [] };
    expect(await verifyGrant(await signGrant(key, none), isKeyOfBooks, { aud: "WINES" }, clock)).toEqual(
      none,
    );
  });
});
