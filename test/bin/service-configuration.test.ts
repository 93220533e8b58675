import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { resolvePaths, withKeystore } from "#src/bin/config-sources.ts";
import { encryptKey } from "#src/crypto/keystore.ts";
import { defineOption } from "#src/kernel/config.ts";
import { cliError, cliJson, runCli } from "../cli/support/run-cli.ts";

// Given a service and its options,
// - `config check` refuses a file that is none, options that are unknown or wrong, a keystore that cannot be opened
// - says where each value comes from: environment over file over default
// - a keystore takes the place of the key; a key that is given wins
// - each option is listed with flag, variable, name, type and default, but a secret without a flag

const KEY = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const checkSchema = z.strictObject({
  ...{ service: z.string(), valid: z.literal(true) },
  options: z.array(z.strictObject({ name: z.string(), source: z.string() })),
});

let folder: string;
let keystore: string;
const good = { DATABASE_URL: "postgres://127.0.0.1/x", HANSE_PRIVATE_KEY: KEY };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanse-config-"));
  keystore = await file("keystore.json", await encryptKey(KEY, "correct horse", { n: 2, r: 1, p: 1 }));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}
const check = (...more: string[]) => ["config", "check", "broker", ...more];

describe("the configuration of a service", () => {
  it("is refused where the service, the file or an option is unknown or wrong", async () => {
    expect(await cliError(["config", "check", "baker"])).toMatchObject({
      code: "HANSE_ARGUMENT_INVALID",
      exitCode: 2,
    });
    for (const text of ["{", "[]", '"x"']) {
      const error = await cliError(check("--config", await file("bad.json", text)), { env: good });
      expect(error).toMatchObject({ code: "HANSE_CONFIG_INVALID", exitCode: 1 });
    }
    expect(await cliError(check("--config", join(folder, "none.json")), { env: good })).toMatchObject({
      code: "HANSE_CONFIG_INVALID",
    });
    const wrong = await file("wrong.json", { batchSize: 51, prot: 1, port: "x" });
    const told = await cliError(check("--config", wrong), { env: good });
    for (const part of ["`batchSize`", "`prot`", "`port`"]) expect(told.message).toContain(part);
    expect(await cliError(check())).toMatchObject({ code: "HANSE_CONFIG_INVALID" });
  });

  it("comes from the environment, else from the file, else from the default", async () => {
    const path = await file("good.json", { port: 5100, batchSize: 10, rpcUrl: "http://127.0.0.1:9545" });
    const world = { env: { ...good, HANSE_RPC_URL: "http://127.0.0.1:8546" } };
    const { options } = await cliJson(checkSchema, check("--config", path), world);
    const sources = Object.fromEntries(options.map(({ name, source }) => [name, source]));
    expect(sources).toMatchObject({
      ...{ rpcUrl: "HANSE_RPC_URL", port: "the configuration file", batchSize: "the configuration file" },
      ...{ pollMs: "its default", privateKey: "HANSE_PRIVATE_KEY" },
    });
  });

  it("may name a keystore instead of a key", async () => {
    const env = { ...good, HANSE_PRIVATE_KEY: undefined, HANSE_KEYSTORE: keystore };
    expect(await cliError(check(), { env })).toMatchObject({ code: "HANSE_WALLET_PASSWORD_MISSING" });
    const wrong = { ...env, HANSE_KEYSTORE_PASSWORD_FILE: await file("wrong-password", "correct cow\n") };
    expect(await cliError(check(), { env: wrong })).toMatchObject({ code: "HANSE_WALLET_PASSWORD_WRONG" });
    const right = { ...env, HANSE_KEYSTORE_PASSWORD_FILE: await file("password", "correct horse\n") };
    const { options } = await cliJson(checkSchema, check(), { env: right });
    expect(options).toContainEqual({ name: "privateKey", source: "the keystore" });
    expect(await withKeystore({ env: right })).toMatchObject({ flags: { privateKey: KEY } });
    const both = { env: { ...right, HANSE_PRIVATE_KEY: KEY } };
    expect(await withKeystore(both)).toBe(both);
    const relative = await file("relative.json", { keystore: "keystore.json", passwordFile: "password" });
    const byFile = { env: { DATABASE_URL: good.DATABASE_URL } };
    expect(await cliJson(checkSchema, check("--config", relative), byFile)).toMatchObject({ valid: true });
  });

  it("takes paths from where they are meant", () => {
    const option = { schema: z.string(), env: "X", doc: "x" };
    const options = { path: defineOption({ ...option, path: true }), text: defineOption(option) };
    const from = (path: string) => `/here/${path}`;
    expect(resolvePaths(options, { path: "a", text: "a", other: 1 }, from)).toEqual({
      ...{ path: "/here/a", text: "a", other: 1 },
    });
  });

  it("is listed option by option, secrets without a flag", async () => {
    const rowSchema = z.strictObject({
      ...{
        name: z.string(),
        env: z.string(),
        flag: z.string().optional(),
        type: z.string(),
        doc: z.string(),
      },
      ...{ required: z.boolean(), secret: z.boolean(), default: z.string().optional() },
    });
    const rows = await cliJson(z.array(rowSchema), ["worker", "options"]);
    const row = (name: string) => rows.find((each) => each.name === name);
    expect(row("slots")).toMatchObject({ flag: "--slots", type: "whole number, 1 to 64", default: "1" });
    expect(row("stateDir")).toMatchObject({ type: "path", required: true });
    expect(row("allowPrivateSources")).toMatchObject({ type: "true or false", default: "false" });
    expect(row("poolUrl")).toMatchObject({ type: "URL" });
    expect(row("logLevel")).toMatchObject({ type: expect.stringContaining("fatal, error") });
    const secrets = rows.filter(({ secret }) => secret);
    expect(secrets.map(({ name }) => name).sort()).toEqual(["privateKey", "rpcUrl", "uploadToken"]);
    expect(secrets.every(({ flag }) => flag === undefined)).toBe(true);
    const help = await runCli(["worker", "start", "--help"]);
    expect(help.out).toContain("--slots <number>");
    expect(help.out).not.toContain("--private-key");
  });
});
