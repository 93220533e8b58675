import fc from "fast-check";
import { expect, it } from "vitest";
import {
  confidenceReached,
  firstPlaces,
  placesAfter,
  placesReached,
  weight,
} from "#src/protocol/confidence.ts";
import { forecastRounds, type Replication, sealsNeeded } from "#src/protocol/replication-forecast.ts";
import { isSure } from "#src/protocol/verdict.ts";

// A task of which nothing is known needs its first places, and one round of honest workers. What is needed is exactly what
// `Confidence` asks for; the chances are those of every course that the places can take, counted one by one.

const fresh = (count: number) => Array.from({ length: count }, () => weight(0));

function begun(trust: number, change: Partial<Replication> = {}): Replication {
  const none = { agreeing: [], differing: [], sealed: [], missed: 0 };
  return { trust, round: 1, ...none, awaited: fresh(firstPlaces(trust)), ...change };
}

const trusts = fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 2, max: 1_000_000 }));
const weights = fc.array(fc.nat({ max: 60 }).map(weight), { maxLength: 5 });

it("sees when nobody is left who could be sure", () => {
  // 64 places is all that a task can have: with 30 of them missed, 2/3 are out of reach.
  expect(sealsNeeded(begun(2 ** 15, { missed: 60, awaited: fresh(4), round: 3 }))).toBeUndefined();
});

it("asks fresh workers for all of the first places, and none more", () => {
  fc.assert(
    fc.property(trusts, (trust) => {
      const places = firstPlaces(trust);
      const needed = sealsNeeded(begun(trust));
      expect(needed?.round).toBe(1);
      expect(needed?.seals).toBeLessThanOrEqual(places);
      expect(confidenceReached(trust, fresh(needed?.seals ?? 0), [])).toBe(true);
      expect(
        needed?.seals === places ||
          !placesReached(places - 1, places) ||
          !confidenceReached(trust, fresh(places - 1), []),
      ).toBe(true);
    }),
  );
});

it("asks for exactly as many seals as the chain will, the heaviest first", () => {
  fc.assert(
    fc.property(
      trusts,
      weights,
      weights,
      weights,
      fc.nat({ max: 4 }),
      (trust, agreeing, differing, awaited, missed) => {
        const task = begun(trust, { agreeing, differing, awaited, missed });
        const needed = sealsNeeded(task);
        if (needed === undefined || needed.round > 1) {
          const drawn = agreeing.length + differing.length + awaited.length + missed;
          expect(isSure({ trust, drawn, matching: [...agreeing, ...awaited], others: differing })).toBe(
            false,
          );
          return;
        }
        const drawn = agreeing.length + differing.length + awaited.length + missed;
        const heaviest = awaited.toSorted((a, b) => Number(b - a));
        const sure = (seals: number) =>
          isSure({ trust, drawn, matching: [...agreeing, ...heaviest.slice(0, seals)], others: differing });
        expect(sure(needed.seals)).toBe(true);
        expect(needed.seals === 0 || !sure(needed.seals - 1)).toBe(true);
      },
    ),
  );
});

it("needs fewer of those with a name", () => {
  const known = [weight(45), weight(45), weight(0), weight(0)];
  expect(sealsNeeded(begun(10, { awaited: known }))?.seals).toBe(3);
  expect(sealsNeeded(begun(10, { awaited: fresh(4) }))?.seals).toBe(4);
});

it("sees a further round where too many places are lost", () => {
  const needed = sealsNeeded(begun(10, { awaited: fresh(2), missed: 2 }));
  expect(needed).toEqual({ round: 2, seals: 6 });
});

it("expects one round of honest workers", () => {
  fc.assert(
    fc.property(trusts, (trust) => {
      const { certain, thisRound, rounds } = forecastRounds(begun(trust), { right: 1, wrong: 0 });
      expect([certain, thisRound, rounds]).toEqual([1, 1, 1]);
    }),
  );
});

it("expects nothing where nobody answers", () => {
  const { certain, rounds } = forecastRounds(begun(10), { right: 0, wrong: 0 });
  expect([certain, rounds]).toEqual([0, 0]);
});

it("counts what every course of a round would come to", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 40 }),
      fc.double({ min: 0.3, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (trust, right, share) => {
        const wrong = (1 - right) * share;
        const places = firstPlaces(trust);
        // Every one of 3^n courses by itself.
        let expected = 0;
        for (let course = 0; course < 3 ** places; course++) {
          const digits = Array.from({ length: places }, (_, i) => Math.floor(course / 3 ** i) % 3);
          const [matching, others] = [0, 1].map((kind) => fresh(digits.filter((d) => d === kind).length));
          if (!isSure({ trust, drawn: places, matching: matching ?? [], others: others ?? [] })) continue;
          expected += digits.reduce((chance, d) => chance * ([right, wrong, 1 - right - wrong][d] ?? 0), 1);
        }
        expect(forecastRounds(begun(trust), { right, wrong }).thisRound).toBeCloseTo(expected, 4);
      },
    ),
    { numRuns: 60 },
  );
});

it("believes what is told more than what is likely", () => {
  const odds = { right: 0.9, wrong: 0.05 };
  const before = forecastRounds(begun(10), odds).thisRound;
  const half = forecastRounds(begun(10, { sealed: fresh(2), awaited: fresh(2) }), odds).thisRound;
  const agreed = forecastRounds(begun(10, { agreeing: fresh(4), awaited: [] }), odds);
  const split = forecastRounds(begun(10, { agreeing: fresh(3), differing: fresh(1), awaited: [] }), odds);
  expect(before).toBeLessThan(half);
  expect(agreed).toMatchObject({ thisRound: 1, rounds: 1 });
  expect(split.thisRound).toBe(0);
  expect(split.rounds).toBeGreaterThanOrEqual(2);
  expect(split.certain).toBeGreaterThan(0.9);
});

it("never draws more places than a task can have, and takes milliseconds at the most", () => {
  const begin = performance.now();
  const { certain } = forecastRounds(begun(1_000_000), { right: 0.7, wrong: 0.1 });
  expect(certain).toBeGreaterThan(0);
  expect(placesAfter(1_000_000, 9)).toBe(64);
  expect(performance.now() - begin).toBeLessThan(1_000);
});
