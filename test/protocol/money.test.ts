import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHanse, parseHanse, SUPPLY_NANO } from "#src/protocol/money.ts";

describe("parseHanse", () => {
  it.each(["", " 1", "-1", "+1", "1.", ".5", "1.0000000001", "1e3", "NaN", "0x10", "87000001", "1,5"])(
    "refuses %j",
    (text) => {
      expect(parseHanse(text)).toBeUndefined();
    },
  );

  it("reads exactly what formatHanse writes", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: SUPPLY_NANO }), (nano) => {
        expect(parseHanse(formatHanse(nano))).toBe(nano);
      }),
    );
  });
});
