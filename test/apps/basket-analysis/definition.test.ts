import { describe, expect, it } from "vitest";
import { expectedBasketAnalysis } from "#src/demo/basket-check.ts";
import { analyse } from "./built-app.ts";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const DAY = "2010-12-01";
const everything = { days: [DAY], minPairCount: 1 };

type Analysis = {
  counts: Record<string, number> & { skipped: Record<string, number> };
  pairs: { a: string; b: string; countBoth: number; liftNumerator: number; liftDenominator: number }[];
  revenue: {
    country: string;
    day: string;
    salesPence: number;
    cancelledPence: number;
    revenuePence: number;
  }[];
};

function line({
  invoice = "1",
  code = "10001",
  quantity = "1",
  date = `${DAY} 08:00:00`,
  price = "1.0",
  customer = "7",
  country = "EIRE",
} = {}) {
  return [invoice, code, "THING", quantity, date, price, customer, country].join();
}

/** The app's answer, after a comparison byte for byte with the independent computation. */
async function answer(
  lines: string[],
  params: { days: string[]; minPairCount?: number; top?: number } = everything,
) {
  const csv = `${HEADER}\n${lines.join("\n")}\n`;
  const end = await analyse(csv, params);
  if (end.type !== "ended") throw new Error(end.reason);
  const text = Buffer.from(end.output).toString();
  expect(text).toBe(Buffer.from(expectedBasketAnalysis(csv, params)).toString());
  return JSON.parse(text) as Analysis;
}

describe("basket-analysis refuses with exit code 2", () => {
  it.each([
    ["no JSON", "days"],
    ["an empty object", "{}"],
    ["no days", '{"top":3}'],
    ["an empty list of days", '{"days":[]}'],
    ["a day in another form", '{"days":["1.12.2010"]}'],
    ["a day twice", '{"days":["2010-12-01","2010-12-01"]}'],
    ["an unknown key", '{"days":["2010-12-01"],"country":"EIRE"}'],
    ["a key twice", '{"days":["2010-12-01"],"top":1,"top":2}'],
    ["zero", '{"days":["2010-12-01"],"top":0}'],
    ["a fraction", '{"days":["2010-12-01"],"top":1.5}'],
    ["too many", '{"days":["2010-12-01"],"top":1001}'],
    ["what overflows", '{"days":["2010-12-01"],"minPairCount":4294967297}'],
    ["something behind the end", '{"days":["2010-12-01"]} x'],
    ["a cut off text", '{"days":["2010-12-0'],
  ])("%s", async (_name, params) => {
    expect(await analyse(`${HEADER}\n`, params)).toMatchObject({
      type: "failure",
      code: 7,
      reason: "exit code 2",
    });
  });
});

describe("basket-analysis refuses with exit code", () => {
  it.each([[""], ["x\n"], [`${HEADER},Extra\n`], [`"${HEADER}"\n`]])(
    "3 a dataset that begins with %j",
    async (csv) => {
      expect(await analyse(csv, everything)).toMatchObject({ type: "failure", reason: "exit code 3" });
      expect(() => expectedBasketAnalysis(csv, everything)).toThrow("header");
    },
  );

  it("3 no dataset", async () => {
    expect(await analyse(null, everything)).toMatchObject({ type: "failure", reason: "exit code 3" });
  });

  it("4 more lines than its bounds cover", async () => {
    expect(await analyse(`${HEADER}\n${"\n".repeat(1_000_000)}`, everything)).toMatchObject({
      reason: "exit code 4",
    });
  });

  it("4 totals above 2^53 - 1 pence", async () => {
    const large = line({ quantity: "999999", price: "999999.99" });
    const csv = (count: number) => `${HEADER}\n${`${large}\n`.repeat(count)}`;
    expect(await analyse(csv(91), everything)).toMatchObject({ type: "failure", reason: "exit code 4" });
    expect(() => expectedBasketAnalysis(csv(91), everything)).toThrow("2^53");
    expect((await answer(Array(90).fill(large))).revenue[0]?.salesPence).toBe(90 * 999_999 * 99_999_999);
  });
});

describe("a line is left out and counted as", () => {
  it.each([
    ["malformedLines", "one,two"],
    ["malformedLines", `${line()},more`],
    ["malformedLines", line({ date: "12/1/2010 8:26" })],
    ["malformedLines", line({ date: `${DAY}T08:00` })],
    ["malformedLines", line({ invoice: "" })],
    ["malformedLines", line({ quantity: "1.5" })],
    ["malformedLines", line({ quantity: "-" })],
    ["malformedLines", line({ quantity: "1000000" })],
    ["malformedLines", line({ quantity: "0" })],
    ["malformedLines", line({ price: "-1" })],
    ["malformedLines", line({ price: "1." })],
    ["malformedLines", line({ price: ".5" })],
    ["malformedLines", line({ price: "1000000" })],
    ["malformedLines", line({ country: "" })],
    ["malformedLines", line({ country: "a\tb" })],
    ["malformedLines", line({ invoice: "C1" })],
    ["malformedLines", line({ code: '"10001"x' })],
    ["malformedLines", line({ country: '"EIRE' })],
    ["otherDayLines", line({ date: "2010-12-02 00:00:00", quantity: "?" })],
    ["nonProductLines", line({ code: "POST", price: "?" })],
    ["nonProductLines", line({ code: "1000" })],
    ["nonProductLines", line({ code: "10001-A" })],
    ["subPennyLines", line({ price: "0.001" })],
    ["subPennyLines", line({ price: "1.2345" })],
    ["stockAdjustmentLines", line({ quantity: "-3", price: "0.0" })],
    ["zeroPriceLines", line({ price: "0.00" })],
    ["zeroPriceLines", line({ invoice: "C1", quantity: "-1", price: "0" })],
  ])("%s: %s", async (kind, text) => {
    const { counts, revenue } = await answer([text]);
    expect(counts).toMatchObject({ lines: 1, saleLines: 0, baskets: 0, skipped: { [kind]: 1 } });
    expect(Object.values(counts.skipped).reduce((sum, count) => sum + count)).toBe(1);
    expect(revenue).toEqual([]);
  });
});

