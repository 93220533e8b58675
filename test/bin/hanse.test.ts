import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import { freePort } from "#src/store/free-port.ts";

/** Runs the program as the wrapper does. */
function hanse(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/bin/hanse.ts", ...args], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    timeout: 50_000,
  });
  return { status, stdout, stderr };
}

describe("hanse", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hanse-bin-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("answers a wrong call with 2, and says how to call", () => {
    const { status, stderr } = hanse(["buy-everything"]);
    expect(status).toBe(2);
    expect(stderr).toContain("unknown command");
  });

  it("refuses a second `up` on the same state", async () => {
    const lock = await lockDirectory(join(folder, "state"));
    const { status, stderr } = hanse(["up", "--state", join(folder, "state")]);
    await lock.release();
    expect(status).toBe(1);
    expect(stderr).toContain("HANSE_STATE_LOCKED");
    expect(stderr).toContain(String(process.pid));
  });

  it("refuses to start where a port is in use, naming the port", async () => {
    const port = await freePort();
    const other = createServer().listen(port, "127.0.0.1");
    await once(other, "listening");
    const { status, stderr } = hanse(["up", "--state", join(folder, "ports"), "--rpc-port", String(port)]);
    other.close();
    expect(status).toBe(1);
    expect(stderr).toContain("HANSE_PORT_IN_USE");
    expect(stderr).toContain(String(port));
  });

  it("refuses a state that is a file, or that cannot be made", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    for (const state of [file, "/proc/hanse"]) {
      const { status, stderr } = hanse(["up", "--state", state]);
      expect(status).toBe(1);
      expect(stderr).toContain("HANSE_DISK_UNWRITABLE");
    }
  });

  it("refuses a wrong DATABASE_URL before anything is started, without telling its password", () => {
    for (const [url, code, exitCode] of [
      ["garbage", "HANSE_CONFIG_INVALID", 1],
      ["postgres://nobody:SECRETPW@127.0.0.1:1/x", "HANSE_DATABASE_UNAVAILABLE", 5],
    ] as const) {
      const { status, stdout, stderr } = hanse(["up", "--state", join(folder, "db")], { DATABASE_URL: url });
      expect(status).toBe(exitCode);
      expect(stderr).toContain(code);
      expect(stdout + stderr).not.toContain("SECRETPW");
      expect(stdout).not.toContain("chain");
    }
  });

  it("lists every wrong option of a service at once", () => {
    const { status, stderr } = hanse(["broker", "start"], { HANSE_PORT: "x", HANSE_PRIVATE_KEY: "0x12" });
    expect(status).toBe(1);
    for (const part of ["HANSE_CONFIG_INVALID", "HANSE_PORT", "HANSE_PRIVATE_KEY", "DATABASE_URL"]) {
      expect(stderr).toContain(part);
    }
    expect(stderr).not.toContain("0x12");
  });

  it("says what to do where no market is running", () => {
    const { status, stderr } = hanse(["market", "--deployment", join(folder, "none.json")]);
    expect(status).toBe(1);
    expect(stderr).toContain("HANSE_CONFIG_INVALID");
    expect(stderr).not.toContain("    at ");
  });
});
