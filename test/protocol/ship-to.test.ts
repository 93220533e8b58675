import { keccak256, stringToHex } from "viem";
import { describe, expect, it } from "vitest";
import { shipToHash, shipToSchema } from "#src/protocol/ship-to.ts";

const address = {
  name: "A. Buyer",
  lines: ["1 Example Street"],
  city: "Lübeck",
  region: "",
  postalCode: "23552",
  country: "DE",
  salt: `0x${"ab".repeat(32)}`,
};

describe("shipToSchema refuses", () => {
  it.each([
    ["no name", { ...address, name: " " }],
    ["no line", { ...address, lines: [] }],
    ["an empty line", { ...address, lines: [""] }],
    ["five lines", { ...address, lines: Array(5).fill("x") }],
    ["a long name", { ...address, name: "x".repeat(201) }],
    ["a line break in a line", { ...address, lines: ["a\nb"] }],
    ["half a character", { ...address, city: "\ud800" }],
    ["a country's name", { ...address, country: "Germany" }],
    ["a small country", { ...address, country: "de" }],
    ["no salt", { ...address, salt: "0x" }],
    ["another member", { ...address, phone: "1" }],
    ["a missing member", { ...address, region: undefined }],
  ])("%s", (_, given) => {
    expect(shipToSchema.safeParse(given).success).toBe(false);
  });
});

describe("shipToHash", () => {
  const hash = shipToHash(shipToSchema.parse(address));

  it("is of the canonical JSON, in UTF-8", () => {
    const canonical = `{"city":"Lübeck","country":"DE","lines":["1 Example Street"],"name":"A. Buyer","postalCode":"23552","region":"","salt":"${address.salt}"}`;
    expect(hash).toBe(keccak256(stringToHex(canonical)));
  });

  it("is the same however the same address was written", () => {
    const reordered = Object.fromEntries(Object.entries(address).reverse());
    const written = {
      ...reordered,
      city: "Lu\u0308beck ",
      salt: address.salt.toUpperCase().replace("0X", "0x"),
    };
    expect(shipToHash(shipToSchema.parse(written))).toBe(hash);
  });

  it("is another when any member changes", () => {
    const changes = [
      ...[{ name: "B. Buyer" }, { lines: ["1 Example Street", "2nd floor"] }, { city: "Lubeck" }],
      ...[{ region: "SH" }, { postalCode: "23553" }, { country: "AT" }, { salt: `0x${"ac".repeat(32)}` }],
      // Members do not run into each other.
      ...[{ name: "A. Buyer1", lines: ["Example Street"] }, { lines: ['1 Example","Street'] }],
    ];
    const hashes = changes.map((change) => shipToHash(shipToSchema.parse({ ...address, ...change })));
    expect(new Set([hash, ...hashes]).size).toBe(changes.length + 1);
  });
});
