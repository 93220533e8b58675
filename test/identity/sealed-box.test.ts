import fc from "fast-check";
import { bytesToHex } from "viem";
import { describe, expect, it } from "vitest";
import { open, seal } from "#src/identity/sealed-box.ts";
import { shopKeyFromSeed } from "#src/identity/shop-key.ts";

const key = shopKeyFromSeed(bytesToHex(new Uint8Array(32).fill(7)));
const otherKey = shopKeyFromSeed(bytesToHex(new Uint8Array(32).fill(8)));
const shipTo = Buffer.from("12 Harbour Street, Lübeck");
const invalid = expect.objectContaining({ code: "HANSE_SEALED_BOX_INVALID" });

describe("a sealed box", () => {
  it("opens with no other key, and for nothing else", () => {
    const box = seal(key.publicKey, shipTo, "deal 1");
    expect(() => open(otherKey, box, "deal 1")).toThrow(invalid);
    expect(() => open(key, box, "deal 2")).toThrow(invalid);
  });

  it("does not open once any of its bits is changed", () => {
    const box = seal(key.publicKey, shipTo, "deal 1");
    for (let bit = 0; bit < box.length * 8; bit++) {
      const changed = Uint8Array.from(box);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => open(key, changed, "deal 1"), `bit ${bit}`).toThrow(invalid);
    }
  });

  it("does not open where it is cut, or made of points that everybody agrees with", () => {
    const box = seal(key.publicKey, shipTo, "deal 1");
    for (let length = 0; length < box.length; length++) {
      expect(() => open(key, box.subarray(0, length), "deal 1")).toThrow(invalid);
    }
    expect(() => open(key, new Uint8Array(64), "deal 1")).toThrow(invalid);
  });

  it("is not sealed to a key that is none", () => {
    expect(() => seal(`0x01${"00".repeat(31)}`, shipTo, "deal 1")).toThrow(invalid);
    expect(() => seal("0x1234", shipTo, "deal 1")).toThrow(invalid);
  });

  it("is another each time, and holds nothing that can be read", () => {
    const [one, two] = [seal(key.publicKey, shipTo, "deal 1"), seal(key.publicKey, shipTo, "deal 1")];
    expect(bytesToHex(one)).not.toBe(bytesToHex(two));
    expect(Buffer.from(one).includes("Harbour")).toBe(false);
  });

  it("opens to what was sealed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, context) => {
        expect(open(key, seal(key.publicKey, bytes, context), context)).toEqual(bytes);
      }),
    );
  });
});
