import fc from "fast-check";
import { expect, it } from "vitest";
import { expectedBasketAnalysis } from "#src/demo/basket-check.ts";
import { analyse, basketApp } from "./built-app.ts";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const days = ["2010-12-01", "2010-12-02", "2010-12-03"];

/** Mostly plausible lines, few values so that baskets overlap, with the occasional oddity in every field. */
const field = (usual: string[], odd: string[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
const codes = ["10001", "10001A", "10001a", "10002", "10003", "20001", "20002b", "20002B"];
const invoices = ["1", "2", "3", "4", "5", "6", "7", "C8"];
const line = fc
  .tuple(
    field(invoices, ["", "A9", "c1"]),
    field(codes, ["POST", "M", "", "123456", "1000A", "10001é"]),
    field(["", "THING"], ['"A, ""B"""', '"two\nlines"', "it's", 'in"side', '"open', '"shut"x']),
    field(["1", "12", "3"], ["-1", "-12", "0", "", "1e3", "+1", "999999", "1000000", "-0", "00012"]),
    field(
      [`${days[0]} 08:00:00`, `${days[1]} 09:00:00`],
      [days[2] ?? "", "2010-12-1", "", `${days[0]}x`, `"${days[0]} a"`],
    ),
    field(
      ["1.25", "0.5", "3", "2.10"],
      ["0", "0.0", "0.001", "1.230", "-1", "1.", ".1", "1,5", "NaN", "999999.999"],
    ),
    field(["17850.0"], [""]),
    field(
      ["United Kingdom", "EIRE"],
      ["", "Åland", '"Korea, ""S"""', "back\\slash", "日本", "😀", "\u007f", "a\rb"],
    ),
  )
  .map((fields) => fields.join());
const junk = fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "1", "A", " "), maxLength: 12 });
const csv = fc
  .tuple(
    fc.array(fc.oneof({ weight: 15, arbitrary: line }, { weight: 1, arbitrary: junk }), { maxLength: 60 }),
    fc.constantFrom("\n", "\r\n"),
    fc.boolean(),
  )
  .map(([lines, end, last]) => [HEADER, ...lines].join(end) + (last ? end : ""));
const params = fc.record({
  days: fc.subarray(days, { minLength: 1 }),
  minPairCount: fc.integer({ min: 1, max: 3 }),
  top: fc.integer({ min: 1, max: 12 }),
});

it("agrees byte for byte with the independent computation on random data", { timeout: 120_000 }, async () => {
  await basketApp();
  await fc.assert(
    fc.asyncProperty(csv, params, async (text, chosen) => {
      const end = await analyse(text, chosen);
      if (end.type !== "ended") throw new Error(`${end.reason} ${"log" in end ? end.log : ""}`);
      expect(Buffer.from(end.output).toString()).toBe(
        Buffer.from(expectedBasketAnalysis(text, chosen)).toString(),
      );
      const { counts } = JSON.parse(Buffer.from(end.output).toString()) as {
        counts: Record<string, number> & { skipped: Record<string, number> };
      };
      const skipped = Object.values(counts.skipped).reduce((sum, count) => sum + count, 0);
      expect(skipped + (counts.saleLines ?? 0) + (counts.cancellationLines ?? 0)).toBe(counts.lines);
    }),
    { numRuns: 500 },
  );
});
