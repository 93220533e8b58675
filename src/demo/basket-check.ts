/**
 * What `apps/basket-analysis` must answer, computed a second time from the definition (apps/basket-analysis/README.md) and
 * nothing else: sets and exact fractions where the app has flat tables, regular expressions where it has a byte scanner.
 */
export type BasketParams = {
  /** Days to look at, `YYYY-MM-DD`, at least one. */
  days: string[];
  /** Least number of baskets a pair shares; 5 when left out. */
  minPairCount?: number;
  /** How many pairs are listed; 20 when left out. */
  top?: number;
};

type Pair = { a: string; b: string; countA: number; countB: number; countBoth: number };
type Revenue = { sales: bigint; cancelled: bigint };

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const PRODUCT = /^[0-9]{5}[A-Za-z]*$/;
const DATE = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?: |$)/;
const QUANTITY = /^-?[0-9]{1,6}$/;
const PRICE = /^([0-9]{1,6})(?:\.([0-9]+))?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const PLAIN = /^[^\u0000-\u001f\u007f]+$/u;
const MOST_PENCE = 2n ** 53n - 1n;

/** The canonical JSON the app writes, as bytes. @throws Error where the app exits with 3 or 4 */
export function expectedBasketAnalysis(csv: string, params: BasketParams): Uint8Array {
  const { minPairCount = 5, top = 20 } = params;
  const days = [...params.days].sort();
  const count = {
    ...{
      lines: 0,
      saleLines: 0,
      cancellationLines: 0,
      missingCustomerLines: 0,
      malformedLines: 0,
      otherDayLines: 0,
    },
    ...{ nonProductLines: 0, subPennyLines: 0, stockAdjustmentLines: 0, zeroPriceLines: 0 },
  };
  const revenue = new Map<string, Map<string, Revenue>>(days.map((day) => [day, new Map()]));
  const baskets = new Map<string, Set<string>>();

  const [header, ...records] = parseRecords(csv);
  if (JSON.stringify(header) !== JSON.stringify(HEADER.split(","))) {
    throw new Error("the dataset does not begin with the header");
  }
  for (const record of records) {
    count.lines++;
    const [invoice = "", code = "", , quantityText = "", date = "", priceText = "", customer, country = ""] =
      record ?? [];
    const day = DATE.exec(date)?.[1];
    if (record?.length !== 8 || day === undefined) count.malformedLines++;
    else if (!days.includes(day)) count.otherDayLines++;
    else if (invoice === "" || !QUANTITY.test(quantityText) || !PLAIN.test(country)) count.malformedLines++;
    else if (!PRODUCT.test(code)) count.nonProductLines++;
    else {
      const price = PRICE.exec(priceText);
      const decimals = price?.[2] ?? "";
      const quantity = BigInt(quantityText);
      const cancels = invoice.startsWith("C");
      if (price === null) count.malformedLines++;
      else if (/[1-9]/.test(decimals.slice(2))) count.subPennyLines++;
      else if (quantity === 0n || (cancels && quantity > 0n)) count.malformedLines++;
      else if (!cancels && quantity < 0n) count.stockAdjustmentLines++;
      else {
        const pence = BigInt(`${price[1]}${decimals.slice(0, 2).padEnd(2, "0")}`);
        if (pence === 0n) count.zeroPriceLines++;
        else {
          const ofDay = revenue.get(day) as Map<string, Revenue>;
          const entry = ofDay.get(country) ?? { sales: 0n, cancelled: 0n };
          ofDay.set(country, entry);
          if (cancels) {
            count.cancellationLines++;
            entry.cancelled -= quantity * pence;
          } else {
            count.saleLines++;
            if (customer === "") count.missingCustomerLines++;
            entry.sales += quantity * pence;
            const basket = baskets.get(invoice) ?? new Set();
            baskets.set(invoice, basket.add(code.toUpperCase()));
          }
          if (entry.sales > MOST_PENCE || entry.cancelled > MOST_PENCE)
            throw new Error("a total is above 2^53 - 1 pence");
        }
      }
    }
  }

  const { pairs, products } = countPairs(baskets.values());
  const supported = pairs.filter((pair) => pair.countBoth >= minPairCount).sort(byLift);
  return canonicalJson({
    definition: "basket-analysis/1",
    ...{ days, minPairCount, top },
    counts: {
      ...{ baskets: baskets.size, products, supportedPairs: supported.length, lines: count.lines },
      saleLines: count.saleLines,
      cancellationLines: count.cancellationLines,
      missingCustomerLines: count.missingCustomerLines,
      skipped: {
        malformedLines: count.malformedLines,
        otherDayLines: count.otherDayLines,
        nonProductLines: count.nonProductLines,
        subPennyLines: count.subPennyLines,
        stockAdjustmentLines: count.stockAdjustmentLines,
        zeroPriceLines: count.zeroPriceLines,
      },
    },
    pairs: supported.slice(0, top).map((pair) => ({
      ...pair,
      liftNumerator: BigInt(pair.countBoth) * BigInt(baskets.size),
      liftDenominator: BigInt(pair.countA) * BigInt(pair.countB),
    })),
    revenue: days.flatMap((day) =>
      [...(revenue.get(day) ?? [])]
        .sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
        .map(([country, { sales, cancelled }]) => ({
          ...{ day, country, salesPence: sales, cancelledPence: cancelled, revenuePence: sales - cancelled },
        })),
    ),
  });
}

