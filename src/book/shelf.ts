import { createPriceLadder, type PriceLadder } from "./price-ladder.ts";
import type { RestingOrder } from "./resting-order.ts";

/** The orders that compete with each other: those for one app, for one dataset, or one side of a category. */
export interface Shelf<Order extends RestingOrder> {
  /** Active or not: an order that cannot be filled now still explains why nothing matches. */
  readonly all: Set<Order>;
  readonly ladder: PriceLadder<Order>;
  /** The book's tick at which an order became active last: who searched in vain before it looks again. */
  arrivedAt: number;
}

/** Shelves by what their orders are for; made at the first order, dropped with the last. */
export interface Shelves<Key, Order extends RestingOrder> {
  get(key: Key): Shelf<Order> | undefined;
  add(key: Key, order: Order): void;
  delete(key: Key, order: Order): void;
  keys(): Key[];
}

export function createShelves<Key, Order extends RestingOrder>(side: "ask" | "bid"): Shelves<Key, Order> {
  const shelves = new Map<Key, Shelf<Order>>();
  return {
    get: (key) => shelves.get(key),
    add(key, order) {
      let shelf = shelves.get(key);
      if (shelf === undefined) {
        shelf = { all: new Set(), ladder: createPriceLadder(side), arrivedAt: 0 };
        shelves.set(key, shelf);
      }
      shelf.all.add(order);
    },
    delete(key, order) {
      const shelf = shelves.get(key);
      if (shelf?.all.delete(order) && shelf.all.size === 0) shelves.delete(key);
    },
    keys: () => [...shelves.keys()],
  };
}
