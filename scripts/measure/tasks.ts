// Measures what certifying a task costs: a market of processes on a real chain is given tasks of trust 3, all at once, and
// the processes of the pool and of its nine workers tell the CPU time they used meanwhile. The sandboxes are processes of
// their own, started by the workers: what the app needs is not in it.
// Records `tasks-per-cpu-s` in docs/bench.json.
//   node scripts/measure/tasks.ts [tasks]
import { cpus } from "node:os";
import { openMarket, readMetric, type Service } from "./market/open-market.ts";
import { record } from "./record.ts";

const TASKS = Number(process.argv[2] ?? 20);
/** What limits it. */
const PROFILE =
  "By profile: in the pool, answering the workers' questions over HTTP and the queries behind them; in the workers, asking scheduler and chain again and again, whoever has something to do";
/** The first ones find nothing compiled, and nothing downloaded. */
const WARM_UP = 5;

const market = await openMarket(".hanse/measured-tasks");
try {
  await market.buy(WARM_UP);
  const measured = market.services.filter(({ name }) => name === "pool" || name.startsWith("worker-"));
  const before = await usedBy(measured);
  const begun = performance.now();
  await market.buy(TASKS);
  const seconds = (performance.now() - begun) / 1000;
  const after = await usedBy(measured);
  const used = measured.map((_, at) => (after[at] ?? 0) - (before[at] ?? 0));
  const [pool = 0, ...workers] = used;
  const allWorkers = workers.reduce((sum, each) => sum + each, 0);
  const rate = TASKS / (pool + allWorkers);
  process.stdout.write(
    `${TASKS} tasks in ${seconds.toFixed(1)} s: pool ${pool.toFixed(1)} s, workers ${allWorkers.toFixed(1)} s of CPU time, ${rate.toFixed(2)} tasks each\n`,
  );
  await record("bench", {
    "tasks-per-cpu-s": {
      what: "tasks of trust 3 certified per CPU-second of a pool and its nine workers, without the sandboxes",
      value: Math.round(rate * 100) / 100,
      reference: `${TASKS} tasks in ${Math.round(seconds)} s: ${pool.toFixed(1)} s of CPU time in the pool, ${allWorkers.toFixed(1)} s in the workers. ${PROFILE}`,
      unit: "tasks",
      command: "node scripts/measure/tasks.ts",
      measured: `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores`,
    },
  });
} finally {
  await market.stop();
}

/** @returns CPU seconds each has used since it was started */
async function usedBy(services: readonly Service[]): Promise<number[]> {
  return await Promise.all(services.map((service) => readMetric(service, "process_cpu_seconds_total")));
}
