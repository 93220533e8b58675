import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import { processStart } from "#src/kernel/process-identity.ts";

// What happens between looking and linking: others came, took newer generations, and removed the older ones.
const meanwhile = vi.hoisted(() => ({ happens: async () => undefined as unknown }));
vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof import("node:fs/promises")>();
  const link: typeof fs.link = async (from, to) => {
    await meanwhile.happens();
    return fs.link(from, to);
  };
  return { ...fs, link };
});

it("gives way when a newer generation appeared while it was slow, and removes its own trace", async () => {
  const directory = await mkdtemp(join(tmpdir(), "hanse-lock-"));
  const owner = JSON.stringify({ pid: process.pid, start: await processStart(process.pid) });
  meanwhile.happens = () => writeFile(join(directory, "lock.5"), owner);
  await expect(lockDirectory(directory)).rejects.toMatchObject({ code: "HANSE_STATE_LOCKED" });
  expect(await readdir(directory)).toEqual(["lock.5"]);
  await rm(directory, { recursive: true });
});
