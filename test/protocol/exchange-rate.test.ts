import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CURRENCIES, MINOR_DIGITS } from "#src/protocol/currencies.ts";
import {
  convertPrice,
  crossRate,
  type ExchangeRate,
  nanoPerPiece,
  parseRate,
} from "#src/protocol/exchange-rate.ts";

const anyCurrency = fc.constantFrom(...CURRENCIES);
const anyPrice = fc.record({ currency: anyCurrency, minor: fc.bigInt({ min: 0n, max: 10n ** 12n }) });
const anyRate = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.integer({ min: 0, max: 12 }))
  .map(([numerator, digits]) => ({ numerator, denominator: 10n ** BigInt(digits) }));
const rateOf = (text: string) => parseRate(text) as ExchangeRate;
const inverse = ({ numerator, denominator }: ExchangeRate) => ({
  numerator: denominator,
  denominator: numerator,
});

describe("parseRate refuses", () => {
  it.each(["", "0", "0.000", "-1", "1.", ".5", "1e3", "Infinity", "1,5", " 1", `0.${"1".repeat(19)}`])(
    "%j",
    (text) => {
      expect(parseRate(text)).toBeUndefined();
    },
  );
});

describe("parseRate", () => {
  it("is exact", () => {
    expect(parseRate("1.1305")).toEqual({ numerator: 11_305n, denominator: 10_000n });
    expect(parseRate("15999.40")).toEqual({ numerator: 1_599_940n, denominator: 100n });
  });
});

describe("convertPrice", () => {
  it("rounds half up, to the minor unit", () => {
    const half = rateOf("0.5");
    expect(convertPrice({ currency: "EUR", minor: 1n }, "USD", half).minor).toBe(1n);
    expect(convertPrice({ currency: "EUR", minor: 3n }, "USD", half).minor).toBe(2n);
    expect(convertPrice({ currency: "EUR", minor: 1n }, "USD", rateOf("0.499")).minor).toBe(0n);
  });

  it("knows currencies without minor units", () => {
    const yen = convertPrice({ currency: "EUR", minor: 9_999n }, "JPY", rateOf("126.40"));
    expect(yen).toEqual({ currency: "JPY", minor: 12_639n });
    expect(convertPrice(yen, "EUR", inverse(rateOf("126.40")))).toEqual({ currency: "EUR", minor: 9_999n });
  });

  it("is off by half a minor unit at most, for any amount and rate", () => {
    fc.assert(
      fc.property(anyPrice, anyCurrency, anyRate, (price, currency, rate) => {
        const { minor } = convertPrice(price, currency, rate);
        // Both sides of minor / 10^to ≈ price / 10^from · rate, brought to whole numbers.
        const to = 10n ** BigInt(MINOR_DIGITS[currency]);
        const exact = price.minor * rate.numerator * to;
        const unit = rate.denominator * 10n ** BigInt(MINOR_DIGITS[price.currency]);
        expect(2n * (minor * unit - exact)).toBeLessThanOrEqual(unit);
        expect(2n * (exact - minor * unit)).toBeLessThan(unit);
      }),
    );
  });

  it("gives a currency for itself unchanged, by whatever third one", () => {
    fc.assert(
      fc.property(anyPrice, anyRate, (price, rate) => {
        expect(convertPrice(price, price.currency, crossRate(rate, rate))).toEqual(price);
      }),
    );
  });
});

describe("crossRate", () => {
  it("is how much of one there is for the other", () => {
    // 0.8597 GBP and 1.1305 USD are one euro.
    const { numerator, denominator } = crossRate(rateOf("0.85970"), rateOf("1.1305"));
    expect(numerator * 8_597n).toBe(denominator * 11_305n);
  });
});

describe("nanoPerPiece", () => {
  it("refuses a price of nothing", () => {
    expect(() => nanoPerPiece({ currency: "EUR", minor: 1n }, 0, rateOf("1"))).toThrow(RangeError);
  });

  it("rounds up", () => {
    expect(nanoPerPiece({ currency: "EUR", minor: 100n }, 1, rateOf("2.5"))).toBe(2_500_000_000n);
    expect(nanoPerPiece({ currency: "EUR", minor: 100n }, 3, rateOf("1"))).toBe(333_333_334n);
    expect(nanoPerPiece({ currency: "KRW", minor: 1n }, 1, rateOf("0.0000000001"))).toBe(1n);
  });

  it("never gives the seller less than its price, and less than a nano-HANSE for each piece more", () => {
    fc.assert(
      fc.property(anyPrice, fc.integer({ min: 1, max: 10_000 }), anyRate, (total, quantity, rate) => {
        const all = nanoPerPiece(total, quantity, rate) * BigInt(quantity);
        const exact = total.minor * rate.numerator * 10n ** 9n;
        const unit = rate.denominator * 10n ** BigInt(MINOR_DIGITS[total.currency]);
        expect(all * unit).toBeGreaterThanOrEqual(exact);
        expect(all * unit - exact).toBeLessThan(BigInt(quantity) * unit);
      }),
    );
  });
});
