import fc from "fast-check";
import { type Address, type Hex, numberToHex, padHex } from "viem";
import { describe, expect, it } from "vitest";
import { weight } from "#src/protocol/confidence.ts";
import { type Result, resultHash, roundDigest, sealOf } from "#src/protocol/contributions.ts";
import { isSure, judgeResult, type ScoredSeal } from "#src/protocol/verdict.ts";

// A result is sure
// - not while places are missed, however confident those are who are there
// - not while too many others outweigh it, however many places it has
// - when both rules are met, at their very edges

const TASK: Hex = `0x${"77".repeat(32)}`;
const times = (count: number, each: bigint) => Array.from({ length: count }, () => each);

describe("a result is sure", () => {
  it("not with 15 of 24 places, at whatever weight; with 16 it is", () => {
    expect(isSure({ trust: 100, drawn: 24, matching: times(15, 16n), others: [] })).toBe(false);
    expect(isSure({ trust: 100, drawn: 24, matching: times(16, 2n), others: [] })).toBe(true);
  });

  it("not with all places and 2^6 of 100; with 2^7 it is", () => {
    expect(isSure({ trust: 100, drawn: 6, matching: times(6, 2n), others: [] })).toBe(false);
    expect(isSure({ trust: 100, drawn: 7, matching: times(7, 2n), others: [] })).toBe(true);
  });

  it("not with 10 of 14 against 4, 2^10 < (1 + 2^4) · 99; with 11 against 3 it is", () => {
    expect(isSure({ trust: 100, drawn: 14, matching: times(10, 2n), others: times(4, 2n) })).toBe(false);
    expect(isSure({ trust: 100, drawn: 14, matching: times(11, 2n), others: times(3, 2n) })).toBe(true);
  });
});

const workerOf = (number: number): Address => padHex(numberToHex(number + 1), { size: 20 });
const resultOf = (number: number): Result => ({
  outcome: 0,
  content: padHex(numberToHex(number + 1), { size: 32 }),
  memoryHash: padHex("0x01", { size: 32 }),
  callbackData: "0x",
});

interface Vote {
  readonly round: number;
  readonly answer: number;
  readonly score: number;
}

function sealed(votes: readonly Vote[]): ScoredSeal[] {
  return votes.map(({ round, answer, score }, seat) => {
    const worker = workerOf(seat);
    const seal = sealOf(worker, roundDigest(round, TASK, resultHash(resultOf(answer))));
    return { seat, round, worker, seal, score };
  });
}

describe("seals", () => {
  it("are judged over all rounds, each with its own digest", () => {
    const votes = [[1, 0] as const, [1, 1] as const, [2, 0] as const, [2, 0] as const];
    const seals = sealed(votes.map(([round, answer]) => ({ round, answer, score: 0 })));
    const judged = (drawn: number, answer: number) =>
      judgeResult({ taskId: TASK, trust: 2, drawn }, seals, resultOf(answer));
    expect(judged(4, 0)).toEqual({ matching: 3, reached: true });
    expect(judged(5, 0)).toEqual({ matching: 3, reached: false });
    expect(judged(4, 3)).toEqual({ matching: 0, reached: false });
  });

  it("of any kind never make two results sure", () => {
    const vote = fc.record({
      round: fc.integer({ min: 1, max: 3 }),
      answer: fc.integer({ min: 0, max: 2 }),
      score: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(vote, { maxLength: 16 }), fc.integer({ min: 2, max: 200 }), (votes, trust) => {
        const seals = sealed(votes);
        const sure = [0, 1, 2].filter((answer) => {
          const task = { taskId: TASK, trust, drawn: seals.length };
          const { matching, reached } = judgeResult(task, seals, resultOf(answer));
          const [mine, others] = [true, false].map((wanted) =>
            votes.filter((each) => (each.answer === answer) === wanted).map(({ score }) => weight(score)),
          ) as [bigint[], bigint[]];
          expect(matching).toBe(mine.length);
          expect(reached).toBe(isSure({ trust, drawn: seals.length, matching: mine, others }));
          return reached;
        });
        expect(sure.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
