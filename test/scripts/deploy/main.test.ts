import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const KEY = `0x${"47".repeat(32)}`;

async function runMain(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, ["scripts/deploy/main.ts", ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, output };
}

describe("the deployment's command", () => {
  it("tells how it is used when something is missing", async () => {
    expect(await runMain([], { HANSE_RPC_URL: "http://127.0.0.1:1", HANSE_DEPLOYER_KEY: KEY })).toMatchObject(
      {
        code: 2,
        output: expect.stringContaining("usage:"),
      },
    );
    expect(await runMain(["manifest.json"], { HANSE_RPC_URL: "http://127.0.0.1:1" })).toMatchObject({
      code: 2,
    });
  });

  it("tells what is wrong in words, without a secret and without a stack", async () => {
    const { code, output } = await runMain(["/nowhere/manifest.json"], {
      HANSE_RPC_URL: "http://someone:hunter2@127.0.0.1:1",
      HANSE_DEPLOYER_KEY: KEY,
    });
    expect(code).toBe(1);
    expect(output).toContain("HANSE_RPC_UNAVAILABLE");
    expect(output).not.toMatch(/hunter2|4747|\n {4}at /);
  });

  it("names the file of parameters that is not there", async () => {
    const { code, output } = await runMain(["/nowhere/manifest.json", "--parameters", "/nowhere/law.json"], {
      HANSE_RPC_URL: "http://127.0.0.1:1",
      HANSE_DEPLOYER_KEY: KEY,
    });
    expect(code).toBe(1);
    expect(output).toContain("/nowhere/law.json");
  });
});
