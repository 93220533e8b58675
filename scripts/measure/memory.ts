// Measures the memory (resident set) of each process of a market: at rest, and the most while tasks of trust 3 are bought,
// sealed, computed and certified. The sandboxes are processes of their own, with a limit of their own.
// Records `memory-<service>-idle` and `memory-<service>-load` in docs/bench.json.
//   node scripts/measure/memory.ts [tasks]
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { openMarket, readMetric } from "./market/open-market.ts";
import { type Row, record } from "./record.ts";

const TASKS = Number(process.argv[2] ?? 20);
/** One of each kind is told of: `results` is a content service too, and the workers are alike. */
const TOLD = ["broker", "pool", "content", "worker-1"];
/** After a start; what it needed and does not keep is gone by then. */
const SETTLE_MS = 15_000;
const SAMPLE_MS = 500;

const market = await openMarket(".hanse/measured-memory");
try {
  const services = market.services.filter(({ name }) => TOLD.includes(name));
  await sleep(SETTLE_MS);
  const idle = await resident();
  const most = [...idle];
  const bought = new AbortController();
  const sampling = (async () => {
    while (!bought.signal.aborted) {
      for (const [at, bytes] of (await resident()).entries()) most[at] = Math.max(most[at] ?? 0, bytes);
      await sleep(SAMPLE_MS);
    }
  })();
  await market.buy(TASKS);
  bought.abort();
  await sampling;

  const rows: Record<string, Row> = {};
  for (const [at, { name }] of services.entries()) {
    const service = name.replace(/-\d+$/, "");
    rows[`memory-${service}-idle`] = row(`${service}, at rest`, idle[at]);
    rows[`memory-${service}-load`] = row(
      `${service}, the most while ${TASKS} tasks of trust 3 are done`,
      most[at],
    );
  }
  await record("bench", rows);
  for (const [id, { value }] of Object.entries(rows)) process.stdout.write(`${id} ${value} MiB\n`);

  async function resident(): Promise<number[]> {
    return await Promise.all(services.map((service) => readMetric(service, "process_resident_memory_bytes")));
  }
} finally {
  await market.stop();
}

function row(what: string, bytes = Number.NaN): Row {
  return {
    what: `resident memory of ${what}`,
    value: Math.round(bytes / 2 ** 20),
    unit: "MiB",
    command: "node scripts/measure/memory.ts",
    measured: `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores`,
  };
}
