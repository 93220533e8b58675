import { Counter } from "prom-client";
import { expect, it } from "vitest";
import { createMetrics } from "#src/kernel/metrics.ts";

it("labels every series with its service and keeps registries apart", async () => {
  const [one, two] = ["one", "two"].map((service) => createMetrics({ service, processMetrics: false }));
  for (const registry of [one, two]) {
    new Counter({ name: "orders_total", help: "h", registers: registry ? [registry] : [] }).inc(3);
  }
  expect(await one?.metrics()).toContain('orders_total{service="one"} 3');
  expect(await one?.metrics()).not.toContain("two");
});

it("measures the process unless told not to", async () => {
  expect(await createMetrics({ service: "s" }).metrics()).toMatch(
    /process_cpu_user_seconds_total\{service="s"\}/,
  );
});
