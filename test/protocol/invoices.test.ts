import { describe, expect, it } from "vitest";
import { buildDataset } from "#src/demo/build-dataset.ts";
import { convertPrice, crossRate, type ExchangeRate, parseRate } from "#src/protocol/exchange-rate.ts";
import { formatPrice, type Price, parsePrice, sumOf, timesPieces } from "#src/protocol/price.ts";

interface Line {
  readonly quantity: number;
  readonly unit: Price;
}

// Pounds and dollars for a euro.
const rate = crossRate(parseRate("0.85970") as ExchangeRate, parseRate("1.1305") as ExchangeRate);
const toDollars = (price: Price) => convertPrice(price, "USD", rate);

/** The wholesaler's invoices of five days; not its cancellations, whose numbers begin with a letter. */
async function readInvoices(): Promise<Map<string, Line[]>> {
  const [, ...rows] = new TextDecoder()
    .decode(await buildDataset())
    .trimEnd()
    .split("\n");
  const invoices = new Map<string, Line[]>();
  for (const row of rows) {
    // Behind the description, which may hold commas, no field is quoted.
    const [invoice = ""] = row.split(",");
    const [quantity, , unitPrice = ""] = row.split(",").slice(-5);
    if (!/^\d+$/.test(invoice)) continue;
    const unit = parsePrice(unitPrice, "GBP");
    if (unit === undefined) throw new Error(`${invoice}: ${unitPrice} is no price`);
    invoices.set(invoice, [...(invoices.get(invoice) ?? []), { quantity: Number(quantity), unit }]);
  }
  return invoices;
}

const invoices = [...(await readInvoices()).values()];

/** What the invoices would cost in dollars if `inDollars` were how, against the total converted once. */
function compare(inDollars: (lines: Line[]) => Price) {
  const differences = invoices.map((lines) => {
    const total = sumOf(
      lines.map(({ quantity, unit }) => timesPieces(unit, quantity)),
      "GBP",
    );
    return Math.abs(Number(inDollars(lines).minor - toDollars(total).minor));
  });
  const wrong = differences.filter((cents) => cents !== 0).length;
  return { wrong, most: formatPrice({ currency: "USD", minor: BigInt(Math.max(...differences)) }) };
}

describe("585 invoices of a wholesaler, from pounds to dollars", () => {
  it("are all there, to the penny", () => {
    expect(invoices).toHaveLength(585);
    const all = invoices.flat().map(({ quantity, unit }) => timesPieces(unit, quantity));
    expect(formatPrice(sumOf(all, "GBP"))).toBe("240258.29");
  });

  it("would be wrong on 507, by up to $5.92, if each unit price were rounded", () => {
    const byUnit = (lines: Line[]) =>
      sumOf(
        lines.map(({ quantity, unit }) => timesPieces(toDollars(unit), quantity)),
        "USD",
      );
    expect(compare(byUnit)).toEqual({ wrong: 507, most: "5.92" });
  });

  it("would be wrong on 350, by up to $0.13, if each line were rounded", () => {
    const byLine = (lines: Line[]) =>
      sumOf(
        lines.map(({ quantity, unit }) => toDollars(timesPieces(unit, quantity))),
        "USD",
      );
    expect(compare(byLine)).toEqual({ wrong: 350, most: "0.13" });
  });

  it("do not depend on how the lines are split, if the total is converted once", () => {
    const split = (lines: Line[]) =>
      toDollars(
        sumOf(
          lines.flatMap(({ quantity, unit }) => [timesPieces(unit, quantity - 1), unit]),
          "GBP",
        ),
      );
    expect(compare(split)).toEqual({ wrong: 0, most: "0.00" });
  });
});
