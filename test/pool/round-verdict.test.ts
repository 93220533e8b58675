import fc from "fast-check";
import { type Address, type Hex, numberToHex, padHex } from "viem";
import { describe, expect, it } from "vitest";
import { type RoundDigest, roundVerdict } from "#src/pool/round-verdict.ts";
import { type Result, resultHash, roundDigest, sealOf } from "#src/protocol/contributions.ts";
import { judgeResult, type ScoredSeal } from "#src/protocol/verdict.ts";

// A closed round calls for
// - extend, when nobody committed, or when every seal is explained and no group can be sure
// - wait, when seals are not explained and no disclosed group can be sure
// - reveal, when a disclosed group may be sure: exactly so in one round, hopefully so in more

const TASK: Hex = `0x${"77".repeat(32)}`;
const workerOf = (number: number): Address => padHex(numberToHex(number + 1), { size: 20 });
const resultOf = (number: number): Result => ({
  outcome: 0,
  content: padHex(numberToHex(number + 1), { size: 32 }),
  memoryHash: padHex("0x01", { size: 32 }),
  callbackData: "0x",
});
const digestOf = (round: number, answer: number) => roundDigest(round, TASK, resultHash(resultOf(answer)));

interface Vote {
  readonly round: number;
  readonly answer: number;
  readonly score: number;
}

function sealed(votes: readonly Vote[]): ScoredSeal[] {
  return votes.map(({ round, answer, score }, seat) => {
    const worker = workerOf(seat);
    return { seat, round, worker, seal: sealOf(worker, digestOf(round, answer)), score };
  });
}

const allDigests = (votes: readonly Vote[]): RoundDigest[] =>
  votes.map(({ round, answer }) => ({ round, digest: digestOf(round, answer) }));

const fresh = (answers: readonly number[], round = 1): Vote[] =>
  answers.map((answer) => ({ round, answer, score: 0 }));

describe("a closed round calls for", () => {
  it("extend when nobody committed", () => {
    expect(roundVerdict({ trust: 3, drawn: 2, seals: [], digests: [] })).toEqual({ type: "extend" });
  });

  it("wait while nothing is disclosed", () => {
    const votes = fresh([0, 0, 0, 0]);
    expect(roundVerdict({ trust: 10, drawn: 4, seals: sealed(votes), digests: [] })).toEqual({
      type: "wait",
    });
  });

  it("reveal as soon as one of those who agree has disclosed", () => {
    const votes = fresh([0, 0, 0, 0]);
    const digests = allDigests(votes.slice(0, 1));
    expect(roundVerdict({ trust: 10, drawn: 4, seals: sealed(votes), digests })).toEqual({
      type: "reveal",
      digests,
    });
  });

  it("wait when only the minority has disclosed", () => {
    const votes = fresh([1, 0, 0, 0, 0, 0, 0, 0]);
    const verdict = roundVerdict({
      trust: 10,
      drawn: 8,
      seals: sealed(votes),
      digests: allDigests(votes.slice(0, 1)),
    });
    expect(verdict).toEqual({ type: "wait" });
  });

  it("extend when one in four disagrees, with fresh workers at trust 10", () => {
    const votes = fresh([0, 0, 0, 1]);
    const verdict = roundVerdict({ trust: 10, drawn: 4, seals: sealed(votes), digests: allDigests(votes) });
    expect(verdict).toEqual({ type: "extend" });
  });

  it("reveal of the same answers when the second round confirms them", () => {
    const votes = [...fresh([0, 0, 0, 1]), ...fresh([0, 0, 0, 0], 2)];
    const verdict = roundVerdict({ trust: 10, drawn: 8, seals: sealed(votes), digests: allDigests(votes) });
    expect(verdict.type === "reveal" && verdict.digests).toEqual([
      { round: 2, digest: digestOf(2, 0) },
      { round: 1, digest: digestOf(1, 0) },
    ]);
  });

  it("extend when too many places are missing, however sure those are who came", () => {
    const votes: Vote[] = Array.from({ length: 5 }, () => ({ round: 1, answer: 0, score: 60 }));
    const verdict = roundVerdict({ trust: 3, drawn: 8, seals: sealed(votes), digests: allDigests(votes) });
    expect(verdict).toEqual({ type: "extend" });
  });
});

const vote = (rounds: number) =>
  fc.record({
    round: fc.integer({ min: 1, max: rounds }),
    answer: fc.integer({ min: 0, max: 3 }),
    score: fc.integer({ min: 0, max: 60 }),
  });
const caseOf = (rounds: number) =>
  fc.record({
    votes: fc.array(vote(rounds), { maxLength: 12 }),
    missed: fc.integer({ min: 0, max: 6 }),
    trust: fc.integer({ min: 2, max: 1_000 }),
  });

describe("for any votes", () => {
  it("of one round, a disclosed answer is asked for exactly when it can be finalized", () => {
    fc.assert(
      fc.property(caseOf(1), fc.nat(), ({ votes, missed, trust }, disclosed) => {
        const [seals, drawn] = [sealed(votes), votes.length + missed];
        const told = votes.filter((_, seat) => (disclosed >> (seat % 16)) & 1);
        const verdict = roundVerdict({ trust, drawn, seals, digests: allDigests(told) });
        const asked = verdict.type === "reveal" ? verdict.digests.map(({ digest }) => digest) : [];
        for (const answer of new Set(told.map((each) => each.answer))) {
          const { reached } = judgeResult({ taskId: TASK, trust, drawn }, seals, resultOf(answer));
          expect(asked.includes(digestOf(1, answer))).toBe(reached);
        }
        const dark = votes.some((each) => !told.some(({ answer }) => answer === each.answer));
        if (asked.length === 0) expect(verdict.type).toBe(dark ? "wait" : "extend");
      }),
    );
  });

  it("of several rounds, no disclosed answer that can be finalized is left unasked", () => {
    fc.assert(
      fc.property(caseOf(3), ({ votes, missed, trust }) => {
        const [seals, drawn] = [sealed(votes), votes.length + missed];
        const verdict = roundVerdict({ trust, drawn, seals, digests: allDigests(votes) });
        for (const { round, answer } of votes) {
          if (!judgeResult({ taskId: TASK, trust, drawn }, seals, resultOf(answer)).reached) continue;
          expect(verdict.type === "reveal" && verdict.digests).toContainEqual({
            round,
            digest: digestOf(round, answer),
          });
        }
      }),
    );
  });

  it("digests that explain no seal change nothing", () => {
    fc.assert(
      fc.property(caseOf(2), ({ votes, missed, trust }) => {
        const task = { trust, drawn: votes.length + missed, seals: sealed(votes) };
        const digests = allDigests(votes);
        const noise = [1, 2, 3].map((round) => ({ round, digest: digestOf(round, 9) }));
        expect(roundVerdict({ ...task, digests: [...digests, ...noise] })).toEqual(
          roundVerdict({ ...task, digests }),
        );
      }),
    );
  });
});
