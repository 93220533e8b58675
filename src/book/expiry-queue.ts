import type { Hex } from "viem";

interface Due {
  readonly hash: Hex;
  readonly validUntil: bigint;
}

/** Which orders expire next: a binary heap. Orders that left the book stay in it until their time or a `retain`. */
export interface ExpiryQueue {
  add(hash: Hex, validUntil: bigint): void;
  /** Takes out what may not be sealed any more at `now` (Unix seconds), earliest first. */
  takeExpired(now: bigint): Hex[];
  /** Forgets all that are not kept. */
  retain(keep: (hash: Hex) => boolean): void;
  readonly size: number;
}

export function createExpiryQueue(): ExpiryQueue {
  let heap: Due[] = [];
  const at = (index: number) => heap[index] as Due;
  const earlier = (a: number, b: number) => at(a).validUntil < at(b).validUntil;
  const swap = (a: number, b: number) => {
    const moved = at(a);
    heap[a] = at(b);
    heap[b] = moved;
  };

  function add(hash: Hex, validUntil: bigint): void {
    let child = heap.push({ hash, validUntil }) - 1;
    while (child > 0) {
      const parent = (child - 1) >>> 1;
      if (!earlier(child, parent)) break;
      swap(child, parent);
      child = parent;
    }
  }

  function takeFirst(): Due {
    const first = at(0);
    const last = heap.pop() as Due;
    if (heap.length > 0) {
      heap[0] = last;
      for (let parent = 0; ; ) {
        const left = 2 * parent + 1;
        const right = left + 1;
        let least = parent;
        if (left < heap.length && earlier(left, least)) least = left;
        if (right < heap.length && earlier(right, least)) least = right;
        if (least === parent) break;
        swap(parent, least);
        parent = least;
      }
    }
    return first;
  }

  return {
    add,
    takeExpired(now) {
      const expired: Hex[] = [];
      // `validUntil` is the last second at which an order may be sealed.
      while (heap.length > 0 && at(0).validUntil < now) expired.push(takeFirst().hash);
      return expired;
    },
    retain(keep) {
      const kept = heap.filter(({ hash }) => keep(hash));
      heap = [];
      for (const { hash, validUntil } of kept) add(hash, validUntil);
    },
    get size() {
      return heap.length;
    },
  };
}
