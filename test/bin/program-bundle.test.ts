import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { expect, it } from "vitest";
import { bundleProgram } from "#src/bin/program-bundle.ts";

function answerOf(entry: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], {
    ...({ encoding: "utf8", timeout: 50_000 } as const),
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  return { status, stdout, stderr };
}

it("answers as the sources do, of every service and where it refuses", async () => {
  const bundle = await bundleProgram();
  const calls = [["broker", "options"], ["shop", "options"], ["worker", "start"], ["buy-everything"]];
  for (const call of calls) {
    const answer = answerOf(bundle, call);
    expect(answer).toEqual(answerOf("src/bin/hanse.ts", call));
    expect(answer.stdout + answer.stderr).not.toBe("");
  }
});

it("is made once, also where several want it at the same time", async () => {
  const [one, another] = await Promise.all([bundleProgram(), bundleProgram()]);
  expect(another).toBe(one);
  expect(await readdir(dirname(one))).toContain(basename(one));
});
