import { Counter, Gauge, type Registry } from "prom-client";
import { TASK_STATUSES } from "#src/client/pool-schema.ts";
import type { PoolDatabase } from "./pool-tables.ts";

export interface PoolMetrics {
  readonly commits: Counter;
  readonly finalized: Counter<"outcome">;
}

export function createPoolMetrics(registry: Registry, database: PoolDatabase): PoolMetrics {
  new Gauge({
    name: "pool_tasks",
    help: "Tasks by status",
    labelNames: ["status"],
    registers: [registry],
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
  return {
    commits: new Counter({
      name: "pool_commits_total",
      help: "Transactions that committed sealed answers",
      registers: [registry],
    }),
    finalized: new Counter({
      name: "pool_finalized_total",
      help: "Tasks that ended, by outcome",
      labelNames: ["outcome"],
      registers: [registry],
    }),
  };
}
