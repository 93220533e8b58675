import type { Hex } from "viem";
import { type AssetId, NO_ASSET } from "#src/protocol/ids.ts";
import type { GroupQuestion } from "#src/protocol/match-rules.ts";
import type { OrderType } from "#src/protocol/orders.ts";
import type { Obstacle, Refusal } from "#src/protocol/refusals.ts";
import { createExclusions } from "./exclusions.ts";
import { createExpiryQueue } from "./expiry-queue.ts";
import { type Counterparties, findQuartet } from "./find-quartet.ts";
import { createGroupAnswers } from "./group-answers.ts";
import type { PriceLevel } from "./price-ladder.ts";
import { ordersOf, type Proposal, type ProposedOrder, type Quartet } from "./proposal.ts";
import { available, type BookEntry, type Resting, type RestingOrder, restingOrder } from "./resting-order.ts";
import { createShelves, type Shelves } from "./shelf.ts";
import { type WhyNot, whyNot } from "./why-not.ts";

/** Both sides of a category's market, best price first. */
export interface Depth {
  readonly asks: readonly PriceLevel[];
  readonly bids: readonly PriceLevel[];
}

/** The orders of one Clerk. All volumes are tasks, all times Unix seconds. */
export interface Book {
  /** @returns false when the order is in the book already; then nothing changes */
  add(entry: BookEntry): boolean;
  has(hash: Hex): boolean;
  remove(hash: Hex): void;
  /** What the chain says is left of an order; reservations stay as they are. */
  setRemaining(hash: Hex, remaining: number): void;
  /** Takes an order out of matching for a reason, or back with true. It keeps its place in time. */
  setFillable(hash: Hex, fillable: true | Refusal): void;
  /** These two are good, but not together. */
  exclude(request: Hex, other: Hex, refusal: Obstacle): void;
  /** Forgets exclusions, of one order or all. */
  readmit(hash?: Hex): void;
  /** Answers a question of a proposal, until it is answered anew or `forgetAnswers`. */
  answer(question: GroupQuestion, member: boolean): void;
  forgetAnswers(): void;
  /** Removes what may not be sealed any more. */
  expire(now: bigint): Hex[];
  /** Matches not proposed before, best first; what they take is reserved until confirmed or released. */
  nextMatches(limit: number, now: bigint): Proposal[];
  /** The proposal was sealed: what it reserved is filled. */
  confirm(proposal: number): void;
  /** The reservation ends and nothing was filled by it, or the fill is told by `setRemaining`. */
  release(proposal: number): void;
  /** At most `limit` levels a side (100 unless told), of what may be matched now. */
  depth(category: number, limit?: number): Depth;
  /** Categories with any order. */
  categories(): number[];
  /** Why a request is not matched; empty when nothing stands against it, or it is not in the book. */
  whyNot(request: Hex): WhyNot[];
  readonly size: Readonly<Record<OrderType, number>>;
}

