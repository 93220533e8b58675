import { readFile } from "node:fs/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { confidenceReached } from "#src/protocol/confidence.ts";
import { isSure, type Tally } from "#src/protocol/verdict.ts";
import { atLeast, courseOdds, hypergeometric } from "./exact-odds.ts";
import { type OperatorShare, thirtyOfHundred } from "./operator-share.ts";
import { simulate } from "./simulate.ts";

// How often a holder of 30 % of the seats has a false result certified: worked out exactly, and drawn. `docs/security.md`
// tells it in words. What is drawn is the same each time; `hanse test --deep` draws a million tasks of each kind.

const deep = process.env.HANSE_TEST_DEEP === "1";
const TASKS = deep ? 1_000_000 : 20_000;
const TIMEOUT_MS = deep ? 300_000 : 30_000;

/** So many standard deviations a drawn count may be off, and by one more, since counts are whole. */
const TOLERANCE = 4;

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const percent = (chance: number) => `${(100 * chance).toPrecision(4)} %`;

/**
 * Works the odds out, draws the same, and compares round by round.
 * @param predicted chance of a false result in round 1, and over the whole course
 */
async function compare(
  { annotate }: TestContext,
  share: OperatorShare,
  scenario: number,
  predicted: readonly [first: string, course: string],
): Promise<void> {
  const odds = courseOdds(share);
  expect([percent(odds.operator[0] ?? 0), percent(sum(odds.operator))]).toEqual(predicted);
  const drawn = await simulate(share, scenario, TASKS);
  for (const side of ["operator", "honest"] as const) {
    for (const [round, chance] of odds[side].entries()) {
      const deviation = Math.sqrt(TASKS * chance * (1 - chance));
      const off = Math.abs((drawn[side][round] ?? 0) - TASKS * chance);
      expect(off, `${side}, round ${round + 1}`).toBeLessThanOrEqual(TOLERANCE * deviation + 1);
    }
  }
  const counted = `${drawn.operator.join("+")} of ${TASKS}`;
  await annotate(`predicted ${predicted[1]}, drawn ${percent(sum(drawn.operator) / TASKS)} (${counted})`);
}

/** Every worker of the holder has 51 right answers behind it, or the honest ones have as well. */
const FARMED = { operatorWeight: 16n };
const ALL_FARMED = { operatorWeight: 16n, honestWeight: 16n };

describe("2 to 4 places of a pool of 100", { timeout: TIMEOUT_MS }, () => {
  it("2 places: all of them, 30/100 · 29/99; later 6 of 8", (test) =>
    // Trust 4: 2^2 > 3. Never 3 of 4: 2^3 < 3 · (1 + 2). 6 of 8: 2^6 > 3 · (1 + 2^2).
    compare(test, thirtyOfHundred(4), 2, ["8.788 %", "9.152 %"]));

  it("3 places: all of them, 30/100 · 29/99 · 28/98; later 5 of 6", (test) =>
    // Trust 8: 2^3 > 7. Not 2 of 3: 2^2 < 7 · (1 + 2). 5 of 6: 2^5 > 7 · (1 + 2).
    compare(test, thirtyOfHundred(8), 3, ["2.511 %", "3.271 %"]));

  it("4 places: all of them, 30/100 · 29/99 · 28/98 · 27/97; later 7 of 8", (test) =>
    // Trust 16: 2^4 > 15. Not 3 of 4: 2^3 < 15 · (1 + 2). 7 of 8: 2^7 > 15 · (1 + 2); 6 of 8: 2^6 < 15 · (1 + 2^2).
    compare(test, thirtyOfHundred(16), 4, ["0.6989 %", "0.7779 %"]));

  it("2 places at weight 16: all of them as before, but later 3 of 4", (test) =>
    // 16^3 > 3 · (1 + 16).
    compare(test, thirtyOfHundred(4, ALL_FARMED), 5, ["8.788 %", "12.53 %"]));

  it("3 places at weight 16: 2 of 3", (test) =>
    // 2/3 of the places, and 16^2 > 7 · (1 + 16): then either side always has enough, and there is no second round.
    compare(test, thirtyOfHundred(8, ALL_FARMED), 6, ["21.34 %", "21.34 %"]));

  it("4 places at weight 16: 3 of 4", (test) =>
    // 16^3 > 15 · (1 + 16).
    compare(test, thirtyOfHundred(16, ALL_FARMED), 7, ["7.947 %", "8.124 %"]));

  it("are drawn by Solidity as they are drawn here", async () => {
    const path = new URL("../contracts/Sortition/operator-share.t.sol", import.meta.url);
    const said = [...(await readFile(path, "utf8")).matchAll(/_check\(\{places: (\d), expected: (\d+)\}\)/g)];
    expect(said.map(([, places]) => places)).toEqual(["2", "3", "4"]);
    for (const [, places, expected] of said) {
      const share = thirtyOfHundred(2 ** Number(places), { places: [Number(places)] });
      expect((await simulate(share, Number(places), 2_000)).operator).toEqual([Number(expected)]);
    }
  });
});

