import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { ORDER_TYPES } from "#src/protocol/orders.ts";

export interface BrokerMetrics {
  /** By order type and result: `created`, `known`, or the error code. */
  readonly received: Counter<"type" | "result">;
  readonly sealed: Counter;
  readonly sealSeconds: Histogram;
  readonly block: Gauge;
  readonly unreadable: Gauge;
}

/** @param openOrders asked at every scrape */
export function createBrokerMetrics(
  registry: Registry,
  openOrders: () => Promise<Readonly<Record<string, number>>>,
): BrokerMetrics {
  const registers = [registry];
  new Gauge({
    name: "broker_orders_open",
    help: "Orders that are neither filled, cancelled nor expired",
    labelNames: ["type"],
    registers,
    async collect() {
      const open = await openOrders();
      for (const type of ORDER_TYPES) this.set({ type }, open[type] ?? 0);
    },
  });
  return {
    received: new Counter({
      name: "broker_orders_received_total",
      help: "Orders received, by result",
      labelNames: ["type", "result"],
      registers,
    }),
    sealed: new Counter({ name: "broker_deals_sealed_total", help: "Deals this broker sealed", registers }),
    sealSeconds: new Histogram({
      name: "broker_seal_duration_seconds",
      help: "Time from sending a batch to its receipt",
      buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
      registers,
    }),
    unreadable: new Gauge({
      name: "broker_orders_unreadable",
      help: "Orders whose rows in the database are damaged: set aside",
      registers,
    }),
    block: new Gauge({ name: "broker_chain_block", help: "The last block taken into account", registers }),
  };
}
