import fc from "fast-check";
import { expect, it } from "vitest";
import { contentAddressOf, isContentAddress, parseContentAddress } from "#src/content/content-address.ts";

it("refuses anything that is not 0x and 64 lower-case hex digits", () => {
  const address = contentAddressOf(new Uint8Array());
  const near = [
    address.slice(2),
    address.toUpperCase(),
    `${address}0`,
    address.slice(0, -1),
    `${address}\n`,
    ` ${address}`,
    address.replace("e", "g"),
  ];
  for (const text of near) {
    expect(isContentAddress(text), text).toBe(false);
    expect(() => parseContentAddress(text)).toThrow(
      expect.objectContaining({ code: "HANSE_CONTENT_ADDRESS_INVALID" }),
    );
  }
  fc.assert(
    fc.property(
      fc.anything(),
      (thing) =>
        isContentAddress(thing) ===
        (typeof thing === "string" && /^0x[0-9a-f]{64}$/.test(thing) && !thing.includes("\n")),
    ),
  );
});

it("is sha-256: the known answers for nothing and for abc", () => {
  expect(contentAddressOf(new Uint8Array())).toBe(
    "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  expect(contentAddressOf(new TextEncoder().encode("abc"))).toBe(
    "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

it("takes what it makes, and tells different bytes apart", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (one, two) => {
      const [a, b] = [contentAddressOf(one), contentAddressOf(two)];
      expect(parseContentAddress(a)).toBe(a);
      expect(a === b).toBe(Buffer.from(one).equals(Buffer.from(two)));
    }),
  );
});