describe("7 places of a pool of 100, trust 100", { timeout: TIMEOUT_MS }, () => {
  it("fresh workers: 7 of 7, later 11 of 14", (test) =>
    // 2^7 > 99. 2^11 > 99 · (1 + 2^3), 2^10 < 99 · (1 + 2^4). From 28 places on, 2/3 of them is the higher bar.
    compare(test, thirtyOfHundred(100), 8, ["0.01272 %", "0.01927 %"]));

  it("the holder's at weight 16: 5 of 7", (test) =>
    // 2/3 of the places, and 16^5 > 99 · (1 + 2^2).
    compare(test, thirtyOfHundred(100, FARMED), 9, ["2.422 %", "2.440 %"]));

  it("all at weight 16: 5 of 7 likewise", (test) =>
    // 16^5 > 99 · (1 + 16^2).
    compare(test, thirtyOfHundred(100, ALL_FARMED), 10, ["2.422 %", "2.440 %"]));
});

const LARGE = { seats: 100_000, operatorSeats: 30_000 };
const confidenceOnly = ({ trust, matching, others }: Tally) => confidenceReached(trust, matching, others);

describe("absent honest workers, in a large pool, trust 100", { timeout: TIMEOUT_MS }, () => {
  const looked = (rule: OperatorShare["rule"]) =>
    thirtyOfHundred(100, { ...LARGE, absence: 1, places: [24], rule });

  it("24 places, confidence alone: 7 of 24 are enough", (test) =>
    // 2^7 > 99 and nobody contradicts. 7.2 of 24 are the holder's on average.
    compare(test, looked(confidenceOnly), 11, ["61.14 %", "61.14 %"]));

  it("24 places, and 2/3 of them: 16 of 24", (test) =>
    // The most likely way, exactly 16: C(24,16) · 0.3^16 · 0.7^8 = 0.0182 %.
    compare(test, looked(isSure), 12, ["0.02260 %", "0.02260 %"]));

  it("0.004 % is 17 of 24, or 19 of 28: what 2/3 ask for at the end of round 3", () => {
    const held = (least: number, drawn: number) =>
      percent(atLeast(least, drawn, (hits) => hypergeometric(LARGE.seats, LARGE.operatorSeats, drawn, hits)));
    expect([held(17, 24), held(19, 28)]).toEqual(["0.004378 %", "0.003972 %"]);
  });

  it("all rounds, confidence alone: waiting always wins", (test) =>
    compare(test, thirtyOfHundred(100, { ...LARGE, absence: 1, rule: confidenceOnly }), 13, [
      "0.02186 %",
      "99.99 %",
    ]));

  it("all rounds, and 2/3 of the places: 7 of 7, 10 of 14, 19 of 28", (test) =>
    // Round 2 is the holder's best: 2^10 > 99, and C(14,10) · 0.3^10 · 0.7^4 = 0.14 % already for exactly 10.
    compare(test, thirtyOfHundred(100, { ...LARGE, absence: 1 }), 14, ["0.02186 %", "0.1824 %"]));

  it("all rounds, every second one absent, confidence alone", (test) =>
    compare(test, thirtyOfHundred(100, { ...LARGE, absence: 0.5, rule: confidenceOnly }), 15, [
      "0.02186 %",
      "9.678 %",
    ]));

  it("all rounds, every second one absent, and 2/3 of the places", (test) =>
    compare(test, thirtyOfHundred(100, { ...LARGE, absence: 0.5 }), 16, ["0.02186 %", "0.1739 %"]));
});
