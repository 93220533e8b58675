import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  confidenceReached,
  firstPlaces,
  placesAfter,
  placesReached,
  product,
  SATURATION,
  weight,
} from "#src/protocol/confidence.ts";
import { MAX_PLACES } from "#src/protocol/panel-parameters.ts";

const fresh = (count: number) => Array.from({ length: count }, () => weight(0));

describe("weight", () => {
  it.each([
    [0, 2n],
    [9, 2n],
    [11, 2n],
    [12, 3n],
    [51, 16n],
    [1_000_000, 16n],
  ])("of score %i is %s", (score, expected) => {
    expect(weight(score)).toBe(expected);
  });
});

describe("confidenceReached", () => {
  it("refuses a result nobody stands for", () => {
    expect(confidenceReached(1, [], [])).toBe(false);
  });

  it("needs 4 fresh workers who agree for trust 10, 7 for trust 100", () => {
    expect(confidenceReached(10, fresh(3), [])).toBe(false);
    expect(confidenceReached(10, fresh(4), [])).toBe(true);
    expect(confidenceReached(100, fresh(6), [])).toBe(false);
    expect(confidenceReached(100, fresh(7), [])).toBe(true);
  });

  it("is upset by one who disagrees, and by seven to one restored", () => {
    expect(confidenceReached(10, fresh(3), fresh(1))).toBe(false);
    expect(confidenceReached(10, fresh(7), fresh(1))).toBe(true);
  });

  it("never falls when one more agrees, and never rises when one more disagrees", () => {
    const weights = fc.array(fc.bigInt({ min: 2n, max: 16n }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), weights, weights, (trust, matching, others) => {
        const now = confidenceReached(trust, matching, others);
        if (now) expect(confidenceReached(trust, [...matching, 2n], others)).toBe(true);
        else expect(confidenceReached(trust, matching, [...others, 2n])).toBe(false);
      }),
    );
  });

  it("agrees with the exact fraction as long as nothing saturates", () => {
    const weights = fc.array(fc.bigInt({ min: 2n, max: 16n }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), weights, weights, (trust, matching, others) => {
        const group = matching.reduce((a, b) => a * b, 1n);
        const hostile = others.reduce((a, b) => a * b, 1n);
        // P(right) = group / (1 + group + hostile) > 1 - 1 / trust
        const exact = group * BigInt(trust) > (1n + group + hostile) * BigInt(trust - 1);
        expect(confidenceReached(trust, matching, others)).toBe(exact);
      }),
    );
  });
});

describe("product", () => {
  it("saturates instead of overflowing", () => {
    expect(product(Array.from({ length: 64 }, () => 16n))).toBe(SATURATION);
    expect(product([])).toBe(1n);
  });
});

describe("places", () => {
  it("are the fewest fresh workers who reach the trust, for every trust", () => {
    for (let trust = 2; trust <= 5_000; trust++) {
      const places = firstPlaces(trust);
      expect(confidenceReached(trust, fresh(places), [])).toBe(true);
      if (places > 1) expect(confidenceReached(trust, fresh(places - 1), [])).toBe(false);
    }
  });

  it("double with each round, up to the most there may be", () => {
    expect([1, 2, 3, 4, 5].map((round) => placesAfter(100, round))).toEqual([7, 14, 28, 56, MAX_PLACES]);
  });

  it("are reached by two thirds of all drawn", () => {
    expect(placesReached(7, 11)).toBe(false);
    expect(placesReached(8, 12)).toBe(true);
  });
});
