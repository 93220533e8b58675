import type { Hex } from "viem";
import type { Proposal, ProposedOrder } from "#src/book/proposal.ts";
import type { SignedOf } from "#src/book/resting-order.ts";
import type { OrderType, SignedOrder, Terms } from "#src/protocol/orders.ts";
import { NO_DATASET, type SealBatch } from "./market-chain.ts";

/** One call of `Clerk.seal` for several proposals: an order that several share is passed once. */
export function sealBatch(proposals: readonly Proposal[]): SealBatch {
  const apps = shelf<"app">();
  const datasets = shelf<"dataset">();
  const pools = shelf<"pool">();
  const requests = shelf<"request">();
  const matches = proposals.map(({ app, dataset, pool, request }) => ({
    app: apps.place(app),
    dataset: dataset === undefined ? NO_DATASET : datasets.place(dataset),
    pool: pools.place(pool),
    request: requests.place(request),
  }));
  const orders = [...apps.orders, ...datasets.orders, ...pools.orders, ...requests.orders];
  return {
    apps: apps.orders,
    datasets: datasets.orders,
    pools: pools.orders,
    requests: requests.orders,
    sponsorships: requests.orders.flatMap(({ sponsorship }) => (sponsorship ? [sponsorship] : [])),
    terms: termsOf(orders),
    matches,
  };
}

/** All terms, each once. */
function termsOf(orders: readonly SignedOrder[]): Terms[] {
  const byHash = new Map(
    orders.flatMap(({ order, terms }) => (terms ? [[order.conditions.terms, terms] as const] : [])),
  );
  return [...byHash.values()];
}

function shelf<Type extends OrderType>() {
  const places = new Map<Hex, number>();
  const orders: SignedOf<Type>[] = [];
  return {
    orders,
    place({ hash, signed }: ProposedOrder<Type>): number {
      const known = places.get(hash);
      if (known !== undefined) return known;
      places.set(hash, orders.length);
      return orders.push(signed) - 1;
    },
  };
}
