import { Baskets } from "./baskets";

export class Pair {
  constructor(
    public a: i32,
    public b: i32,
    public countA: i32,
    public countB: i32,
    public countBoth: i32,
  ) {}
}

/**
 * Lift of a pair is both * N / (a * b); N is the same on both sides of a comparison and drops out. Every count is at most
 * N <= 10^6, so the cross products are at most 10^18 < 2^63. Equal lift: more common baskets first, then codes in byte order.
 */
function precedes(p: Pair, q: Pair): bool {
  const left = <u64>p.countBoth * <u64>q.countA * <u64>q.countB;
  const right = <u64>q.countBoth * <u64>p.countA * <u64>p.countB;
  if (left != right) return left > right;
  if (p.countBoth != q.countBoth) return p.countBoth > q.countBoth;
  return p.a != q.a ? p.a < q.a : p.b < q.b;
}

/** The best `top` pairs that share at least `minPairCount` baskets, best first. */
export class Pairs {
  best: Array<Pair> = [];
  /** How many pairs reached minPairCount. */
  supported: i32 = 0;

  /**
   * One product at a time: its baskets are walked and what stands behind it in them is counted in one row, so memory grows with
   * the products, never with the pairs. A pair cannot be more frequent than either of its products: rare ones are left out.
   */
  constructor(baskets: Baskets, minPairCount: i32, top: i32) {
    const row = new StaticArray<i32>(baskets.products);
    const touched = new StaticArray<i32>(baskets.products);
    // Where the walk stands in each basket: products come in ascending order, so it only moves forward.
    const position = new StaticArray<i32>(baskets.count);
    for (let basket = 0; basket < baskets.count; basket++) position[basket] = baskets.basketStart[basket];

    for (let a = 0; a < baskets.products; a++) {
      const countA = baskets.frequency(a);
      let touches = 0;
      for (let i = baskets.productStart[a]; i < baskets.productStart[a + 1]; i++) {
        const basket = unchecked(baskets.basketOf[i]);
        const first = ++position[basket];
        if (countA < minPairCount) continue;
        const end = unchecked(baskets.basketStart[basket + 1]);
        for (let at = first; at < end; at++) {
          const b = unchecked(baskets.rankIn[at]);
          const seen = unchecked(row[b]);
          if (seen == 0) unchecked((touched[touches++] = b));
          unchecked((row[b] = seen + 1));
        }
      }
      for (let i = 0; i < touches; i++) {
        const b = touched[i];
        const both = row[b];
        row[b] = 0;
        if (both < minPairCount) continue;
        this.supported++;
        this.offer(new Pair(a, b, countA, baskets.frequency(b), both), top);
      }
    }
  }

  private offer(pair: Pair, top: i32): void {
    const best = this.best;
    if (best.length == top && !precedes(pair, best[top - 1])) return;
    let low = 0;
    let high = best.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (precedes(best[middle], pair)) low = middle + 1;
      else high = middle;
    }
    if (best.length < top) best.push(pair);
    for (let i = best.length - 1; i > low; i--) best[i] = best[i - 1];
    best[low] = pair;
  }
}
