import { describe, expect, it } from "vitest";
import { compareRows, findBadBars } from "../../../scripts/measure/compare.ts";
import type { Row } from "../../../scripts/measure/record.ts";

const row = (changes: Partial<Row> = {}): Row => ({
  ...{ value: 100, unit: "gas", command: "measure", measured: "here" },
  ...changes,
});

describe("what was measured", () => {
  it("rose", () => {
    expect(compareRows({ seal: row() }, { seal: row({ value: 101 }) })).toEqual([
      "seal: rose by 1, 100 → 101",
    ]);
  });

  it("fell", () => {
    expect(compareRows({ seal: row() }, { seal: row({ value: 60 }) })).toEqual([
      "seal: fell by 40, 100 → 60",
    ]);
  });

  it("is not recorded, or recorded and not measured any more", () => {
    expect(compareRows({ old: row() }, { new: row() })).toEqual([
      "old: not measured any more",
      "new: not recorded",
    ]);
  });

  it("is recorded with another bar", () => {
    expect(compareRows({ seal: row({ bar: 200 }) }, { seal: row({ bar: 300 }) })).toEqual([
      "seal: recorded with another bar or text",
    ]);
  });

  it("is what is recorded", () => {
    expect(compareRows({ seal: row({ bar: 200 }) }, { seal: row({ bar: 200 }) })).toEqual([]);
  });
});

describe("a bar", () => {
  it("is missed without a reason", () => {
    expect(findBadBars({ seal: row({ bar: 99 }) })).toEqual([
      "seal: 100 is above its bar of 99, and nothing says why",
    ]);
  });

  it("is met although a reason says that it is not", () => {
    expect(findBadBars({ seal: row({ bar: 100, limit: "too slow" }) })).toEqual([
      "seal: 100 meets its bar, but something says why not",
    ]);
  });

  it("is met, missed for a reason, or was never set", () => {
    const rows = { met: row({ bar: 100 }), missed: row({ bar: 99, limit: "too slow" }), free: row() };
    expect(findBadBars(rows)).toEqual([]);
  });
});
