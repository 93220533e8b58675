import { collectDefaultMetrics, Registry } from "prom-client";

export interface MetricsOptions {
  /** Label `service` of every series. */
  readonly service: string;
  /** Also measure the process itself (memory, CPU, event loop); on unless told. */
  readonly processMetrics?: boolean;
}

/** A prom-client registry for one service. Counters and histograms are prom-client's, with `registers: [metrics]`. */
export function createMetrics({ service, processMetrics = true }: MetricsOptions): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  if (processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}
