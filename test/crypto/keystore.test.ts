import { Wallet } from "ethers";
import { beforeAll, describe, expect, it } from "vitest";
import { decryptKey, encryptKey, keystoreAddress, LIGHT_COST, STANDARD_COST } from "#src/crypto/keystore.ts";

// Given a keystore,
// - refuses what is none, another version, another cipher, parameters that would take all memory or hours
// - refuses a wrong password, and a file whose address is not its key's
// - reads what ethers writes, and ethers reads what it writes, with any password
// - reads the two test vectors of the Web3 Secret Storage definition (scrypt and PBKDF2), in the spellings of geth and ethers

const KEY = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const ADDRESS = "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b";
const CHEAP = { n: 2, r: 1, p: 1 };

/** From the definition: https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage */
const VECTORS = {
  pbkdf2: {
    crypto: {
      cipher: "aes-128-ctr",
      cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
      ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
      kdf: "pbkdf2",
      kdfparams: {
        c: 262144,
        dklen: 32,
        prf: "hmac-sha256",
        salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
      },
      mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    version: 3,
  },
  scrypt: {
    crypto: {
      cipher: "aes-128-ctr",
      cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
      ciphertext: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
      kdf: "scrypt",
      kdfparams: {
        dklen: 32,
        n: 262144,
        r: 1,
        p: 8,
        salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
      },
      mac: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
    },
    id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    version: 3,
  },
} as const;

let good: string;
beforeAll(async () => {
  good = await encryptKey(KEY, "correct horse", CHEAP);
});

/** The good file with one part of its crypto changed. */
function changed(change: object): string {
  const file = JSON.parse(good);
  return JSON.stringify({ ...file, crypto: { ...file.crypto, ...change } });
}

describe("a keystore", () => {
  it.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["a list", "[]"],
    ["an empty object", "{}"],
    ["version 1", JSON.stringify({ ...VECTORS.scrypt, version: 1 })],
  ])("is refused where it is %s", async (_, text) => {
    expect(() => keystoreAddress(text)).toThrow(expect.objectContaining({ code: "HANSE_KEYSTORE_INVALID" }));
    await expect(decryptKey(text, "x")).rejects.toMatchObject({ code: "HANSE_KEYSTORE_INVALID" });
  });

  it.each([
    ["another cipher", { cipher: "aes-256-cbc" }],
    ["a short initial vector", { cipherparams: { iv: "00" } }],
    ["a short key", { ciphertext: "00" }],
    ["another derivation", { kdf: "argon2" }],
    ["memory for 128 GiB", { kdfparams: { n: 2 ** 27, r: 8, p: 1, dklen: 32, salt: "00" } }],
    ["hours of work", { kdfparams: { n: 2 ** 18, r: 8, p: 10_000, dklen: 32, salt: "00" } }],
    ["no power of two", { kdfparams: { n: 3, r: 8, p: 1, dklen: 32, salt: "00" } }],
    [
      "hours of iterations",
      { kdf: "pbkdf2", kdfparams: { c: 2 ** 40, prf: "hmac-sha256", dklen: 32, salt: "00" } },
    ],
  ])("is refused with %s", async (_, change) => {
    await expect(decryptKey(changed(change), "correct horse")).rejects.toMatchObject({
      code: "HANSE_KEYSTORE_INVALID",
    });
  });

  it("does not open with another password, nor after a flipped bit", async () => {
    await expect(decryptKey(good, "Correct horse")).rejects.toMatchObject({
      code: "HANSE_WALLET_PASSWORD_WRONG",
    });
    const { ciphertext } = JSON.parse(good).crypto;
    const flipped = (Number.parseInt(ciphertext[0], 16) ^ 1).toString(16) + ciphertext.slice(1);
    await expect(decryptKey(changed({ ciphertext: flipped }), "correct horse")).rejects.toMatchObject({
      code: "HANSE_WALLET_PASSWORD_WRONG",
    });
  });

  it("is refused where its address is another key's", async () => {
    const text = JSON.stringify({ ...JSON.parse(good), address: "00".repeat(20) });
    await expect(decryptKey(text, "correct horse")).rejects.toMatchObject({ code: "HANSE_KEYSTORE_INVALID" });
  });

  it("never holds the key in clear, and differs each time", async () => {
    const again = await encryptKey(KEY, "correct horse", CHEAP);
    expect(good).not.toContain(KEY.slice(2));
    expect(JSON.parse(again).crypto).not.toEqual(JSON.parse(good).crypto);
    expect(keystoreAddress(good)).toBe(ADDRESS);
  });

  it.each(["", "correct horse", "pässwörd ﬁ €", "\u00e9 \u0065\u0301"])(
    "with the password %j is read by ethers",
    async (password) => {
      const text = await encryptKey(KEY, password, { n: 256, r: 8, p: 1 });
      const wallet = await Wallet.fromEncryptedJson(text, password);
      expect(wallet.privateKey).toBe(KEY);
      expect(await decryptKey(text, password)).toBe(KEY);
    },
  );

  it.each([
    ["standard", STANDARD_COST],
    ["light", LIGHT_COST],
  ])("of the %s cost says so, and is read", async (_, cost) => {
    const text = await encryptKey(KEY, "correct horse", cost);
    expect(JSON.parse(text).crypto.kdfparams).toMatchObject(cost);
    expect(await decryptKey(text, "correct horse")).toBe(KEY);
  });

  it("that ethers wrote is read", async () => {
    const wallet = new Wallet(KEY);
    const text = await wallet.encrypt("pässwörd ﬁ");
    expect(keystoreAddress(text)).toBe(ADDRESS);
    expect(await decryptKey(text, "pässwörd ﬁ")).toBe(KEY);
  });

  it.each(["pbkdf2", "scrypt"] as const)("of the definition's %s vector is read", async (kdf) => {
    const { crypto, ...rest } = VECTORS[kdf];
    expect(await decryptKey(JSON.stringify(VECTORS[kdf]), "testpassword")).toBe(KEY);
    expect(await decryptKey(JSON.stringify({ ...rest, Crypto: crypto }), "testpassword")).toBe(KEY);
    expect(keystoreAddress(JSON.stringify(VECTORS[kdf]))).toBeUndefined();
  });
});
