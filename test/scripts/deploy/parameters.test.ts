import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import {
  DEVELOPMENT_PARAMETERS,
  findChange,
  readParameters,
  resolveParameters,
} from "../../../scripts/deploy/parameters.ts";

const LIVE_CHAIN_ID = 4_747;
const deployer = accountOfKey(developmentKey(0), DEVELOPMENT_CHAIN_ID).address;
const governance = "0x1111111111111111111111111111111111111111";
const treasury = "0x2222222222222222222222222222222222222222";
const categories = [{ roundBlocks: 20, deadlineBlocks: 200 }];
const juryCategories = [{ roundBlocks: 30, deadlineBlocks: 300 }];
const hub = { stake: "1000", unbondingTime: 1_209_600, longestOverlap: 172_800, lossShare: 1_000 };
const ratings = { floor: "1", cap: "1000" };
const receipt = {
  ...{ answerTime: 86_400, rulingTime: 1_209_600, bondShare: 500, minBond: "1" },
  ...{ juryCategory: 1, juryTrust: 10, juryMinSeats: 10, juryMinSeatStake: "100" },
};
const whole = { governance, treasury, categories, juryCategories, hub, receipt, ratings };

function problemsOf(given: unknown, chainId = LIVE_CHAIN_ID): string {
  try {
    resolveParameters(given, chainId, deployer);
    return "";
  } catch (error) {
    expect(error).toMatchObject({ code: "HANSE_CONFIG_INVALID" });
    return (error as Error).message;
  }
}

describe("parameters are refused", () => {
  it("when there are none on a chain that is no development chain", () => {
    expect(problemsOf(undefined)).toContain("no development chain");
  });

  it.each(["governance", "treasury", "categories", "juryCategories", "hub", "receipt", "ratings"])(
    "without %s on such a chain",
    (name) => {
      expect(problemsOf({ ...whole, [name]: undefined })).toContain(`${name}:`);
    },
  );

  it.each([
    ["zero", "0x0000000000000000000000000000000000000000"],
    ["a wrong checksum", "0xF39fd6e51aad88f6f4ce6ab8827279cfffb92266"],
    ["no address", "governance"],
  ])("with %s for an account", (_, account) => {
    expect(problemsOf({ ...whole, governance: account })).toContain("governance:");
  });

  it("with something nobody knows", () => {
    expect(problemsOf({ ...whole, tresury: treasury })).toContain("tresury");
  });

  it.each([
    ["no rounds", { roundBlocks: 0, deadlineBlocks: 200 }],
    ["a round that does not fit the deadline", { roundBlocks: 190, deadlineBlocks: 200 }],
    ["a deadline above half the unbonding time", { roundBlocks: 20, deadlineBlocks: 60_481 }],
    ["parts of a block", { roundBlocks: 20.5, deadlineBlocks: 200 }],
  ])("with a category of %s", (_, category) => {
    expect(problemsOf({ ...whole, categories: [category] })).toContain("categories.0");
  });

  it("with a category of the Jury that leaves no time to reveal", () => {
    expect(problemsOf({ ...whole, juryCategories: [{ roundBlocks: 95, deadlineBlocks: 200 }] })).toContain(
      "juryC",
    );
  });

  it.each([
    ["a stake that is no text", "hub.stake", { ...hub, stake: 1_000 }],
    ["a stake of too many digits", "hub.stake", { ...hub, stake: "1.0000000001" }],
    ["more than the whole lost", "hub.lossShare", { ...hub, lossShare: 10_001 }],
    ["a time that does not fit", "hub.unbondingTime", { ...hub, unbondingTime: 2 ** 32 }],
    ["a time below zero", "hub.longestOverlap", { ...hub, longestOverlap: -1 }],
    ["admission by nobody", "hub.admission", { ...hub, admission: `0x${"00".repeat(20)}` }],
    ["something nobody knows", "hub", { ...hub, fee: "1" }],
  ])("with a Hub of %s", (_, path, given) => {
    expect(problemsOf({ ...whole, hub: given })).toContain(`${path}:`);
  });

  it.each([
    ["a dispute that costs nothing", "receipt.minBond", { ...receipt, minBond: "0" }],
    ["one that costs nothing, in other words", "receipt.minBond", { ...receipt, minBond: "0.000000000" }],
    ["one that costs less than nothing", "receipt.minBond", { ...receipt, minBond: "-1" }],
    ["no time to answer", "receipt.answerTime", { ...receipt, answerTime: 0 }],
    ["no time to rule", "receipt.rulingTime", { ...receipt, rulingTime: 0 }],
    ["a share above the whole", "receipt.bondShare", { ...receipt, bondShare: 10_001 }],
  ])("with rules of the Receipt that allow %s", (_, path, given) => {
    expect(problemsOf({ ...whole, receipt: given })).toContain(`${path}:`);
  });

  it("with ratings that have no cap", () => {
    expect(problemsOf({ ...whole, ratings: { floor: "1" } })).toContain("ratings.cap:");
  });

  it("without any category, on a development chain too", () => {
    expect(problemsOf({ categories: [] }, DEVELOPMENT_CHAIN_ID)).toContain("categories:");
  });

  it.each(["governance", "treasury"])(
    "with a development account as %s of a chain that holds value",
    (name) => {
      expect(problemsOf({ ...whole, [name]: deployer })).toContain("everybody has the key");
    },
  );

  it.each([[[]], ["text"], [null], [7]])("when they are %j", (given) => {
    expect(problemsOf(given, LIVE_CHAIN_ID)).not.toBe("");
  });

  it("when their file is missing or is not JSON", async () => {
    const path = join(tmpdir(), `hanse-parameters-${process.pid}.json`);
    await expect(readParameters(path)).rejects.toMatchObject({ code: "HANSE_CONFIG_INVALID" });
    await writeFile(path, "governance: me");
    await expect(readParameters(path)).rejects.toMatchObject({ code: "HANSE_CONFIG_INVALID" });
  });
});

describe("parameters", () => {
  it("are taken as they are given", () => {
    expect(resolveParameters(whole, LIVE_CHAIN_ID, deployer)).toEqual(whole);
  });

  it("are the deployer's where a development chain is told nothing else", () => {
    expect(resolveParameters({ categories, juryCategories }, DEVELOPMENT_CHAIN_ID, deployer)).toEqual({
      ...{ governance: deployer, treasury: deployer },
      ...{
        categories,
        juryCategories,
        hub: DEVELOPMENT_PARAMETERS.hub,
        receipt: DEVELOPMENT_PARAMETERS.receipt,
        ratings: DEVELOPMENT_PARAMETERS.ratings,
      },
    });
    expect(resolveParameters(undefined, DEVELOPMENT_CHAIN_ID, deployer).categories).toHaveLength(2);
  });

  it("tell which of them changed", () => {
    expect(findChange(whole as never, { ...whole, hub: { ...hub, stake: "1" } } as never)).toContain(
      "hub was",
    );
    expect(findChange(whole as never, { ...whole, treasury: governance } as never)).toContain("treasury was");
    expect(findChange(whole as never, { ...whole } as never)).toBeUndefined();
  });
});
