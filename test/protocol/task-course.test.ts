import { zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { roundOf } from "#src/protocol/places.ts";
import { courseOf, type TaskState } from "#src/protocol/task-course.ts";
import { dealOf } from "../pool/scheduler-fixture.ts";

const task: TaskState = {
  ...{ status: 0, round: 0, drawn: 0, committed: 0, seedBlock: 101n, seals: zeroHash },
};

describe("the course of a task", () => {
  it("reads the terms that Poco froze", () => {
    expect(frozenTerms(dealOf())).toEqual({
      ...{ seats: 9, seatStake: 1n, schedulerShare: 500, roundBlocks: 20n, deadlineBlocks: 100n },
    });
  });

  it("begins with round 1, though nobody has told the chain", () => {
    expect(courseOf(dealOf(), task, 100n)).toEqual({
      ...{ settled: false, round: 1, seedBlock: 101n, closesAt: 121n, closed: false, overdue: false },
    });
  });

  it("closes a round after its last block, or with its last place", () => {
    expect(courseOf(dealOf(), task, 121n).closed).toBe(false);
    expect(courseOf(dealOf(), task, 122n).closed).toBe(true);
    const complete = courseOf(dealOf(), { ...task, round: 2, seedBlock: 130n, completedAt: 133n }, 133n);
    expect(complete).toMatchObject({ round: 2, closed: true, closesAt: 133n });
  });

  it("is overdue after the deadline's block", () => {
    expect(courseOf(dealOf(), task, 200n).overdue).toBe(false);
    expect(courseOf(dealOf(), task, 201n).overdue).toBe(true);
  });
});

it("places belong to the round that drew them", () => {
  // Trust 5 takes 3 places, then 3 more, then 6 more.
  expect([0, 2, 3, 5, 6, 11].map((position) => roundOf(position, 5))).toEqual([1, 1, 2, 2, 3, 3]);
});
