import { Counter, Histogram, type Registry } from "prom-client";

export interface WorkerMetrics {
  readonly tasks: Counter<"outcome">;
  readonly runSeconds: Histogram;
}

export function createWorkerMetrics(registry: Registry): WorkerMetrics {
  return {
    tasks: new Counter({
      name: "worker_tasks_total",
      help: "Runs of programs, by outcome: success, failure (of the program), fault (of the runner)",
      labelNames: ["outcome"],
      registers: [registry],
    }),
    runSeconds: new Histogram({
      name: "worker_run_seconds",
      help: "Duration of runs",
      buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800],
      registers: [registry],
    }),
  };
}
