import { bytesToHex, type Hex, toBytes } from "viem";
import type { Deployment } from "#src/chain/deployment.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { conditions, type Order, request } from "#src/protocol/orders.ts";
import { ANYONE } from "#src/protocol/restrictions.ts";
import { NO_TAGS } from "#src/protocol/tags.ts";
import { accountOf } from "./cast.ts";
import type { Market } from "./market.ts";

const HANSE = 10n ** 9n;

/** What the sellers ask for each task, in nano-HANSE. */
export const PRICES = { app: 5n * HANSE, dataset: 3n * HANSE, pool: 20n * HANSE } as const;

const YEAR_S = 365n * 24n * 3600n;
const SALES_VOLUME = 1_000_000;
const SHORT_TASKS = 0;
/** The highest trust the pool serves. */
const POOL_TRUST = 100;

/** The standing offers of app, dataset and pool. `now` is the chain's time in Unix seconds, `salt` new for each. */
export function sellOrders(
  market: Market,
  deployment: Deployment,
  now: bigint,
  salt: Hex,
): { order: Order; role: "appOwner" | "datasetOwner" | "poolOwner" }[] {
  const common = {
    tag: NO_TAGS,
    onlyRequester: ANYONE,
    conditions: conditions({
      certifier: deployment.contracts.poco,
      validUntil: now + YEAR_S,
      volume: SALES_VOLUME,
      salt,
    }),
  };
  return [
    {
      role: "appOwner",
      order: {
        type: "app",
        order: {
          ...common,
          app: market.app,
          price: PRICES.app,
          trust: 0,
          onlyDataset: ANYONE,
          onlyPool: ANYONE,
        },
      },
    },
    {
      role: "datasetOwner",
      order: {
        type: "dataset",
        order: {
          ...common,
          dataset: market.dataset,
          price: PRICES.dataset,
          trust: 0,
          onlyApp: ANYONE,
          onlyPool: ANYONE,
        },
      },
    },
    {
      role: "poolOwner",
      order: {
        type: "pool",
        order: {
          ...common,
          pool: market.pool,
          price: PRICES.pool,
          category: SHORT_TASKS,
          trust: POOL_TRUST,
          onlyApp: ANYONE,
          onlyDataset: ANYONE,
        },
      },
    },
  ];
}

/**
 * Governance's standing offer of the question that jurors of disputes are asked: for nothing, and for the Jury alone. Without it
 * no jury can be summoned. `app` is what the Receipt's rules name; `now` and `salt` as above.
 */
export function questionOrder(app: AssetId, deployment: Deployment, now: bigint, salt: Hex): Order {
  return {
    type: "app",
    order: {
      ...{ app, price: 0n, trust: 0, tag: NO_TAGS },
      ...{ onlyDataset: ANYONE, onlyPool: ANYONE, onlyRequester: ANYONE },
      conditions: conditions({
        certifier: deployment.contracts.jury,
        validUntil: now + YEAR_S,
        volume: SALES_VOLUME,
        salt,
      }),
    },
  };
}

/** What the demo's requester asks for. */
export interface Wish {
  /** Days to look at, `YYYY-MM-DD`. */
  readonly days: readonly string[];
  readonly trust: number;
  /** Counts the wishes. */
  readonly number: number;
}

/** The parameters of the app as it reads them. */
export function paramsOf(wish: Pick<Wish, "days">): Hex {
  return bytesToHex(toBytes(JSON.stringify({ days: wish.days, top: 20 })));
}

/** A request of one task at the going prices; `now` is the chain's time in Unix seconds. */
export function requestOrder(
  wish: Wish,
  market: Market,
  deployment: Deployment,
  now: bigint,
  salt: Hex,
): Order & { type: "request" } {
  return request({
    requester: accountOf("requester").address,
    app: market.app,
    maxAppPrice: PRICES.app,
    dataset: market.dataset,
    maxDatasetPrice: PRICES.dataset,
    maxPoolPrice: PRICES.pool,
    category: SHORT_TASKS,
    trust: wish.trust,
    params: paramsOf(wish),
    conditions: conditions({
      certifier: deployment.contracts.poco,
      validUntil: now + 3600n,
      volume: 1,
      salt,
    }),
  });
}
