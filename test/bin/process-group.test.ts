import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createProcessGroup, type ProcessGroup } from "#src/bin/process-group.ts";

describe("a group of processes", () => {
  let folder: string;
  let entry: string;
  let group: ProcessGroup;
  let controller: AbortController;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hanse-group-"));
    entry = join(folder, "entry.mjs");
    await writeFile(
      entry,
      `import { appendFileSync } from "node:fs";
       const [what, name] = process.argv.slice(2);
       const note = (text) => appendFileSync(${JSON.stringify(join(folder, "notes"))}, text + "\\n");
       if (what === "fail") { console.error("it broke"); process.exit(3); }
       process.on("SIGTERM", () => { note("stopped " + name); process.exit(0); });
       if (what === "stubborn") process.removeAllListeners("SIGTERM").on("SIGTERM", () => {});
       note("started " + name + " " + process.pid);
       setInterval(() => {}, 1000);`,
    );
    controller = new AbortController();
    group = createProcessGroup({}, { logDir: join(folder, "logs"), entry, signal: controller.signal });
  });
  afterEach(async () => {
    await group.stop();
    await rm(folder, { recursive: true });
  });

  const notes = () => readFile(join(folder, "notes"), "utf8").catch(() => "");
  const spec = (what: string, name: string) => ({
    name,
    args: [what, name],
    env: {},
    ready: async () => (await notes()).includes(`started ${name}`),
    readyTimeoutMs: 5_000,
  });

  it("tells the end of the log of one that ends before it is ready", async () => {
    await expect(group.start(spec("fail", "a"))).rejects.toMatchObject({
      code: "HANSE_PROCESS_FAILED",
      shortMessage: expect.stringContaining("it broke"),
    });
  });

  it("gives up on one that is never ready", async () => {
    const never = { ...spec("run", "a"), ready: async () => false, readyTimeoutMs: 300 };
    await expect(group.start(never)).rejects.toMatchObject({ code: "HANSE_PROCESS_FAILED" });
  });

  it("gives up starting when it is interrupted", async () => {
    const starting = group.start({ ...spec("run", "a"), ready: async () => false });
    setTimeout(() => controller.abort(new Error("interrupted")), 200);
    await expect(starting).rejects.toThrow("interrupted");
  });

  it("tells when one ends that nobody stopped", async () => {
    await group.start(spec("run", "a"));
    const failed = expect(group.failed).rejects.toMatchObject({ code: "HANSE_PROCESS_FAILED" });
    process.kill(Number(/started a (\d+)/.exec(await notes())?.[1]), "SIGKILL");
    await failed;
  });

  it("stops the last started first", async () => {
    await group.start(spec("run", "a"));
    await group.start(spec("run", "b"));
    await group.stop();
    expect((await notes()).trim().split("\n").slice(-2)).toEqual(["stopped b", "stopped a"]);
  });
});
