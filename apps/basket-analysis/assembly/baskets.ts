import { Sales } from "./sales";

/**
 * A basket is the set of distinct product codes one invoice sold. Both directions are kept as one flat list with offsets:
 * the baskets of each product, and the products of each basket. Products are numbered by their code's byte order ("rank"), so
 * that within a basket they are ascending, and a < b for ranks says the same as for codes.
 */
export class Baskets {
  count: i32;
  products: i32;
  /** Code number (of sales.codes) by rank. */
  codeOf: StaticArray<i32>;
  /** Baskets that hold the product: basketOf[productStart[rank] .. productStart[rank + 1]]. */
  productStart: StaticArray<i32>;
  basketOf: StaticArray<i32>;
  /** Ranks in the basket, ascending: rankIn[basketStart[basket] .. basketStart[basket + 1]]. */
  basketStart: StaticArray<i32>;
  rankIn: StaticArray<i32>;

  constructor(sales: Sales) {
    const lines = sales.counts.saleLines;
    const count = sales.invoices.count;
    const products = sales.codes.count;
    this.count = count;
    this.products = products;
    // Lines bound the entries: a product twice on one invoice counts once.
    this.codeOf = sales.codes.sorted();
    this.productStart = new StaticArray<i32>(products + 1);
    this.basketOf = new StaticArray<i32>(lines);
    this.basketStart = new StaticArray<i32>(count + 1);
    this.rankIn = new StaticArray<i32>(lines);

    const rankOf = new StaticArray<i32>(products);
    for (let rank = 0; rank < products; rank++) rankOf[this.codeOf[rank]] = rank;

    // Lines by product (counting sort), then the baskets of each product once: `last` remembers who was there.
    const lineStart = new StaticArray<i32>(products + 1);
    for (let i = 0; i < lines; i++) lineStart[rankOf[sales.lineCode[i]] + 1]++;
    for (let rank = 0; rank < products; rank++) lineStart[rank + 1] += lineStart[rank];
    const next = new StaticArray<i32>(products);
    for (let rank = 0; rank < products; rank++) next[rank] = lineStart[rank];
    const byProduct = new StaticArray<i32>(lines);
    for (let i = 0; i < lines; i++) byProduct[next[rankOf[sales.lineCode[i]]]++] = sales.lineInvoice[i];

    const last = new StaticArray<i32>(count); // rank + 1
    let entries = 0;
    for (let rank = 0; rank < products; rank++) {
      for (let i = lineStart[rank]; i < lineStart[rank + 1]; i++) {
        const basket = byProduct[i];
        if (last[basket] == rank + 1) continue;
        last[basket] = rank + 1;
        this.basketOf[entries++] = basket;
        this.basketStart[basket + 1]++;
      }
      this.productStart[rank + 1] = entries;
    }

    // Filling in order of rank leaves every basket sorted.
    for (let basket = 0; basket < count; basket++) this.basketStart[basket + 1] += this.basketStart[basket];
    const free = new StaticArray<i32>(count);
    for (let basket = 0; basket < count; basket++) free[basket] = this.basketStart[basket];
    for (let rank = 0; rank < products; rank++) {
      for (let i = this.productStart[rank]; i < this.productStart[rank + 1]; i++) this.rankIn[free[this.basketOf[i]]++] = rank;
    }
  }

  /** In how many baskets the product is. */
  frequency(rank: i32): i32 {
    return this.productStart[rank + 1] - this.productStart[rank];
  }
}
