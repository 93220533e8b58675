import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Wallet } from "ethers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { encryptKey } from "#src/crypto/keystore.ts";
import { cliError, cliJson, runCli } from "./support/run-cli.ts";

// Given a folder of wallets,
// - refuses names that are none or taken, passwords that are missing, empty, wrong or typed differently twice
// - keeps new and imported keys as encrypted files of mode 0600, never in clear
// - the first is the default, another can be; a removed one leaves no default; nothing is removed without a word
// - addresses are told without a password, and alone

const KEY = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const ADDRESS = "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b";
const CHEAP = { n: 2, r: 1, p: 1 };
const walletSchema = z.strictObject({
  ...{ name: z.string(), address: z.string().optional(), path: z.string(), default: z.boolean() },
});

let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanse-wallets-"));
  env = { HANSE_WALLETS: join(folder, "wallets"), HANSE_WALLET_PASSWORD: "correct horse" };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const make = (name: string) => cliJson(walletSchema, ["wallet", "new", name, "--light"], { env });
const world = (typed?: string[]) => ({
  env: { HANSE_WALLETS: env.HANSE_WALLETS },
  ...(typed === undefined ? {} : { typed }),
});

describe("a wallet", () => {
  it.each(["../outside", "", ".hidden", "a/b", "x".repeat(65)])("is not named %j", async (name) => {
    const error = await cliError(["wallet", "new", name, "--light"], { env });
    expect(error).toMatchObject({ code: "HANSE_ARGUMENT_INVALID", exitCode: 2 });
    expect(await readdir(folder)).not.toContain("outside.json");
  });

  it("needs a password, not empty, typed twice the same", async () => {
    const args = ["wallet", "new", "me", "--light"];
    expect(await cliError(args, world())).toMatchObject({
      code: "HANSE_WALLET_PASSWORD_MISSING",
      exitCode: 1,
    });
    expect(await cliError(args, world([""]))).toMatchObject({ exitCode: 2 });
    expect(await cliError(args, world(["one", "another"]))).toMatchObject({ exitCode: 2 });
    const missing = [...args, "--password-file", join(folder, "none")];
    expect(await cliError(missing, world())).toMatchObject({ code: "HANSE_WALLET_PASSWORD_MISSING" });
    const typed = await runCli(args, world(["same", "same"]));
    expect(typed).toMatchObject({ exitCode: 0, asked: ["New password: ", "Once more: "] });
  });

  it("is never written over", async () => {
    const { path } = await make("me");
    const before = await readFile(path, "utf8");
    for (const args of [
      ["new", "me"],
      ["import", "me", "--key-file", await file("key", KEY)],
    ]) {
      const error = await cliError(["wallet", ...args, "--light"], { env });
      expect(error).toMatchObject({ code: "HANSE_WALLET_EXISTS", exitCode: 1 });
    }
    const taken = [
      "wallet",
      "import",
      "me",
      "--keystore",
      await file("k.json", await encryptKey(KEY, "correct horse", CHEAP)),
    ];
    expect(await cliError(taken, { env })).toMatchObject({ code: "HANSE_WALLET_EXISTS" });
    expect(await readFile(path, "utf8")).toBe(before);
  });

  it("is a file that only its owner reads, and that ethers opens", async () => {
    const { path, address } = await make("me");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(env.HANSE_WALLETS ?? "")).mode & 0o777).toBe(0o700);
    expect((await readdir(env.HANSE_WALLETS ?? "")).sort()).toEqual(["default", "me.json"]);
    const opened = await Wallet.fromEncryptedJson(await readFile(path, "utf8"), "correct horse");
    expect(opened.address).toBe(address);
    await chmod(path, 0o644);
    expect((await runCli(["wallet", "show"], { env })).err).toContain("chmod 600");
  });

  it("takes a key that there is: typed, in a file, or in a keystore with its own password", async () => {
    expect(await cliError(["wallet", "import", "me"], world())).toMatchObject({ exitCode: 2 });
    const bad = await cliError(["wallet", "import", "me", "--key-file", await file("bad", "0x12secret")], {
      env,
    });
    expect(bad.code).toBe("HANSE_CONFIG_INVALID");
    expect(bad.message).not.toContain("secret");
    const keystore = await file("k.json", await encryptKey(KEY, "its own", CHEAP));
    const closed = ["wallet", "import", "me", "--keystore", keystore];
    expect(await cliError(closed, { env })).toMatchObject({
      code: "HANSE_WALLET_PASSWORD_WRONG",
      exitCode: 1,
    });
    const own = await cliJson(walletSchema, closed, world(["its own"]));
    expect(own).toMatchObject({ name: "me", address: ADDRESS });
    const typed = await cliJson(
      walletSchema,
      ["wallet", "import", "typed", "--light"],
      world([KEY, "pw", "pw"]),
    );
    expect(typed.address).toBe(ADDRESS);
    const byFile = ["wallet", "import", "filed", "--light", "--key-file", await file("key", `${KEY}\n`)];
    const filed = await cliJson(walletSchema, byFile, { env });
    expect(filed.address).toBe(ADDRESS);
    for (const { path } of [own, typed, filed])
      expect(await readFile(path, "utf8")).not.toContain(KEY.slice(2));
  });

  it("is the default as the first, or as chosen, and not any more once it is removed", async () => {
    expect(await cliError(["wallet", "show"], { env })).toMatchObject({ code: "HANSE_WALLET_MISSING" });
    expect(await cliError(["wallet", "use", "none"], { env })).toMatchObject({
      code: "HANSE_WALLET_NOT_FOUND",
      exitCode: 3,
    });
    expect((await make("one")).default).toBe(true);
    expect((await make("two")).default).toBe(false);
    await cliJson(walletSchema, ["wallet", "use", "two"], { env });
    const list = await cliJson(z.array(walletSchema), ["wallet", "list"], { env });
    expect(list.map((each) => [each.name, each.default])).toEqual([
      ["one", false],
      ["two", true],
    ]);
    const removeTwo = ["wallet", "remove", "two"];
    expect(await cliError(removeTwo, { env })).toMatchObject({ code: "HANSE_NOT_CONFIRMED" });
    expect((await runCli(removeTwo, { env, typed: ["no"] })).exitCode).toBe(1);
    expect((await runCli(removeTwo, { env, typed: ["y"] })).exitCode).toBe(0);
    expect(await cliError(["wallet", "show"], { env })).toMatchObject({ code: "HANSE_WALLET_MISSING" });
    expect((await runCli(["wallet", "remove", "one", "--yes"], { env })).exitCode).toBe(0);
    expect(await cliJson(z.array(walletSchema), ["wallet", "list"], { env })).toEqual([]);
  });

  it("tells its address without a password, and alone", async () => {
    await make("me");
    const { out, asked, err } = await runCli(["wallet", "export-address"], world([]));
    expect(out).toMatch(/^0x[0-9a-fA-F]{40}$/);
    expect([asked, err]).toEqual([[], ""]);
  });

  it("shares its folder with files that are none", async () => {
    await make("me");
    await writeFile(join(env.HANSE_WALLETS ?? "", "notes.json"), "{}");
    expect(await cliJson(z.array(walletSchema), ["wallet", "list"], { env })).toHaveLength(1);
    expect(await cliError(["wallet", "show", "notes"], { env })).toMatchObject({
      code: "HANSE_KEYSTORE_INVALID",
    });
  });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
