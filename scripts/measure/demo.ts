// Measures `./hanse demo`, several times in a row, and how long `./hanse up` takes to be ready, on a fresh and on a kept
// state. Records the slowest of each in docs/bench.json.
//   node scripts/measure/demo.ts [runs]
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { cpus } from "node:os";
import { record } from "./record.ts";

const UP_BAR_S = 30;
const limitOf = (kept: number) =>
  `CPU time: deploying the contracts, and starting some twenty processes on two cores, each a second or two; a kept one is ready in ${kept} s`;

const runs = Number(process.argv[2] ?? 3);
const ENTRY = "src/bin/hanse.ts";
const UP_STATE = ".hanse/measured-up";
const READY = /^\s*([\d.]+) s {2}ready$/m;

/** @returns seconds of wall clock */
async function timeDemo(): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, [ENTRY, "demo"], { stdio: ["ignore", "ignore", "inherit"] });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the demo ended with ${code}`);
  return (performance.now() - begun) / 1000;
}

/** @returns seconds until it says that it is ready */
async function timeUp(): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, [ENTRY, "up", "--state", UP_STATE], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let output = "";
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk) => {
      output += chunk;
      if (READY.test(output)) resolve();
    });
    void ended.then(() => resolve());
  });
  const seconds = (performance.now() - begun) / 1000;
  child.kill("SIGINT");
  await ended;
  if (!READY.test(output)) throw new Error("it never was ready");
  return seconds;
}

const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores`;
const demos: number[] = [];
for (let run = 0; run < runs; run++) demos.push(await timeDemo());
await rm(UP_STATE, { recursive: true, force: true });
const [fresh, kept] = [await timeUp(), await timeUp()];
await rm(UP_STATE, { recursive: true, force: true });

const command = "node scripts/measure/demo.ts";
const round = (seconds: number) => Math.round(seconds * 10) / 10;
const common = { unit: "s", command, measured: machine };
await record("bench", {
  demo: {
    what: "`./hanse demo`, from the command to its exit",
    ...common,
    value: round(Math.max(...demos)),
    bar: 120,
    reference: `slowest of ${runs} in a row`,
  },
  "up-ready": {
    what: "`./hanse up`, from the command until it says that it is ready",
    ...common,
    value: round(Math.max(fresh, kept)),
    bar: UP_BAR_S,
    reference: "slower of fresh and kept state",
    ...(Math.max(fresh, kept) > UP_BAR_S ? { limit: limitOf(round(kept)) } : {}),
  },
});
process.stdout.write(
  `demo ${demos.map(round).join(", ")} s; up fresh ${round(fresh)} s, kept ${round(kept)} s\n`,
);
