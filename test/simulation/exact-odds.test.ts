import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atLeast, binomial, choose, courseOdds, hypergeometric } from "./exact-odds.ts";
import { createReferee, type OperatorShare, thirtyOfHundred } from "./operator-share.ts";

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

describe("choose", () => {
  it("is Pascal's triangle", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat({ max: 200 }), (n, k) => {
        expect(choose(n, k)).toBe(choose(n - 1, k - 1) + choose(n - 1, k));
      }),
    );
    expect(choose(52, 5)).toBe(2_598_960n);
  });
});

describe("hypergeometric", () => {
  it("is the product of the single draws when all have to hit", () => {
    expect(hypergeometric(100, 30, 2, 2)).toBeCloseTo((30 * 29) / (100 * 99), 15);
    expect(hypergeometric(100, 30, 3, 3)).toBeCloseTo((30 * 29 * 28) / (100 * 99 * 98), 15);
  });

  it("sums up to 1, and to the mean", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (seats, a, b) => {
        const [marked, drawn] = [a % (seats + 1), b % (seats + 1)];
        const chances = Array.from({ length: drawn + 1 }, (_, hits) =>
          hypergeometric(seats, marked, drawn, hits),
        );
        expect(sum(chances)).toBeCloseTo(1, 12);
        expect(sum(chances.map((chance, hits) => chance * hits))).toBeCloseTo((drawn * marked) / seats, 10);
      }),
    );
  });

  it("is the binomial in a pool without end", () => {
    const many = atLeast(7, 24, (hits) => hypergeometric(10_000_000, 3_000_000, 24, hits));
    expect(many).toBeCloseTo(
      atLeast(7, 24, (hits) => binomial(24, 0.3, hits)),
      5,
    );
  });
});

/** Every order in which seats can be drawn, and every set of honest workers who are there. */
function countCourses(share: OperatorShare) {
  const winner = createReferee(share);
  const ended = { operator: share.places.map(() => 0), honest: share.places.map(() => 0) };
  const honestSeats = share.seats - share.operatorSeats;
  const orders = permutations(Array.from({ length: share.seats }, (_, seat) => seat));
  const chance = 1 / orders.length / 2 ** honestSeats;
  for (const order of orders) {
    for (let present = 0; present < 2 ** honestSeats; present++) {
      for (const [round, drawn] of share.places.entries()) {
        const taken = order.slice(0, drawn);
        const operator = taken.filter((seat) => seat >= honestSeats).length;
        const honest = taken.filter((seat) => seat < honestSeats && (present >> seat) & 1).length;
        const side = winner(operator, honest, drawn);
        if (side === undefined) continue;
        ended[side][round] = (ended[side][round] ?? 0) + chance;
        break;
      }
    }
  }
  return ended;
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

describe("courseOdds", () => {
  it.each([
    [2n, 2n],
    [16n, 2n],
  ])(
    "are what counting every course of a small pool gives, at weights %s and %s",
    (operatorWeight, honestWeight) => {
      const share = thirtyOfHundred(3, {
        seats: 6,
        operatorSeats: 3,
        operatorWeight,
        honestWeight,
        absence: 0.5,
        places: [2, 4, 6],
      });
      const [odds, counted] = [courseOdds(share), countCourses(share)];
      for (const side of ["operator", "honest"] as const) {
        expect(sum(odds[side])).toBeGreaterThan(0);
        odds[side].forEach((chance, round) => {
          expect(chance).toBeCloseTo(counted[side][round] ?? Number.NaN, 12);
        });
      }
    },
  );
});