export function createBook(): Book {
  const orders = new Map<Hex, RestingOrder>();
  const inFlight = new Map<number, Quartet>();
  const apps = createShelves<AssetId, Resting<"app">>("ask");
  const datasets = createShelves<AssetId, Resting<"dataset">>("ask");
  const pools = createShelves<number, Resting<"pool">>("ask");
  const requests = createShelves<number, Resting<"request">>("bid");
  const expiry = createExpiryQueue();
  const rules = { answers: createGroupAnswers(), exclusions: createExclusions() };
  const size: Record<OrderType, number> = { app: 0, dataset: 0, pool: 0, request: 0 };
  let tick = 0;
  // When something changed that could let any two orders match.
  let reopenedAt = 0;
  let proposals = 0;

  /** Which orders an order competes with; the one place that knows. */
  function placeOf({ signed }: RestingOrder): {
    shelves: Shelves<AssetId | number, RestingOrder>;
    key: AssetId | number;
  } {
    switch (signed.type) {
      case "app":
        return { shelves: apps, key: signed.order.app };
      case "dataset":
        return { shelves: datasets, key: signed.order.dataset };
      case "pool":
        return { shelves: pools, key: signed.order.category };
      case "request":
        return { shelves: requests, key: signed.order.category };
    }
  }

  /** Every change of an order goes through here, so that its ladder always counts the volume it has. */
  function change(order: RestingOrder, apply: () => void): void {
    const { shelves, key } = placeOf(order);
    const shelf = shelves.get(key);
    if (order.active) shelf?.ladder.remove(order);
    const before = available(order);
    const wasActive = order.active;
    apply();
    const volume = available(order);
    // By identity: an order that was removed and added again meanwhile is another one, and this one stays gone.
    const isHere = orders.get(order.hash) === order;
    order.active = isHere && order.blockedBy === undefined && volume >= order.minFill;
    if (!order.active || shelf === undefined) return;
    shelf.ladder.add(order);
    // A smaller volume opens no new match for anybody.
    if (wasActive && volume <= before) return;
    shelf.arrivedAt = ++tick;
    order.searchedAt = -1;
  }

  function counterparties(order: Resting<"request">): Counterparties {
    const { app, dataset, category } = order.signed.order;
    return {
      apps: apps.get(app),
      datasets: dataset === NO_ASSET ? undefined : datasets.get(dataset),
      pools: pools.get(category),
    };
  }

  /** Whether anything came since a request was searched for in vain. */
  function worthSearching(order: Resting<"request">, { apps, datasets, pools }: Counterparties): boolean {
    const latest = Math.max(
      reopenedAt,
      apps?.arrivedAt ?? 0,
      datasets?.arrivedAt ?? 0,
      pools?.arrivedAt ?? 0,
    );
    return latest > order.searchedAt;
  }

  function propose(quartet: Quartet): Proposal {
    const id = ++proposals;
    inFlight.set(id, quartet);
    for (const order of ordersOf(quartet))
      change(order, () => {
        order.reserved += quartet.volume;
      });
    const { request, app, dataset, pool, volume, questions } = quartet;
    return {
      id,
      request: proposed(request),
      app: proposed(app),
      ...(dataset ? { dataset: proposed(dataset) } : {}),
      pool: proposed(pool),
      volume,
      questions,
    };
  }

  function end(proposal: number, filled: boolean): void {
    const quartet = inFlight.get(proposal);
    if (quartet === undefined) return;
    inFlight.delete(proposal);
    for (const order of ordersOf(quartet)) {
      change(order, () => {
        order.reserved -= quartet.volume;
        if (filled) order.remaining = Math.max(order.remaining - quartet.volume, 0);
      });
    }
  }

  function remove(hash: Hex): void {
    const order = orders.get(hash);
    if (order === undefined) return;
    orders.delete(hash);
    change(order, () => undefined);
    const { shelves, key } = placeOf(order);
    shelves.delete(key, order);
    rules.exclusions.clear(hash);
    size[order.signed.type]--;
    // Orders that left before their time are swept once they outnumber those that stayed.
    if (expiry.size > 2 * orders.size + 1_000) expiry.retain((kept) => orders.has(kept));
  }

  function reopen(): void {
    reopenedAt = ++tick;
  }

  return {
    add(entry) {
      if (orders.has(entry.hash)) return false;
      const order = restingOrder(entry);
      const { shelves, key } = placeOf(order);
      orders.set(order.hash, order);
      shelves.add(key, order);
      expiry.add(order.hash, order.validUntil);
      size[order.signed.type]++;
      change(order, () => undefined);
      return true;
    },
    has: (hash) => orders.has(hash),
    remove,
    setRemaining(hash, remaining) {
      const order = orders.get(hash);
      if (order === undefined || order.remaining === remaining) return;
      change(order, () => {
        order.remaining = remaining;
      });
    },
    setFillable(hash, fillable) {
      const order = orders.get(hash);
      if (order === undefined) return;
      change(order, () => {
        order.blockedBy = fillable === true ? undefined : fillable;
      });
    },
    exclude: rules.exclusions.add,
    readmit(hash) {
      rules.exclusions.clear(hash);
      reopen();
    },
    answer(question, member) {
      if (rules.answers.set(question, member)) reopen();
    },
    forgetAnswers() {
      rules.answers.clear();
      reopen();
    },
    expire(now) {
      const expired = expiry.takeExpired(now).filter((hash) => orders.has(hash));
      for (const hash of expired) remove(hash);
      return expired;
    },
    nextMatches(limit, now) {
      const found: Proposal[] = [];
      for (const category of requests.keys().sort((a, b) => a - b)) {
        const bids = requests.get(category)?.ladder;
        const asks = pools.get(category)?.ladder;
        let request = bids?.best();
        while (bids !== undefined && request !== undefined && found.length < limit) {
          const cheapest = asks?.best();
          // Bids only get lower from here.
          if (cheapest === undefined || cheapest.price > request.price) break;
          const next = bids.after(request);
          for (
            let quartet = search(request, now);
            quartet !== undefined && found.length < limit;
            quartet = found.length < limit ? search(request, now) : undefined
          ) {
            found.push(propose(quartet));
          }
          request = next;
        }
      }
      return found;
    },
    confirm: (proposal) => end(proposal, true),
    release: (proposal) => end(proposal, false),
    depth: (category, limit = 100) => ({
      asks: pools.get(category)?.ladder.levels(limit) ?? [],
      bids: requests.get(category)?.ladder.levels(limit) ?? [],
    }),
    categories: () => [...new Set([...pools.keys(), ...requests.keys()])].sort((a, b) => a - b),
    whyNot(hash) {
      const order = orders.get(hash);
      if (order === undefined || !isRequest(order)) return [];
      return whyNot(order, counterparties(order), rules);
    },
    size,
  };

  function search(request: Resting<"request">, now: bigint): Quartet | undefined {
    const others = counterparties(request);
    if (!request.active || request.validUntil < now || !worthSearching(request, others)) return undefined;
    const quartet = findQuartet(request, others, rules, now);
    if (quartet === undefined) request.searchedAt = tick;
    return quartet;
  }
}

function isRequest(order: RestingOrder): order is Resting<"request"> & RestingOrder {
  return order.signed.type === "request";
}

function proposed<Type extends OrderType>({ hash, signer, signed }: Resting<Type>): ProposedOrder<Type> {
  return { hash, signer, signed };
}
