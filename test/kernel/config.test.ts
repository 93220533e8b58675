import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineOption, describeConfig, loadConfig } from "#src/kernel/config.ts";
import {
  amountOption,
  httpUrlOption,
  listOption,
  portOption,
  switchOption,
} from "#src/kernel/config-types.ts";
import { HanseError } from "#src/kernel/errors.ts";

const options = {
  port: defineOption({ schema: portOption(), env: "T_PORT", doc: "TCP port, 0 to 65535", default: 4100 }),
  rpcUrl: defineOption({ schema: httpUrlOption(), env: "T_RPC", doc: "URL of the chain" }),
  stake: defineOption({ schema: amountOption(), env: "T_STAKE", doc: "nano-HANSE", default: 5n }),
  open: defineOption({ schema: switchOption(), env: "T_OPEN", doc: "true or false", default: false }),
  peers: defineOption({ schema: listOption(), env: "T_PEERS", doc: "comma separated", default: [] }),
  key: defineOption({ schema: z.string().length(4).optional(), env: "T_KEY", doc: "4 signs", secret: true }),
};
const rpc = { T_RPC: "http://localhost:8545/" };

function refusal(sources: Parameters<typeof loadConfig>[1]): HanseError {
  try {
    loadConfig(options, sources);
  } catch (error) {
    if (error instanceof HanseError) return error;
  }
  throw new Error("was not refused");
}

describe("loadConfig refuses", () => {
  it("every wrong option at once, naming source and expectation", () => {
    const error = refusal({
      env: { T_PORT: "70000", T_STAKE: "-1" },
      flags: { open: "perhaps" },
      file: { colour: "red" },
    });
    expect(error.code).toBe("HANSE_CONFIG_INVALID");
    const problems = error.details.problems as { option: string }[];
    expect(problems.map(({ option }) => option)).toEqual(["port", "rpcUrl", "stake", "open", "colour"]);
    for (const part of ["T_PORT", "70000", "TCP port", "T_RPC", "--open"])
      expect(error.message).toContain(part);
  });

  it("a secret without showing it", () => {
    const error = refusal({ env: { ...rpc, T_KEY: "hunter22" } });
    expect(error.message + JSON.stringify(error)).not.toContain("hunter22");
  });

  it.each(["12.5", "1e3", "0x10", " ", "NaN", "-1"])("%j as a port", (text) => {
    expect(refusal({ env: { ...rpc, T_PORT: text } }).details.problems).toHaveLength(1);
  });

  it.each(["ftp://x", "localhost:8545", "javascript:alert(1)"])("%j as an http URL", (text) => {
    expect(refusal({ env: { T_RPC: text } }).details.problems).toHaveLength(1);
  });
});

describe("loadConfig", () => {
  it("prefers flags to environment to file to default, and freezes", () => {
    const file = { port: 1, stake: "9007199254740993", open: true };
    const config = loadConfig(options, {
      file,
      env: { ...rpc, T_PORT: "2", T_PEERS: "a, b,," },
      flags: { port: "3" },
    });
    expect(config).toEqual({
      port: 3,
      rpcUrl: "http://localhost:8545",
      stake: 9007199254740993n,
      open: true,
      peers: ["a", "b"],
      key: undefined,
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(loadConfig(options, { file, env: { ...rpc, T_PORT: "2" } }).port).toBe(2);
    expect(loadConfig(options, { file, env: rpc }).port).toBe(1);
    expect(loadConfig(options, { env: { ...rpc, T_PORT: "" } }).port).toBe(4100);
  });

  it("describes itself", () => {
    const rows = describeConfig(options);
    expect(rows.map(({ name, required }) => [name, required])).toEqual([
      ["port", false],
      ["rpcUrl", true],
      ["stake", false],
      ["open", false],
      ["peers", false],
      ["key", false],
    ]);
    expect(rows[2]).toMatchObject({ env: "T_STAKE", default: "5" });
    expect(rows[5]).toMatchObject({ secret: true });
  });
});
