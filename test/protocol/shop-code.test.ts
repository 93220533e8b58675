import fc from "fast-check";
import { keccak256, stringToHex } from "viem";
import { describe, expect, it } from "vitest";
import {
  formatPublicId,
  goodsId,
  isShopCode,
  isSku,
  parsePublicId,
  shopCodeFromHex,
  shopCodeToHex,
} from "#src/protocol/shop-code.ts";

const anyCode = fc.stringMatching(/^[A-Z][A-Z0-9]{1,7}$/);
const anySku = fc.stringMatching(/^[!-~]{1,64}$/);

describe("a shop code is refused", () => {
  it.each(["", "A", "ab", "1A", "ABCDEFGHI", "A-B", "A B", "ÄB", "AB\n", "AB\u0000"])("%j", (text) => {
    expect(isShopCode(text)).toBe(false);
    expect(() => shopCodeToHex(text)).toThrow(RangeError);
  });

  it.each([
    ["nothing", "0x0000000000000000"],
    ["a zero within", "0x4142004300000000"],
    ["a zero first", "0x0041424344454647"],
    ["lower case", "0x6162000000000000"],
    ["one letter", "0x4100000000000000"],
    ["too short", "0x4142"],
    ["too long", "0x414200000000000000"],
    ["no UTF-8", "0x41ff000000000000"],
    ["no bytes", "0x414200000000000g"],
  ] as const)("as bytes: %s", (_, bytes) => {
    expect(shopCodeFromHex(bytes)).toBeUndefined();
  });
});

describe("a public id is refused", () => {
  it.each([
    "",
    "SOCKS",
    "SOCKS:",
    ":sku",
    "socks:sku",
    "SOCKS :sku",
    "SOCKS:a b",
    "SOCKS:ä",
    `SOCKS:${"x".repeat(65)}`,
  ])("%j", (text) => {
    expect(parsePublicId(text)).toBeUndefined();
  });

  it("to be written of what is none", () => {
    expect(() => formatPublicId({ code: "socks", sku: "a" })).toThrow(RangeError);
    expect(() => goodsId({ code: "SOCKS", sku: "" })).toThrow(RangeError);
    expect(isSku("a\tb")).toBe(false);
  });
});

describe("a shop code", () => {
  it("is eight bytes on chain", () => {
    expect(shopCodeToHex("SOCKS")).toBe("0x534f434b53000000");
  });

  it("comes back from its bytes", () => {
    fc.assert(
      fc.property(anyCode, (code) => {
        expect(shopCodeFromHex(shopCodeToHex(code))).toBe(code);
      }),
    );
  });
});

describe("a public id", () => {
  it("comes back from its text, colons in the SKU too", () => {
    expect(parsePublicId("GIFTS24:a:b")).toEqual({ code: "GIFTS24", sku: "a:b" });
    fc.assert(
      fc.property(anyCode, anySku, (code, sku) => {
        expect(parsePublicId(formatPublicId({ code, sku }))).toEqual({ code, sku });
      }),
    );
  });

  it("is what orders call goods by", () => {
    expect(goodsId({ code: "SOCKS", sku: "85123A" })).toBe(keccak256(stringToHex("SOCKS:85123A")));
  });

  it("names the goods of one shop alone", () => {
    fc.assert(
      fc.property(anyCode, anySku, anyCode, anySku, (a, x, b, y) => {
        fc.pre(a !== b || x !== y);
        expect(goodsId({ code: a, sku: x })).not.toBe(goodsId({ code: b, sku: y }));
      }),
    );
  });
});
