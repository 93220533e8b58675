import { expect, it } from "vitest";
import { nextLook } from "#src/pool/next-look.ts";
import { createWakeSchedule } from "#src/pool/wake-schedule.ts";
import { courseOf, type TaskState } from "#src/protocol/task-course.ts";
import { DEADLINE_BLOCKS, dealOf, ROUND_BLOCKS, SEALED_AT } from "./scheduler-fixture.ts";

// A deal sealed at 100: its seed is block 101, round 1 is open to 121, seals are committed from 118 on, the next round may
// be opened from 131 or 141 on, and the task is claimed from 201 on. Between those blocks nobody looks.

const timing = { commitMarginBlocks: 3n, patienceBlocks: 20n };
const state: TaskState = {
  ...{ status: 0, round: 1, drawn: 0, committed: 0, seedBlock: SEALED_AT + 1n, seals: "0x" },
};

function lookAfter(head: bigint, change: Partial<TaskState> = {}, trust = 5): bigint {
  const deal = dealOf({ trust });
  return nextLook({ deal, head, course: courseOf(deal, { ...state, ...change }, head) }, timing);
}

it("knows when a task is due again", () => {
  expect(ROUND_BLOCKS).toBe(20);
  expect(DEADLINE_BLOCKS).toBe(100);
  expect(lookAfter(100n)).toBe(102n);
  expect(lookAfter(102n)).toBe(118n);
  expect(lookAfter(118n)).toBe(119n);
  expect(lookAfter(121n)).toBe(122n);
  expect(lookAfter(122n)).toBe(131n);
  expect(lookAfter(131n)).toBe(134n);
  expect(lookAfter(105n, { completedAt: 104n })).toBe(114n);
  expect(lookAfter(199n)).toBe(201n);
  expect(lookAfter(201n)).toBe(204n);
  expect(lookAfter(102n, {}, 1)).toBe(201n);
});

it("never looks in the past, and never later than the deadline", () => {
  for (let head = 99n; head < 230n; head++) {
    const next = lookAfter(head);
    expect(next).toBeGreaterThan(head);
    expect(next).toBeLessThanOrEqual(head < 201n ? 201n : head + 3n);
  }
});

it("wakes each task once, when its block is there, and by its last word", () => {
  const schedule = createWakeSchedule();
  schedule.set("0x01", 5n);
  schedule.set("0x02", 7n);
  schedule.set("0x03", 7n);
  schedule.set("0x01", 9n);
  schedule.set("0x03", undefined);
  expect(schedule.reached(6n)).toEqual([]);
  expect(schedule.reached(8n)).toEqual(["0x02"]);
  expect(schedule.reached(8n)).toEqual([]);
  expect(schedule.reached(100n)).toEqual(["0x01"]);
});
