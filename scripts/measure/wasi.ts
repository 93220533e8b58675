// Measures what the sandbox costs: the basket analysis of 50 MB in it and in bare Node (node:wasi), in turn, as CPU time
// of a supervising process and the one it starts. Records `wasi-speed` in docs/bench.json.
//   node scripts/measure/wasi.ts [rounds]
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { buildDataset } from "#src/demo/build-dataset.ts";
import { appModulePath } from "../../apps/build.ts";
import { record } from "./record.ts";

const MODULE = appModulePath("basket-analysis");
const REPEATED = 40;
const rounds = Number(process.argv[2] ?? 7);
const TASK = { days: ["2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05", "2010-12-06"] };

const folder = await mkdtemp(join(tmpdir(), "hanse-wasi-"));
try {
  await mkdir(join(folder, "in"));
  await mkdir(join(folder, "out"));
  await writeFile(join(folder, "in/dataset"), await largeDataset());
  await writeFile(join(folder, "in/params.json"), JSON.stringify(TASK));

  const seconds = { sandbox: [] as number[], bare: [] as number[] };
  const outputs = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    for (const how of ["sandbox", "bare"] as const) {
      const run = runOnce(how);
      seconds[how].push(run.seconds);
      outputs.add(run.output);
    }
  }
  if (outputs.size !== 1) throw new Error("sandbox and bare Node answered differently");
  const [sandbox, bare] = [median(seconds.sandbox), median(seconds.bare)];
  process.stdout.write(`sandbox ${sandbox.toFixed(2)} s, bare ${bare.toFixed(2)} s of CPU time\n`);
  await record("bench", {
    "wasi-speed": {
      what: "basket analysis of 50 MB: CPU time in bare Node by CPU time in the sandbox",
      value: Math.round((bare / sandbox) * 100) / 100,
      bar: 0.9,
      reference: `node:wasi of the same Node.js, in turn: ${bare.toFixed(2)} s against ${sandbox.toFixed(2)} s`,
      unit: "×",
      command: "node scripts/measure/wasi.ts",
      measured: `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, median of ${rounds}`,
    },
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}

function runOnce(how: "sandbox" | "bare"): { readonly seconds: number; readonly output: string } {
  const supervisor = join(import.meta.dirname, "wasi/supervise.ts");
  // `times` tells what the shell's children used, and theirs: its second line is user and system time, as 0m1.23s.
  const { status, stdout, stderr } = spawnSync(
    "/bin/sh",
    ["-c", '"$@" && echo && times', "sh", process.execPath, supervisor, how, MODULE, folder],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
  const [output = "", , children = ""] = stdout.trim().split("\n");
  const used = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return { output, seconds: used.reduce((sum, each) => sum + each, 0) };
}

/** The five days again and again, near the largest that the app takes: its own time then outweighs what comes before and after. */
async function largeDataset(): Promise<Buffer> {
  const days = Buffer.from(await buildDataset());
  const header = days.indexOf("\n") + 1;
  return Buffer.concat([days, ...Array.from({ length: REPEATED - 1 }, () => days.subarray(header))]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
