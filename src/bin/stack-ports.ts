import { SHOPS, WORKER_NUMBERS } from "#src/demo/cast.ts";
import { freePort } from "#src/store/free-port.ts";
import { assertApart } from "./up-defaults.ts";

/** Where each process of the stack listens, on loopback. */
export interface StackPorts {
  readonly rpc: number;
  readonly broker: number;
  readonly pool: number;
  /** Where the owners of app and dataset serve them. */
  readonly content: number;
  /** Where the pool takes the results. */
  readonly results: number;
  readonly hub: number;
  /** Shops, in the order of the cast. */
  readonly shops: readonly number[];
  /** Health and metrics of the workers, in the order of their numbers. */
  readonly workers: readonly number[];
}

/** The ports of `hanse up`, always the same: the chain's usual one, and a block of others. */
export function fixedPorts(base: number, rpc: number): StackPorts {
  assertApart(base, rpc);
  return {
    rpc,
    broker: base,
    pool: base + 1,
    content: base + 2,
    results: base + 3,
    hub: base + 4,
    shops: SHOPS.map((_, index) => base + 5 + index),
    workers: WORKER_NUMBERS.map((number) => base + 10 + number),
  };
}

/** Any ports that are free now, so that a demo runs beside whatever else does. */
export async function anyPorts(): Promise<StackPorts> {
  const ports = new Set<number>();
  while (ports.size < 6 + SHOPS.length + WORKER_NUMBERS.length) ports.add(await freePort());
  const [rpc = 0, broker = 0, pool = 0, content = 0, results = 0, hub = 0, ...rest] = ports;
  const [shops, workers] = [rest.slice(0, SHOPS.length), rest.slice(SHOPS.length)];
  return { rpc, broker, pool, content, results, hub, shops, workers };
}
