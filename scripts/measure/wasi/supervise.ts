// Runs the basket analysis in child processes, one after the other: in the sandbox, or bare. Prints the output's hash.
//   node supervise.ts sandbox|bare <module> <folder with in/dataset, in/params.json, and out/>
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";

const RUNS = 5;
const [how, module = "", folder = ""] = process.argv.slice(2);
const outputs = new Set<string>();
for (let run = 0; run < RUNS; run++) {
  const output = how === "sandbox" ? await sandbox() : await bare();
  outputs.add(createHash("sha256").update(output).digest("hex"));
}
process.stdout.write([...outputs].join(" "));

async function sandbox(): Promise<Uint8Array> {
  const outcome = await runWasi({
    wasm: module,
    dataset: join(folder, "in/dataset"),
    params: await readFile(join(folder, "in/params.json")),
    limits: { memoryBytes: 128 << 20, timeMs: 600_000, outputBytes: 1 << 20 },
  });
  if (outcome.type !== "success") throw new Error(outcome.reason);
  return outcome.output;
}

async function bare(): Promise<Uint8Array> {
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--no-warnings", join(import.meta.dirname, "bare.mjs"), module, folder],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
  return await readFile(join(folder, "out/result"));
}
