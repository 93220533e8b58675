import { Gauge, type Registry } from "prom-client";
import type { KeptContent } from "./kept-content.ts";

/** How full the store is, asked at every scrape. */
export function registerContentMetrics(registry: Registry, kept: KeptContent): void {
  new Gauge({
    name: "content_stored_bytes",
    help: "Sum of all content",
    registers: [registry],
    collect() {
      this.set(kept.totals().storedBytes);
    },
  });
  new Gauge({
    name: "content_reserved_bytes",
    help: "What uploads under way were promised",
    registers: [registry],
    collect() {
      this.set(kept.totals().reservedBytes);
    },
  });
}
