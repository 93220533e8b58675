import { Counter, Histogram, type Registry } from "prom-client";

export type PollResult = "changed" | "unchanged" | "refused";
export type ReservationResult = "reserved" | "out_of_stock" | "expired" | "released" | "refused";
export type OrderResult =
  | "accepted"
  | "paid"
  | "out_of_stock"
  | "address_unreadable"
  | "refused"
  | "cancelled"
  | "refunded"
  | "settled";

/** `stopped`: it would have taken away more than it may. */
type CatalogueResult = "taken" | "stopped" | "failed";

/** What partners do with this shop's inventory. Partners are few; products and orders are never labels. */
export interface ShopMetrics {
  polled(partner: string, result: PollResult): void;
  /** @param count how many products, where it is not one */
  reserved(partner: string, result: ReservationResult, count?: number): void;
  ordered(partner: string, result: OrderResult): void;
  /** Value of a paid order in cents of US dollars, for comparison; what counts is in the shop's own currency. */
  sold(partner: string, usdCents: bigint): void;
  /** Products of a partner's that cannot be listed here. */
  leftOut(partner: string, count: number): void;
  /** A look at the shop's own system. */
  catalogueRead(result: CatalogueResult): void;
  observe(route: string, seconds: number): void;
}

export function createShopMetrics(metrics: Registry): ShopMetrics {
  const registers = [metrics];
  const polls = new Counter({
    name: "federation_inventory_polls_total",
    help: "How often a partner asked for this shop's products",
    labelNames: ["partner", "result"],
    registers,
  });
  const reservations = new Counter({
    name: "federation_reservations_total",
    help: "What partners reserved, and what came of it",
    labelNames: ["partner", "result"],
    registers,
  });
  const orders = new Counter({
    name: "federation_orders_received_total",
    help: "Orders that partners placed here, and what came of them",
    labelNames: ["partner", "result"],
    registers,
  });
  const value = new Counter({
    name: "federation_order_value_usd_total",
    help: "Value of partners' paid orders in US dollars",
    labelNames: ["partner"],
    registers,
  });
  const leftOut = new Counter({
    name: "shop_listings_left_out_total",
    help: "Products of a partner that were told so that no database takes them, and are not listed here",
    labelNames: ["partner"],
    registers,
  });
  const reads = new Counter({
    name: "shop_catalogue_reads_total",
    help: "Looks at the shop's own system, and what came of them; stopped: it would have taken too many products away",
    labelNames: ["result"],
    registers,
  });
  const duration = new Histogram({
    name: "federation_request_duration_seconds",
    help: "Time from a partner's request to the end of the answer",
    labelNames: ["route"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  // Routes are few, and finding a series by its labels takes longer than counting in it.
  const series = new Map<string, ReturnType<typeof duration.labels>>();
  return {
    polled: (partner, result) => polls.inc({ partner, result }),
    // None is no series.
    reserved(partner, result, count = 1) {
      if (count > 0) reservations.inc({ partner, result }, count);
    },
    ordered: (partner, result) => orders.inc({ partner, result }),
    sold: (partner, usdCents) => value.inc({ partner }, Number(usdCents) / 100),
    leftOut: (partner, count) => leftOut.inc({ partner }, count),
    catalogueRead: (result) => reads.inc({ result }),
    observe(route, seconds) {
      const durations = series.get(route) ?? duration.labels({ route });
      series.set(route, durations);
      durations.observe(seconds);
    },
  };
}
