import type { ConfigOptions, ConfigSources } from "#src/kernel/config.ts";
import { serviceOptions } from "./config-sources.ts";

/** A service that the program can run as its own process. */
export interface Service {
  readonly name: string;
  readonly summary: string;
  /** Not shown in help and documentation. */
  readonly hidden?: boolean;
  /** What it needs is loaded only when it is called. */
  readonly load: () => Promise<LoadedService>;
}

export interface LoadedService {
  readonly options: ConfigOptions;
  readonly start: (sources: ConfigSources) => Promise<void>;
}

function loaded(own: ConfigOptions, start: LoadedService["start"]): LoadedService {
  return { options: serviceOptions(own), start };
}

export const SERVICES: readonly Service[] = [
  {
    name: "broker",
    summary: "keeps orders, matches them and has them sealed",
    load: async () => {
      const { brokerOptions, startBroker } = await import("./start-broker.ts");
      return loaded(brokerOptions, startBroker);
    },
  },
  {
    name: "pool",
    summary: "worker pools: register and open one, and schedule its tasks",
    load: async () => {
      const { poolOptions, startPool } = await import("./start-pool.ts");
      return loaded(poolOptions, startPool);
    },
  },
  {
    name: "worker",
    summary: "computes for a pool and earns",
    load: async () => {
      const { workerOptions, startWorker } = await import("./start-worker.ts");
      return loaded(workerOptions, startWorker);
    },
  },
  {
    name: "content",
    summary: "keeps and serves content by its hash",
    load: async () => {
      const { contentOptions, startContent } = await import("./start-content.ts");
      return loaded(contentOptions, startContent);
    },
  },
  {
    name: "hub",
    summary: "lists the shops of a Hub, logs wallets in, and tells shops of each other",
    load: async () => {
      const { hubOptions, startHub } = await import("./start-hub.ts");
      return loaded(hubOptions, startHub);
    },
  },
  {
    name: "shop",
    summary: "shops of the federation: run one, find them, join with one, leave",
    load: async () => {
      const { shopOptions, startShop } = await import("./start-shop.ts");
      return loaded(shopOptions, startShop);
    },
  },
  {
    name: "chain",
    summary: "a development chain",
    load: async () => {
      const { chainOptions, startChain } = await import("./start-chain.ts");
      return loaded(chainOptions, startChain);
    },
  },
  {
    name: "lying-worker",
    summary: "a worker that answers wrongly, for the demo and for tests",
    hidden: true,
    load: async () => {
      const { workerOptions, startLyingWorker } = await import("./start-worker.ts");
      return loaded(workerOptions, startLyingWorker);
    },
  },
];
