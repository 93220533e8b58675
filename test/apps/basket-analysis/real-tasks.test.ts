import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectedBasketAnalysis } from "#src/demo/basket-check.ts";
import { buildDataset } from "#src/demo/build-dataset.ts";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";
import { appChecksum } from "../../../apps/build.ts";
import { basketApp } from "./built-app.ts";

const tasks = [
  { days: ["2010-12-01", "2010-12-02"] },
  { days: ["2010-12-03", "2010-12-05"] },
  { days: ["2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05", "2010-12-06"] },
];
const limits = { memoryBytes: 128 << 20, timeMs: 20_000, outputBytes: 1 << 20 };

let folder: string;
let csv: string;
let wasm: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "basket-"));
  await mkdir(join(folder, "in"));
  await mkdir(join(folder, "out"));
  const bytes = await buildDataset();
  csv = Buffer.from(bytes).toString("utf8");
  await writeFile(join(folder, "in/dataset"), bytes);
  wasm = await basketApp();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(task: object) {
  return runWasi({
    wasm,
    dataset: join(folder, "in/dataset"),
    params: Buffer.from(JSON.stringify(task)),
    limits,
  });
}

it("is built byte for byte as the checksum says", async () => {
  expect(createHash("sha256").update(wasm).digest("hex")).toBe(await appChecksum("basket-analysis"));
});

it.each(tasks)("answers the independent computation's bytes for $days", async (task) => {
  const outcome = await run(task);
  if (outcome.type !== "success") throw new Error(outcome.reason);
  expect(Buffer.from(outcome.output).toString()).toBe(
    Buffer.from(expectedBasketAnalysis(csv, task)).toString(),
  );
});

it("gives the same output and the same final memory ten times", async () => {
  const hashes = new Set<string>();
  for (let time = 0; time < 10; time++) {
    const outcome = await run(tasks[2] as object);
    if (outcome.type !== "success") throw new Error(outcome.reason);
    hashes.add(`${createHash("sha256").update(outcome.output).digest("hex")} ${outcome.memoryHash}`);
  }
  expect([...hashes]).toHaveLength(1);
});

it("gives the same output under another WASI host, node:wasi", async () => {
  await writeFile(join(folder, "in/params.json"), JSON.stringify(tasks[0]));
  const wasi = new WASI({
    version: "preview1",
    preopens: { "/in": join(folder, "in"), "/out": join(folder, "out") },
  });
  const module = await WebAssembly.compile(new Uint8Array(wasm));
  expect(
    wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject() as WebAssembly.Imports)),
  ).toBe(0);
  const output = await readFile(join(folder, "out/result"), "utf8");
  expect(output).toBe(Buffer.from(expectedBasketAnalysis(csv, tasks[0] as { days: string[] })).toString());
});
