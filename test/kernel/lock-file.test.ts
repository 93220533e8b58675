import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import { processStart } from "#src/kernel/process-identity.ts";

let directory: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hanse-lock-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

async function contender(): Promise<{ child: ChildProcess; answer: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "lock-holder.ts"), directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [chunk] = await once(child.stdout, "data");
  return { child, answer: String(chunk).trim() };
}

it("refuses a second owner, in this process and in another, naming the pid", async () => {
  const lock = await lockDirectory(directory);
  await expect(lockDirectory(directory)).rejects.toMatchObject({
    code: "HANSE_STATE_LOCKED",
    details: { pid: process.pid },
  });
  expect((await contender()).answer).toBe(`HANSE_STATE_LOCKED ${process.pid}`);
  await lock.release();
  await lock.release();
  expect((await contender()).answer).toBe("held");
});

it("takes over from a process that was killed", async () => {
  const { child, answer } = await contender();
  expect(answer).toBe("held");
  await expect(lockDirectory(directory)).rejects.toMatchObject({
    code: "HANSE_STATE_LOCKED",
    details: { pid: child.pid },
  });
  child.kill("SIGKILL");
  await once(child, "exit");
  await (await lockDirectory(directory)).release();
});

it("is not fooled by a pid that was given to another process", async () => {
  const start = await processStart(process.pid);
  await writeFile(join(directory, "lock.7"), JSON.stringify({ pid: process.pid, start: `${start}0` }));
  await lockDirectory(directory);
  expect(await readdir(directory)).toEqual(["lock.8"]);
});

it("takes over a lock that a power cut left empty", async () => {
  await writeFile(join(directory, "lock.1"), "");
  await lockDirectory(directory);
});

it("gives a dead owner's lock to exactly one of many", async () => {
  await writeFile(join(directory, "lock.3"), JSON.stringify({ pid: 999_999_999, start: "gone" }));
  const here = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(directory)));
  expect(here.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  await (
    here.find(({ status }) => status === "fulfilled") as PromiseFulfilledResult<{ release(): Promise<void> }>
  ).value.release();
  const elsewhere = await Promise.all(Array.from({ length: 5 }, contender));
  expect(elsewhere.filter(({ answer }) => answer === "held")).toHaveLength(1);
});
