import { expect, it } from "vitest";
import { DEVELOPMENT_PARAMETERS } from "../../../scripts/deploy/parameters.ts";
import { checkRulingTime } from "../../../scripts/deploy/ruling-time.ts";

const juryCategories = [
  { roundBlocks: 40, deadlineBlocks: 300 },
  { roundBlocks: 1_200, deadlineBlocks: 12_000 },
];
const receipt = (juryCategory: number, rulingTime: number) => ({
  juryCategories,
  receipt: { ...DEVELOPMENT_PARAMETERS.receipt, juryCategory, rulingTime },
});

it.each([
  ["as long as their deadline", 0, 300, 1],
  ["shorter at the chain's pace", 0, 900, 12],
  ["of another category", 1, 11_999, 1],
  ["shorter by a part of a second", 0, 75, 0.2501],
])("a time to rule %s is refused in words", (_, juryCategory, rulingTime, blockSeconds) => {
  expect(() => checkRulingTime(receipt(juryCategory, rulingTime), blockSeconds)).toThrow(
    expect.objectContaining({
      code: "HANSE_CONFIG_INVALID",
      shortMessage: expect.stringMatching(
        new RegExp(`^jurors of juryCategories.${juryCategory} have .* is over after ${rulingTime}$`),
      ),
    }),
  );
});

it("one that is longer is taken, and a category that is not there yet is nobody's to judge", () => {
  checkRulingTime(receipt(0, 301), 1);
  checkRulingTime(receipt(1, 144_001), 12);
  checkRulingTime(receipt(0, 76), 0.25);
  checkRulingTime(receipt(2, 1), 12);
  checkRulingTime(DEVELOPMENT_PARAMETERS, 1);
});
