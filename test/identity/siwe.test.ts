import { bytesToHex, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { createLogInMessage, type LogIn, parseLogInMessage, verifyLogIn } from "#src/identity/siwe.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";

const wallet = privateKeyToAccount(bytesToHex(new Uint8Array(32).fill(1)));
const stranger = privateKeyToAccount(bytesToHex(new Uint8Array(32).fill(2)));
const NOW = 1_800_000_000_000;
const clock = createManualClock(NOW);
const expected = {
  domain: "hub.example",
  uri: "https://hub.example",
  chainId: 31_337,
  statement: "Log in to this hub of Hanse.",
};
const logIn: LogIn = {
  ...expected,
  address: wallet.address,
  nonce: "0123456789abcdef",
  issuedAt: new Date(NOW),
  expirationTime: new Date(NOW + 300_000),
};

async function verifying(message: string, signature?: Hex, deps = {}) {
  const signed = signature ?? (await wallet.signMessage({ message }));
  return expect(verifyLogIn(message, signed, expected, { clock, ...deps }));
}

describe("a log-in is refused", () => {
  it.each<[string, Partial<LogIn>]>([
    ["domain", { domain: "hub.example:8443" }],
    ["uri", { uri: "https://evil.example" }],
    ["chainId", { chainId: 1 }],
    ["statement", { statement: "Log in to another." }],
  ])("for another %s", async (field, change) => {
    const message = createLogInMessage({ ...logIn, ...change });
    await (await verifying(message)).rejects.toMatchObject({
      code: "HANSE_LOGIN_MISMATCH",
      details: { field },
    });
  });

  it("that another signed, or nobody", async () => {
    const message = createLogInMessage(logIn);
    const wrong = { code: "HANSE_LOGIN_SIGNATURE_INVALID" };
    const foreign = await stranger.signMessage({ message });
    for (const signature of [foreign, "0x", "0x123", `0x${"00".repeat(65)}`, "garbage" as Hex] as Hex[]) {
      await (await verifying(message, signature)).rejects.toMatchObject(wrong);
    }
    const otherNonce = createLogInMessage({ ...logIn, nonce: "fedcba9876543210" });
    const mine = await wallet.signMessage({ message });
    await (await verifying(otherNonce, mine)).rejects.toMatchObject(wrong);
    await (
      await verifying(message, foreign, { isContractSignature: async () => false })
    ).rejects.toMatchObject(wrong);
  });

  it("that is over, from the future, or good for too long", async () => {
    const over = createLogInMessage({
      ...logIn,
      issuedAt: new Date(NOW - 10_000),
      expirationTime: new Date(NOW),
    });
    await (await verifying(over)).rejects.toMatchObject({ code: "HANSE_LOGIN_EXPIRED" });
    const early = createLogInMessage({ ...logIn, issuedAt: new Date(NOW + 61_000) });
    await (await verifying(early)).rejects.toMatchObject({ code: "HANSE_LOGIN_NOT_YET_VALID" });
    for (const expirationTime of [new Date(NOW + 901_000), new Date(NOW)]) {
      const message = createLogInMessage({ ...logIn, expirationTime });
      await (await verifying(message)).rejects.toMatchObject({ code: "HANSE_LOGIN_MALFORMED" });
    }
  });

  it.each<[string, (message: string) => string]>([
    ["nothing", () => ""],
    ["no version", (message) => message.replace("Version: 1\n", "")],
    ["another version", (message) => message.replace("Version: 1", "Version: 2")],
    ["no end", (message) => message.replace(/\nExpiration Time: .*/, "")],
    ["no nonce", (message) => message.replace(/Nonce: .*\n/, "")],
    ["no statement", (message) => message.replace(/Log in.*\n\n/, "\n")],
    ["a time that is none", (message) => message.replace(/Issued At: .*/, "Issued At: yesterday")],
    ["something behind", (message) => `${message}\nAnd I give away everything.`],
    ["something in front", (message) => `I give away everything.\n${message}`],
    ["something between", (message) => message.replace("\nURI", "\nI give away everything.\nURI")],
    ["a request id", (message) => `${message}\nRequest ID: 1`],
    ["resources", (message) => `${message}\nResources:\n- https://evil.example`],
    ["a time before which", (message) => `${message}\nNot Before: ${new Date(NOW).toISOString()}`],
    ["a scheme", (message) => `https://${message}`],
    ["an address in another way", (message) => message.replace(wallet.address, wallet.address.toLowerCase())],
    ["a chain id in another way", (message) => message.replace("Chain ID: 31337", "Chain ID: 031337")],
  ])("that says %s", async (_, change) => {
    const message = change(createLogInMessage(logIn));
    await (await verifying(message)).rejects.toMatchObject({ code: "HANSE_LOGIN_MALFORMED" });
  });

  it("whose fields cannot stand there", () => {
    for (const change of [{ statement: "a\nb" }, { nonce: "short" }, { domain: "no domain" }]) {
      expect(() => createLogInMessage({ ...logIn, ...change })).toThrow(
        expect.objectContaining({ code: "HANSE_LOGIN_MALFORMED" }),
      );
    }
  });
});

describe("a log-in", () => {
  it("is read as it was written", () => {
    expect(parseLogInMessage(createLogInMessage(logIn))).toEqual(logIn);
  });

  it("is taken of a wallet, and of a contract that says so", async () => {
    const message = createLogInMessage(logIn);
    await (await verifying(message)).resolves.toMatchObject({ address: wallet.address, nonce: logIn.nonce });
    const asked: unknown[] = [];
    const isContractSignature = async (address: string) => Boolean(asked.push(address));
    await (await verifying(message, "0x1234", { isContractSignature })).resolves.toMatchObject({
      nonce: logIn.nonce,
    });
    expect(asked).toEqual([wallet.address]);
  });
});
