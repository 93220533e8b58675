import { Counter, Gauge, type Registry } from "prom-client";

/** @param count how many shops of our own there are, by standing */
export function createHubMetrics(registry: Registry, count: () => Promise<ReadonlyMap<string, number>>) {
  const registers = [registry];
  new Gauge({
    name: "hub_shops",
    help: "Shops of this Hub by standing",
    labelNames: ["standing"],
    registers,
    async collect() {
      // A database that is away must not take the other metrics with it.
      const counts = await count().catch(() => undefined);
      if (counts === undefined) return;
      this.reset();
      for (const [standing, shops] of counts) this.set({ standing }, shops);
    },
  });
  return {
    signIns: new Counter({
      name: "hub_sign_ins_total",
      help: "Log-ins by result: ok, or the code of the refusal",
      labelNames: ["result"],
      registers,
    }),
    deliveries: new Counter({
      name: "hub_deliveries_total",
      help: "Attempts to tell a member of a change, by result: delivered or failed",
      labelNames: ["result"],
      registers,
    }),
    polls: new Counter({
      name: "hub_origin_polls_total",
      help: "Looks at other hub services, by service and result: ok or failed",
      labelNames: ["origin", "result"],
      registers,
    }),
  };
}
