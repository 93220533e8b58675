import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Slots } from "./slots.ts";

export interface WorkerMetrics {
  readonly tasks: Counter<"outcome">;
  readonly runSeconds: Histogram;
  readonly steps: Counter<"step" | "outcome">;
  /** Says from now on how many slots are busy, and how many tasks wait for one. */
  showSlots(slots: Pick<Slots, "busy" | "waiting">): void;
  readonly inputBytes: Counter;
  readonly inputFailures: Counter<"code">;
  readonly followedBlock: Gauge;
  readonly watchedTasks: Gauge;
  readonly earnings: Gauge<"kind">;
  readonly gasWei: Gauge;
}

export function createWorkerMetrics(registry: Registry): WorkerMetrics {
  const registers = [registry];
  let shown: Pick<Slots, "busy" | "waiting"> | undefined;
  new Gauge({
    name: "worker_slots_busy",
    help: "Tasks computed now",
    registers,
    collect() {
      this.set(shown?.busy() ?? 0);
    },
  });
  new Gauge({
    name: "worker_slots_waiting",
    help: "Tasks that wait for a slot",
    registers,
    collect() {
      this.set(shown?.waiting() ?? 0);
    },
  });
  return {
    tasks: new Counter({
      name: "worker_tasks_total",
      help: "Runs of programs, by outcome: success, failure (of the program), fault (of the runner)",
      labelNames: ["outcome"],
      registers,
    }),
    runSeconds: new Histogram({
      name: "worker_run_seconds",
      help: "Duration of runs",
      buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800],
      registers,
    }),
    steps: new Counter({
      name: "worker_steps_total",
      help: "Steps of tasks, by outcome: done, refused (by the contract: somebody was faster), failed. commit, finalize, extend, claim and record are those that the worker had mined itself",
      labelNames: ["step", "outcome"],
      registers,
    }),
    showSlots(slots) {
      shown = slots;
    },
    inputBytes: new Counter({
      name: "worker_input_bytes_total",
      help: "Bytes of apps and datasets that were downloaded",
      registers,
    }),
    inputFailures: new Counter({
      name: "worker_input_failures_total",
      help: "Sources that did not give an input, by error code",
      labelNames: ["code"],
      registers,
    }),
    followedBlock: new Gauge({
      name: "worker_followed_block",
      help: "The last block that the worker has looked at",
      registers,
    }),
    watchedTasks: new Gauge({
      name: "worker_watched_tasks",
      help: "Tasks that the worker's seat was drawn for and that have not ended",
      registers,
    }),
    earnings: new Gauge({
      name: "worker_earnings_nano",
      help: "nano-HANSE since the worker began, by kind: earned, compensated, fined, slashed, forfeited, collected",
      labelNames: ["kind"],
      registers,
    }),
    gasWei: new Gauge({ name: "worker_gas_wei", help: "Paid for transactions of the worker", registers }),
  };
}
