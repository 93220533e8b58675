import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildDataset } from "#src/demo/build-dataset.ts";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";
import { appModulePath } from "../../../apps/build.ts";

const RUNS = process.env.HANSE_TEST_DEEP === "1" ? 100 : 10;
/** Another line of Node.js, and so of its engine, than the one that runs this. */
const OTHER_NODE = "22.23.3";

/** A real task for each app. */
const TASKS = {
  "basket-analysis": { days: ["2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05", "2010-12-06"] },
} as const;

let folder: string;
let dataset: string;
let otherNode: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanse-determinism-"));
  dataset = join(folder, "dataset");
  await writeFile(dataset, await buildDataset());
  otherNode = await installOtherNode();
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(Object.keys(TASKS) as (keyof typeof TASKS)[])(
  "%s gives one output and one final memory, time after time, on two versions of Node.js",
  async (app) => {
    const answers = new Map<string, number>();
    for (const nodePath of [process.execPath, otherNode]) {
      for (let time = 0; time < RUNS; time++) {
        const answer = await run(app, nodePath);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    }
    expect([...answers.values()]).toEqual([2 * RUNS]);
  },
  30 * 60_000,
);

async function run(app: keyof typeof TASKS, nodePath: string): Promise<string> {
  const outcome = await runWasi(
    {
      wasm: appModulePath(app),
      dataset,
      params: Buffer.from(JSON.stringify(TASKS[app])),
      limits: { memoryBytes: 128 << 20, timeMs: 120_000, outputBytes: 1 << 20 },
    },
    { nodePath },
  );
  if (outcome.type !== "success") throw new Error(outcome.reason);
  return `${createHash("sha256").update(outcome.output).digest("hex")} ${outcome.memoryHash}`;
}

/** Kept from one run of the tests to the next, as the wrapper keeps its own. */
async function installOtherNode(): Promise<string> {
  const home = join(import.meta.dirname, "../../../.hanse/other-node");
  const path = join(home, "node_modules/node/bin/node");
  try {
    await access(path);
  } catch {
    await mkdir(home, { recursive: true });
    await writeFile(join(home, "package.json"), '{"private":true,"allowScripts":{"node":true}}');
    const install = ["install", "--no-audit", "--no-fund", "--no-save", `node@${OTHER_NODE}`];
    await promisify(execFile)("npm", install, { cwd: home });
  }
  const { stdout } = await promisify(execFile)(path, ["--version"]);
  expect(stdout.trim()).toBe(`v${OTHER_NODE}`);
  return path;
}