describe("revenue", () => {
  it.each([
    ["2.55", 255],
    ["2.1", 210],
    ["2", 200],
    ["0.05", 5],
    ["007.10", 710],
    ["2.5500", 255],
    ["999999.99", 99_999_999],
  ])("reads %s pounds exactly", async (price, pence) => {
    expect((await answer([line({ price })])).revenue[0]?.salesPence).toBe(pence);
  });

  it("is sales less cancellations, by day, then country in byte order", async () => {
    const { revenue, counts } = await answer(
      [
        line({ country: "Österreich", quantity: "2" }),
        line({ country: "Zypern", customer: "" }),
        line({ country: '"Korea, ""South"""' }),
        line({ invoice: "C9", quantity: "-3", country: "Zypern" }),
        line({ date: "2010-11-30" }),
      ],
      { days: [DAY, "2010-11-30"] },
    );
    expect(revenue).toEqual([
      { country: "EIRE", day: "2010-11-30", salesPence: 100, cancelledPence: 0, revenuePence: 100 },
      { country: 'Korea, "South"', day: DAY, salesPence: 100, cancelledPence: 0, revenuePence: 100 },
      { country: "Zypern", day: DAY, salesPence: 100, cancelledPence: 300, revenuePence: -200 },
      { country: "Österreich", day: DAY, salesPence: 200, cancelledPence: 0, revenuePence: 200 },
    ]);
    expect(counts).toMatchObject({ saleLines: 4, cancellationLines: 1, missingCustomerLines: 1, baskets: 1 });
  });
});

describe("pairs", () => {
  const basket = (invoice: number, ...codes: string[]) =>
    codes.map((code) => line({ invoice: String(invoice), code }));

  it("count a product once a basket, whatever the case of its code", async () => {
    const { pairs, counts } = await answer([
      ...basket(1, "10001a", "10001A", "20002", "20002"),
      ...basket(2, "30003"),
    ]);
    expect(counts).toMatchObject({ baskets: 2, products: 3, supportedPairs: 1 });
    expect(pairs).toMatchObject([
      { a: "10001A", b: "20002", countBoth: 1, liftNumerator: 2, liftDenominator: 1 },
    ]);
  });

  it("come by lift, then by common baskets, then by codes", async () => {
    const lines = [
      ...basket(1, "30000", "20000", "10000"),
      ...basket(2, "50000", "40000"),
      ...basket(3, "40000", "50000"),
      ...basket(4, "60000", "70000"),
      ...basket(5, "60000"),
    ];
    const listed = (await answer(lines)).pairs.map(({ a, b }) => `${a} ${b}`);
    expect(listed).toEqual(["10000 20000", "10000 30000", "20000 30000", "40000 50000", "60000 70000"]);
    expect((await answer(lines, { ...everything, top: 2 })).pairs).toHaveLength(2);
    expect((await answer(lines, { ...everything, minPairCount: 2 })).pairs).toMatchObject([
      { a: "40000", countBoth: 2 },
    ]);
  });
});

it("reads CRLF, a byte order mark, no last line end, empty lines and quoted line ends", async () => {
  const quoted = `1,10001,"A ""B"",\r\nC",1,${DAY} 08:00:00,1.0,7,EIRE`;
  for (const csv of [
    `\ufeff${HEADER}\r\n\r\n${quoted}\r\n${line()}`,
    `${HEADER}\n\n${quoted}\n\n${line({ country: "" })}`,
  ]) {
    const end = await analyse(csv, everything);
    if (end.type !== "ended") throw new Error(end.reason);
    expect(Buffer.from(end.output).toString()).toBe(
      Buffer.from(expectedBasketAnalysis(csv, everything)).toString(),
    );
    expect(JSON.parse(Buffer.from(end.output).toString())).toMatchObject({ counts: { lines: 2 } });
  }
});

it("refuses country names that are not UTF-8, line by line", async () => {
  for (const bytes of [
    [0xff],
    [0xc3],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
  ]) {
    const csv = Buffer.concat([
      Buffer.from(`${HEADER}\n${line({ country: "x" })}`),
      Buffer.from(bytes),
      Buffer.from("\n"),
    ]);
    const end = await analyse(csv, everything);
    if (end.type !== "ended") throw new Error(end.reason);
    expect(JSON.parse(Buffer.from(end.output).toString())).toMatchObject({
      counts: { skipped: { malformedLines: 1 } },
    });
  }
});
