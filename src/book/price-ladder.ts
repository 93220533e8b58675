import { available, type RestingOrder } from "./resting-order.ts";

/** The orders of one price, together. */
export interface PriceLevel {
  /** Nano-HANSE per task. */
  readonly price: bigint;
  /** Tasks on offer or wanted. */
  readonly volume: number;
  readonly orders: number;
}

/** One side of a market: best price first, then who came first. */
export interface PriceLadder<Order extends RestingOrder> {
  add(order: Order): void;
  /** The order must not have changed its available volume since it was added. */
  remove(order: Order): void;
  best(): Order | undefined;
  /** The one that comes after, for an order on the ladder. */
  after(order: Order): Order | undefined;
  /** Aggregated levels, best first, at most `limit`. */
  levels(limit: number): PriceLevel[];
}

interface Level {
  readonly price: bigint;
  volume: number;
  orders: number;
  head: RestingOrder | undefined;
  tail: RestingOrder | undefined;
}

/** @param side asks are best when cheap, bids when high */
export function createPriceLadder<Order extends RestingOrder>(side: "ask" | "bid"): PriceLadder<Order> {
  // The best level stands last: levels come and go at the best price, where an array is cheap to change.
  const levels: Level[] = [];
  const byPrice = new Map<bigint, Level>();
  const worse = (a: bigint, b: bigint) => (side === "ask" ? a > b : a < b);

  // Only orders of this type were linked.
  const typed = (order: RestingOrder | undefined) => order as Order | undefined;

  /** Place of the first level that is not worse than the price. */
  function placeOf(price: bigint): number {
    let [low, high] = [0, levels.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const level = levels[middle];
      if (level !== undefined && worse(level.price, price)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function levelOf(price: bigint): Level {
    const known = byPrice.get(price);
    if (known !== undefined) return known;
    const level: Level = { price, volume: 0, orders: 0, head: undefined, tail: undefined };
    byPrice.set(price, level);
    levels.splice(placeOf(price), 0, level);
    return level;
  }

  return {
    add(order) {
      const level = levelOf(order.price);
      link(level, order);
      level.volume += available(order);
      level.orders++;
    },
    remove(order) {
      const level = byPrice.get(order.price);
      if (level === undefined) return;
      unlink(level, order);
      level.volume -= available(order);
      level.orders--;
      if (level.orders > 0) return;
      byPrice.delete(level.price);
      levels.splice(placeOf(level.price), 1);
    },
    best: () => typed(levels.at(-1)?.head),
    after: (order) => typed(order.next ?? levels[placeOf(order.price) - 1]?.head),
    levels: (limit) =>
      levels
        .slice(-limit)
        .reverse()
        .map(({ price, volume, orders }) => ({ price, volume, orders })),
  };
}

/** By sequence. New orders belong at the tail and partly filled ones at the head: both are found at once. */
function link(level: Level, order: RestingOrder): void {
  let before = level.tail;
  if (level.head !== undefined && order.sequence < level.head.sequence) before = undefined;
  while (before !== undefined && before.sequence > order.sequence) before = before.previous;
  order.previous = before;
  order.next = before === undefined ? level.head : before.next;
  if (order.previous === undefined) level.head = order;
  else order.previous.next = order;
  if (order.next === undefined) level.tail = order;
  else order.next.previous = order;
}

function unlink(level: Level, order: RestingOrder): void {
  if (order.previous === undefined) level.head = order.next;
  else order.previous.next = order.next;
  if (order.next === undefined) level.tail = order.previous;
  else order.next.previous = order.previous;
  order.previous = undefined;
  order.next = undefined;
}
