import { bytesToHex } from "viem";
import { describe, expect, it } from "vitest";
import { signCompact } from "#src/identity/compact-jws.ts";
import { shopKeyFromSeed } from "#src/identity/shop-key.ts";
import { type ShopStatement, signStatement, verifyStatement } from "#src/identity/statement.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";

const key = shopKeyFromSeed(bytesToHex(new Uint8Array(32).fill(7)));
const otherKey = shopKeyFromSeed(bytesToHex(new Uint8Array(32).fill(8)));
const clock = createManualClock(1_800_000_000_000);
const statement: ShopStatement = {
  chainId: 31_337,
  hub: "0x00000000000000000000000000000000000000A1",
  owner: "0x00000000000000000000000000000000000000b2",
  code: "WINES",
  key: key.publicKey,
  endpoint: "https://wines.example",
  challenge: "0123456789abcdef",
  issuedAt: 1_800_000_000,
};
const { issuedAt: _, ...expected } = statement;
const { challenge: __, ...unchallenged } = statement;

describe("a statement is refused", () => {
  it.each<[keyof typeof expected, Partial<ShopStatement>]>([
    ["chainId", { chainId: 1 }],
    ["hub", { hub: "0x00000000000000000000000000000000000000A2" }],
    ["owner", { owner: "0x00000000000000000000000000000000000000b3" }],
    ["code", { code: "WINE" }],
    ["key", { key: otherKey.publicKey }],
    ["endpoint", { endpoint: "https://wines.example/" }],
    ["challenge", { challenge: "0123456789abcdeg" }],
  ])("that names another %s", async (field, change) => {
    const jws = await signStatement(key, { ...statement, ...change });
    await expect(verifyStatement(jws, expected, clock)).rejects.toMatchObject({
      code: "HANSE_STATEMENT_MISMATCH",
      details: { field },
    });
  });

  it("that does not answer the challenge, or one that was not asked", async () => {
    const mismatch = { code: "HANSE_STATEMENT_MISMATCH", details: { field: "challenge" } };
    const bare = await signStatement(key, unchallenged);
    await expect(verifyStatement(bare, expected, clock)).rejects.toMatchObject(mismatch);
    const { challenge: _asked, ...nothingAsked } = expected;
    const jws = await signStatement(key, statement);
    await expect(verifyStatement(jws, nothingAsked, clock)).rejects.toMatchObject(mismatch);
  });

  it("that another key signed", async () => {
    const jws = await signStatement(otherKey, statement);
    await expect(verifyStatement(jws, expected, clock)).rejects.toMatchObject({
      code: "HANSE_STATEMENT_SIGNATURE_INVALID",
    });
  });

  it("that was signed as something else, or by no algorithm", async () => {
    const parts = (await signStatement(key, statement)).split(".");
    const none = Buffer.from('{"alg":"none","typ":"hanse-statement+jwt"}').toString("base64url");
    for (const jws of [
      signCompact(key, { typ: "hanse-grant+jwt" }, statement),
      signCompact(key, { typ: "hanse-statement+jwt", crit: ["b64"], b64: false }, statement),
      `${none}.${parts[1]}.${parts[2]}`,
      `${parts[0]}.${parts[1]}.${Buffer.alloc(64).toString("base64url")}`,
    ]) {
      await expect(verifyStatement(jws, expected, clock)).rejects.toMatchObject({
        code: "HANSE_STATEMENT_SIGNATURE_INVALID",
      });
    }
  });

  it.each(["", "a.b", "a.b.c", "a.b.c.d", "e30.e30.e30", "e30.bnVsbA.e30"])(
    "that is none: %j",
    async (jws) => {
      await expect(verifyStatement(jws, expected, clock)).rejects.toMatchObject({
        code: "HANSE_STATEMENT_MALFORMED",
      });
    },
  );

  it.each([
    ["old", -601],
    ["from the future", 61],
  ])("that is %s", async (_name, seconds) => {
    const jws = await signStatement(key, { ...statement, issuedAt: statement.issuedAt + seconds });
    await expect(verifyStatement(jws, expected, clock)).rejects.toMatchObject({
      code: "HANSE_STATEMENT_EXPIRED",
    });
  });
});

describe("a statement", () => {
  it("is taken with and without a challenge, whatever the case of addresses", async () => {
    const asked = { ...expected, owner: expected.owner.toLowerCase() as typeof expected.owner };
    expect(await verifyStatement(await signStatement(key, statement), asked, clock)).toEqual(statement);
    const { challenge: _asked, ...nothingAsked } = expected;
    expect(await verifyStatement(await signStatement(key, unchallenged), nothingAsked, clock)).toEqual(
      unchallenged,
    );
  });
});
