import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CURRENCIES, isCurrency, MINOR_DIGITS } from "#src/protocol/currencies.ts";
import { formatPrice, inCurrency, type Price, parsePrice, sumOf, timesPieces } from "#src/protocol/price.ts";

const anyCurrency = fc.constantFrom(...CURRENCIES);
const anyPrice = fc.record({ currency: anyCurrency, minor: fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }) });

describe("parsePrice refuses", () => {
  it.each(["", " 1", "-1", "+1", "1.", ".5", "1e3", "NaN", "0x10", "1,5", "1.999", `${"9".repeat(16)}`])(
    "%j",
    (text) => {
      expect(parsePrice(text, "EUR")).toBeUndefined();
    },
  );

  it("digits that the currency has not", () => {
    expect(parsePrice("1.5", "JPY")).toBeUndefined();
    expect(parsePrice("1.0", "KRW")).toBeUndefined();
  });
});

describe("a currency", () => {
  it("is one of 33", () => {
    expect(CURRENCIES).toHaveLength(33);
    expect(["XXX", "eur", "toString", ""].some(isCurrency)).toBe(false);
    expect(isCurrency("EUR")).toBe(true);
  });

  it("has two digits behind the point, but for three", () => {
    expect(CURRENCIES.filter((currency) => MINOR_DIGITS[currency] !== 2)).toEqual(["ISK", "JPY", "KRW"]);
  });
});

describe("a price", () => {
  it("keeps its cents: 99.99 is not 99.000989999", () => {
    const price = parsePrice("99.99", "USD") as Price;
    expect(price.minor).toBe(9_999n);
    expect(inCurrency(price)).toBe("99.99 USD");
    expect(formatPrice(timesPieces(price, 100))).toBe("9999.00");
  });

  it("comes back from its text", () => {
    fc.assert(
      fc.property(anyPrice, (price) => {
        expect(parsePrice(formatPrice(price), price.currency)).toEqual(price);
      }),
    );
  });

  it("is read with fewer digits too", () => {
    expect(parsePrice("2.1", "GBP")).toEqual({ currency: "GBP", minor: 210n });
    expect(parsePrice("0", "GBP")).toEqual({ currency: "GBP", minor: 0n });
    expect(parsePrice("120", "JPY")).toEqual({ currency: "JPY", minor: 120n });
  });

  it("is in one currency", () => {
    const [euro, yen] = [parsePrice("1", "EUR") as Price, parsePrice("1", "JPY") as Price];
    expect(() => sumOf([euro, yen], "EUR")).toThrow(RangeError);
    expect(sumOf([euro, timesPieces(euro, 2)], "EUR")).toEqual({ currency: "EUR", minor: 300n });
    expect(sumOf([], "JPY")).toEqual({ currency: "JPY", minor: 0n });
  });
});
