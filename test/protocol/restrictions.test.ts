import { padHex, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import { ANYONE, allows, onlyAccount, onlyMembersOf, restrictionRule } from "#src/protocol/restrictions.ts";

const someone = "0x00000000000000000000000000000000000000aA";
const other = "0x00000000000000000000000000000000000000bB";

describe("allows", () => {
  it("refuses everybody but the one named", () => {
    expect(allows(onlyAccount(someone), padHex(other, { size: 32 }))).toBe(false);
    expect(allows(onlyAccount(someone), onlyAccount(someone))).toBe(true);
  });

  it("leaves groups to their contract", () => {
    expect(allows(onlyMembersOf(someone), onlyAccount(someone))).toBe("ask");
    expect(restrictionRule(onlyMembersOf(someone))).toEqual({
      type: "members",
      group: someone.toLowerCase(),
    });
  });

  it("lets anyone in where nobody is named", () => {
    expect(ANYONE).toBe(zeroHash);
    expect(allows(ANYONE, onlyAccount(other))).toBe(true);
  });
});
