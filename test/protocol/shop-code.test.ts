import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isShopCode,
  SHOP_CODE_PATTERN,
  shopCodeFromBytes,
  shopCodeToBytes,
} from "#src/protocol/shop-code.ts";

describe("a shop's code", () => {
  it.each(["", "A", "1A", "wines", "WINES-1", "ABCDEFGHI", "WÄ"])("is not %j", (text) => {
    expect(isShopCode(text)).toBe(false);
  });

  it.each([
    "0x",
    "0x0000000000000000",
    "0x4142004100000000",
    "0x6162000000000000",
    "0x41420000000000",
    "0x4142zz",
  ])("does not stand in %s", (bytes) => {
    expect(shopCodeFromBytes(bytes as `0x${string}`)).toBeUndefined();
  });

  it("is padded on the right, and read back", () => {
    expect(shopCodeToBytes("AB1")).toBe("0x4142310000000000");
    fc.assert(
      fc.property(fc.stringMatching(SHOP_CODE_PATTERN), (code) => {
        expect(shopCodeFromBytes(shopCodeToBytes(code))).toBe(code);
      }),
    );
  });
});
