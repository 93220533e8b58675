import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import type { BrokerClient } from "#src/client/broker-client.ts";
import { NO_ASSET } from "#src/protocol/ids.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import type { OrderType, SignedOrder } from "#src/protocol/orders.ts";
import { refusalText } from "#src/protocol/refusal-text.ts";
import { LEGS, type Leg, REFUSALS, type Refusal } from "#src/protocol/refusals.ts";
import type { Connection } from "./connection.ts";
import { parseSignedOrder } from "./order-file.ts";

type Of<Type extends OrderType> = SignedOrder & { readonly type: Type };

/** Four orders that might be sealed together. */
interface Candidate {
  readonly request: Of<"request">;
  readonly app: Of<"app">;
  readonly dataset: Of<"dataset"> | undefined;
  readonly pool: Of<"pool">;
}

/** What the Clerk would do with the order today, together with others of a broker's book. */
export interface OrderCheck {
  /** Of how many tasks the largest deal would be; 0: none would be sealed. */
  readonly volume: number;
  /** How many ways to combine it with orders of the book were tried. */
  readonly tried: number;
  readonly reasons: readonly {
    readonly leg: Leg;
    readonly refusal: Refusal | "NoOrder";
    readonly code?: string;
    readonly message: string;
    readonly hint: string;
    /** How many of the combinations it stands against. */
    readonly matches: number;
  }[];
}

/** Combinations tried: this explains, it does not match. */
const MOST = 40;
const NO_DATASET = 0xffff;

/** Previews an order, published or not, against what a broker has. @throws HANSE_PEER_*, HANSE_RPC_* */
export async function checkOrder(connection: Connection, order: SignedOrder): Promise<OrderCheck> {
  const { broker } = connection;
  const [requests, apps, datasets, pools] = await Promise.all([
    order.type === "request" ? [order] : openOrders(broker, "request"),
    order.type === "app" ? [order] : openOrders(broker, "app"),
    order.type === "dataset" ? [order] : openOrders(broker, "dataset"),
    order.type === "pool" ? [order] : openOrders(broker, "pool"),
  ]);
  const candidates: Candidate[] = [];
  const missing = new Map<Leg, number>();
  const lacking = (leg: Leg) => missing.set(leg, (missing.get(leg) ?? 0) + 1);
  for (const request of requests) {
    const wanted = request.order;
    const fitting = {
      apps: apps.filter((each) => each.order.app === wanted.app),
      datasets:
        wanted.dataset === NO_ASSET
          ? [undefined]
          : datasets.filter((each) => each.order.dataset === wanted.dataset),
      pools: pools.filter((each) => each.order.category === wanted.category),
    };
    if (order.type === "dataset" && wanted.dataset !== order.order.dataset) continue;
    if (fitting.apps.length === 0) lacking("app");
    if (fitting.datasets.length === 0) lacking("dataset");
    if (fitting.pools.length === 0) lacking("pool");
    for (const app of cheapest(fitting.apps)) {
      for (const dataset of cheapest(fitting.datasets)) {
        for (const pool of cheapest(fitting.pools)) candidates.push({ request, app, dataset, pool });
      }
    }
  }
  const tried = candidates.slice(0, MOST);
  const previews = await preview(connection, tried);
  const volume = previews.reduce((most, each) => Math.max(most, each.volume), 0);
  if (requests.length === 0 || (tried.length === 0 && missing.size === 0)) lacking("request");
  const reasons = volume > 0 ? [] : [...counted(previews), ...(tried.length > 0 ? [] : noOrders(missing))];
  return { volume, tried: tried.length, reasons };
}

async function openOrders<Type extends OrderType>(broker: BrokerClient, type: Type): Promise<Of<Type>[]> {
  const { orders } = await broker.orders({ type, status: "open", limit: 200 });
  return orders.map(({ order }) => parseSignedOrder(order) as Of<Type>);
}

/** The three that ask least: whoever is dearer does not match where they do not. */
function cheapest<Each extends Of<"app" | "dataset" | "pool"> | undefined>(orders: readonly Each[]): Each[] {
  const price = (each: Each) => each?.order.price ?? 0n;
  return [...orders].sort((a, b) => (price(a) < price(b) ? -1 : 1)).slice(0, 3);
}

/** What the Clerk says of each, as if it were the only one. */
async function preview({ chain, deployment, broker }: Connection, candidates: readonly Candidate[]) {
  if (candidates.length === 0) return [];
  const { matcher } = await broker.info();
  const [apps, datasets, pools, requests] = [shelf(), shelf(), shelf(), shelf()];
  const matches = candidates.map(({ app, dataset, pool, request }) => ({
    app: apps.place(app),
    dataset: dataset === undefined ? NO_DATASET : datasets.place(dataset),
    pool: pools.place(pool),
    request: requests.place(request),
  }));
  const all = [apps, datasets, pools, requests].flatMap(({ orders }) => orders);
  const terms = new Map(
    all.flatMap((each) => (each.terms ? [[each.order.conditions.terms, each.terms] as const] : [])),
  );
  const batch = {
    apps: apps.orders,
    datasets: datasets.orders,
    pools: pools.orders,
    requests: requests.orders,
    sponsorships: requests.orders.flatMap(({ sponsorship }) => sponsorship ?? []),
    terms: [...terms.values()],
    matches,
  };
  const previews = await chain.viem
    .readContract({
      address: deployment.contracts.clerk,
      abi: clerkAbi,
      functionName: "preview",
      args: [batch as never, matcher],
    })
    .catch((error: unknown) => {
      throw asChainError(error, "previewing the order");
    });
  return previews.map(({ leg, refusal, volume }) => ({
    leg: LEGS[leg] ?? "request",
    refusal: REFUSALS[refusal] ?? "None",
    volume,
  }));
}

/** Orders, each once, by their places in a batch. */
function shelf() {
  const places = new Map<string, number>();
  const orders: SignedOrder[] = [];
  return {
    orders,
    place(order: SignedOrder): number {
      const hash = orderHash(order);
      const known = places.get(hash);
      if (known !== undefined) return known;
      places.set(hash, orders.length);
      return orders.push(order) - 1;
    },
  };
}

function counted(previews: readonly { readonly leg: Leg; readonly refusal: Refusal }[]) {
  const counts = new Map<string, { leg: Leg; refusal: Refusal; matches: number }>();
  for (const { leg, refusal } of previews) {
    const key = `${leg} ${refusal}`;
    counts.set(key, { leg, refusal, matches: (counts.get(key)?.matches ?? 0) + 1 });
  }
  return [...counts.values()]
    .sort((a, b) => b.matches - a.matches)
    .map((each) => ({ ...each, ...refusalText(each.refusal) }));
}

function noOrders(missing: ReadonlyMap<Leg, number>) {
  return [...missing].map(([leg, matches]) => ({
    ...{ leg, refusal: "NoOrder" as const, matches },
    ...refusalText("NoOrder"),
  }));
}