/** Records of RFC 4180; null for one with bad quotes. Empty lines are left out. */
function parseRecords(csv: string): (string[] | null)[] {
  const records: (string[] | null)[] = [];
  // A field: quoted (closed or not), then whatever unquoted text follows; then what ends it.
  const field = /(?:"((?:[^"]|"")*)("|$))?((?:[^,\r\n]|\r(?!\n))*)(,|\r?\n|$)/y;
  const text = csv.replace(/^\ufeff/, "");
  let fields: string[] = [];
  let bad = false;
  for (;;) {
    const atLineStart = fields.length === 0;
    if (atLineStart && field.lastIndex >= text.length) return records;
    const match = field.exec(text) as RegExpExecArray;
    const [whole, quoted, closing, plain = "", end] = match;
    if (atLineStart && whole === end && end !== ",") continue;
    fields.push((quoted ?? "").replaceAll('""', '"') + plain);
    if (quoted !== undefined && (closing !== '"' || plain !== "")) bad = true;
    if (end === ",") continue;
    records.push(bad ? null : fields);
    fields = [];
    bad = false;
  }
}

function countPairs(baskets: Iterable<Set<string>>): { pairs: Pair[]; products: number } {
  const single = new Map<string, number>();
  const both = new Map<string, Map<string, number>>();
  for (const basket of baskets) {
    const codes = [...basket].sort();
    codes.forEach((a, index) => {
      single.set(a, (single.get(a) ?? 0) + 1);
      const row = both.get(a) ?? new Map<string, number>();
      both.set(a, row);
      for (const b of codes.slice(index + 1)) row.set(b, (row.get(b) ?? 0) + 1);
    });
  }
  const frequency = (code: string) => single.get(code) ?? 0;
  const pairs = [...both].flatMap(([a, row]) =>
    [...row].map(([b, countBoth]) => ({ a, b, countA: frequency(a), countB: frequency(b), countBoth })),
  );
  return { pairs, products: single.size };
}

function byLift(p: Pair, q: Pair): number {
  const left = BigInt(p.countBoth) * BigInt(q.countA) * BigInt(q.countB);
  const right = BigInt(q.countBoth) * BigInt(p.countA) * BigInt(p.countB);
  if (left !== right) return left > right ? -1 : 1;
  if (p.countBoth !== q.countBoth) return q.countBoth - p.countBoth;
  return p.a !== q.a ? (p.a < q.a ? -1 : 1) : p.b < q.b ? -1 : 1;
}

type Json = string | number | bigint | Json[] | { [key: string]: Json };

function canonicalJson(value: Json): Uint8Array {
  const text = (part: Json): string => {
    if (Array.isArray(part)) return `[${part.map(text).join()}]`;
    if (typeof part !== "object") return typeof part === "bigint" ? part.toString() : JSON.stringify(part);
    const keys = Object.keys(part).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${text(part[key] as Json)}`).join()}}`;
  };
  return Buffer.from(text(value), "utf8");
}
