import { describe, expect, it } from "vitest";
import { type ContractFacts, findOversized, readContractFacts } from "../../../scripts/contracts/facts.ts";

const LIMIT = 24_576;

function sized(size: number): Record<string, ContractFacts> {
  return { Hall: { source: "contracts/Hall.sol", size, room: LIMIT - size, storage: [], structs: {} } };
}

describe("a contract", () => {
  it("is above the limit", () => {
    expect(findOversized(sized(LIMIT + 1))).toHaveLength(1);
  });

  it("leaves too little room under it", () => {
    expect(findOversized(sized(LIMIT - 499))).toEqual([
      "Hall has 24077 bytes of code, 1 more than the 24076 that leave room under the limit",
    ]);
  });

  it("fits", () => {
    expect(findOversized(sized(LIMIT - 500))).toEqual([]);
  });
});

describe("the facts of the contracts", () => {
  it("tell where money is kept, down to the members of structs", async () => {
    const { Clerk } = await readContractFacts();
    expect(Clerk?.storage[0]).toBe("0+0 mapping(address => struct Account) _accounts");
    expect(Clerk?.structs["struct Account"]).toEqual([
      "0+0 uint64 free",
      "0+8 uint64 locked",
      "0+16 uint64 epoch",
    ]);
  });

  it("leave out what cannot be deployed", async () => {
    expect(Object.keys(await readContractFacts())).not.toContain("Accounts");
  });
});
