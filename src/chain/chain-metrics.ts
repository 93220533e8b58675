import { Counter, Gauge, Registry } from "prom-client";
import { ENDPOINT_STATES, type EndpointStatus } from "./endpoint-state.ts";

export interface ChainMetrics {
  readonly requests: Counter<"endpoint">;
  readonly failures: Counter<"endpoint" | "reason">;
  readonly agreedHead: Gauge;
  /** How many blocks the follower is behind the agreed head. */
  readonly lag: Gauge;
  /** Tells the states of these from now on. */
  watch(endpoints: readonly EndpointStatus[]): void;
}

/** @param registry of the service; without one nobody reads them */
export function createChainMetrics(registry = new Registry()): ChainMetrics {
  const registers = [registry];
  let watched: readonly EndpointStatus[] = [];
  new Gauge({
    name: "chain_endpoint_state",
    help: "1 for the state an RPC endpoint is in: leading, lagging, lying or away",
    labelNames: ["endpoint", "state"],
    registers,
    collect() {
      for (const { label: endpoint, state: now } of watched)
        for (const state of ENDPOINT_STATES) this.set({ endpoint, state }, state === now ? 1 : 0);
    },
  });
  return {
    requests: new Counter({
      name: "chain_requests_total",
      help: "Calls made of an RPC endpoint; many may travel in one request",
      labelNames: ["endpoint"],
      registers,
    }),
    failures: new Counter({
      name: "chain_failures_total",
      help: "Calls that an RPC endpoint did not answer (failed), or not now (limited)",
      labelNames: ["endpoint", "reason"],
      registers,
    }),
    agreedHead: new Gauge({
      name: "chain_agreed_head",
      help: "The newest block that a majority of the RPC endpoints told",
      registers,
    }),
    lag: new Gauge({
      name: "chain_follower_lag_blocks",
      help: "Blocks between the agreed head and the last one that was followed",
      registers,
    }),
    watch(endpoints) {
      watched = endpoints;
    },
  };
}
