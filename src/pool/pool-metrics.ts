import { sql } from "kysely";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { TASK_STATUSES } from "#src/client/pool-schema.ts";
import type { PoolDatabase } from "./pool-tables.ts";

export interface PoolMetrics {
  readonly commits: Counter;
  readonly finalized: Counter<"outcome">;
  readonly rounds: Histogram;
  readonly looks: Counter;
  readonly handOuts: Counter;
  readonly answers: Counter;
  readonly faults: Counter<"fault">;
  readonly block: Gauge;
}

/** @param connected asked at every scrape: how many workers are */
export function createPoolMetrics(
  registry: Registry,
  database: PoolDatabase,
  connected: () => Promise<number>,
): PoolMetrics {
  const registers = [registry];
  new Gauge({
    name: "pool_tasks",
    help: "Tasks by status",
    labelNames: ["status"],
    registers,
    async collect() {
      const rows = await database.kysely
        .selectFrom("tasks")
        .select(["status", (count) => count.fn.countAll<bigint>().as("count")])
        .groupBy("status")
        .execute();
      for (const status of TASK_STATUSES) {
        this.set({ status }, Number(rows.find((row) => row.status === status)?.count ?? 0));
      }
    },
  });
  new Gauge({
    name: "pool_workers_connected",
    help: "Workers that said hello lately",
    registers,
    async collect() {
      this.set(await connected());
    },
  });
  registerForecast(registry, database);
  return {
    commits: new Counter({
      name: "pool_commits_total",
      help: "Transactions that committed sealed answers",
      registers,
    }),
    finalized: new Counter({
      name: "pool_finalized_total",
      help: "Tasks that ended, by outcome",
      labelNames: ["outcome"],
      registers,
    }),
    rounds: new Histogram({
      name: "pool_task_rounds",
      help: "Rounds that replicated tasks took",
      buckets: [1, 2, 3, 4, 5, 6],
      registers,
    }),
    looks: new Counter({ name: "pool_looks_total", help: "Looks at an open task", registers }),
    handOuts: new Counter({
      name: "pool_hand_outs_total",
      help: "Tasks that workers were told to compute",
      registers,
    }),
    answers: new Counter({ name: "pool_answers_total", help: "Answers of workers", registers }),
    faults: new Counter({
      name: "pool_worker_faults_total",
      help: "Steps that workers missed: silent, undisclosed, late; and contradictions",
      labelNames: ["fault"],
      registers,
    }),
    block: new Gauge({ name: "pool_chain_block", help: "The last block taken into account", registers }),
  };
}

function registerForecast(registry: Registry, database: PoolDatabase): void {
  const registers = [registry];
  const needed = new Gauge({
    name: "pool_forecast_seals",
    help: "Seals that open tasks still need, as forecast",
    registers,
    async collect() {
      const { rows } = await sql<{ seals: string; rounds: string }>`
        select coalesce(sum((forecast->>'sealsNeeded')::int), 0)::text as seals,
          coalesce(avg((forecast->>'rounds')::float8), 0)::text as rounds
        from tasks where status = 'open' and forecast is not null`.execute(database.kysely);
      needed.set(Number(rows[0]?.seals ?? 0));
      rounds.set(Number(rows[0]?.rounds ?? 0));
    },
  });
  const rounds = new Gauge({
    name: "pool_forecast_rounds",
    help: "Mean number of rounds that open tasks will take, as forecast",
    registers,
  });
}
