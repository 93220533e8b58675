import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { MAX_BULK_HEIGHT } from "#src/protocol/bulk-order.ts";
import { SATURATION } from "#src/protocol/confidence.ts";
import { COMPLAINTS, STAGES } from "#src/protocol/goods-deals.ts";
import {
  CONFIRMATION_TYPED_DATA,
  GOODS_PRIMARY_TYPES,
  GOODS_TYPED_DATA,
  SPLIT_TYPED_DATA,
} from "#src/protocol/goods-order-types.ts";
import { MAX_PURCHASE_VOLUME, OUTCOME, SIDES } from "#src/protocol/goods-orders.ts";
import { GOODS_REFUSALS } from "#src/protocol/goods-refusals.ts";
import { OUTCOMES } from "#src/protocol/outcomes.ts";
import * as parameters from "#src/protocol/panel-parameters.ts";
import { POWERS } from "#src/protocol/powers.ts";
import { LEGS, REFUSALS } from "#src/protocol/refusals.ts";
import { SPONSORSHIP_TYPED_DATA } from "#src/protocol/sponsorship.ts";
import { failureCodes } from "#src/worker/runner/run-outcome.ts";

const source = (path: string) => readFile(new URL(`../../contracts/${path}`, import.meta.url), "utf8");

/** The members of a Solidity enum, without comments. */
async function membersOf(path: string, name: string): Promise<string[]> {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(await source(path))?.[1] ?? "";
  return body
    .replace(/\/\/.*$/gm, "")
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
}

/** The numbers of a file, each a literal or an earlier one divided by a literal. */
function constantsOf(text: string): Map<string, number> {
  const numbers = new Map<string, number>();
  const numberOf = (term: string) => numbers.get(term) ?? Number(term.replaceAll("_", ""));
  for (const [, name = "", dividend = "", divisor = "1"] of text.matchAll(
    /constant (\w+) = (\w+)(?: \/ (\w+))?;/g,
  )) {
    numbers.set(name, numberOf(dividend) / numberOf(divisor));
  }
  return numbers;
}

describe("what Solidity and TypeScript both say", () => {
  it("refusals and legs are the same, in the same order", async () => {
    expect(await membersOf("types/Refusals.sol", "Refusal")).toEqual([...REFUSALS]);
    const legs = await membersOf("types/Refusals.sol", "Leg");
    expect(legs.map((leg) => leg.toLowerCase())).toEqual([...LEGS]);
  });

  it("refusals, stages, complaints, outcomes and sides of goods are the same, in the same order", async () => {
    const path = "types/Goods.sol";
    expect(await membersOf(path, "GoodsRefusal")).toEqual([...GOODS_REFUSALS]);
    expect(await membersOf(path, "Stage")).toEqual([...STAGES]);
    expect(await membersOf(path, "Complaint")).toEqual([...COMPLAINTS]);
    const outcomes = (await membersOf(path, "Outcome")).map((name, number) => [name, number]);
    expect(Object.fromEntries(outcomes)).toEqual(OUTCOME);
    const sides = await membersOf(path, "Side");
    expect(sides).toEqual(SIDES.map((side) => GOODS_PRIMARY_TYPES[side].replace("Order", "")));
  });

  it("a purchase is of as many pieces", async () => {
    const numbers = constantsOf(await source("types/GoodsSlot.sol"));
    expect(numbers.get("MAX_PURCHASE_VOLUME")).toBe(MAX_PURCHASE_VOLUME);
  });

  it("what is signed about goods has the same types", async () => {
    const text = await source("libraries/GoodsHash.sol");
    const types = { ...GOODS_TYPED_DATA, ...CONFIRMATION_TYPED_DATA, ...SPLIT_TYPED_DATA };
    for (const name of ["SaleOrder", "PurchaseOrder", "Confirmation", "Split"] as const) {
      const members = types[name].map(({ name, type }) => `${type} ${name}`);
      expect(text).toContain(`"${name}(${members.join(",")})"`);
    }
  });

  it("the powers of operator keys are the same", async () => {
    const text = await source("interfaces/IKeyring.sol");
    const powers = [...text.matchAll(/constant POWER_(\w+) = 1 << (\d+);/g)];
    expect(Object.fromEntries(powers.map(([, name, bit]) => [name, 1 << Number(bit)]))).toEqual(POWERS);
  });

  it("a bulk is as high, and ends alike", async () => {
    const text = await source("libraries/BulkOrder.sol");
    expect(text).toContain(`MAX_HEIGHT = ${MAX_BULK_HEIGHT};`);
    expect(text).toContain('BULK_MAGIC = "bulk";');
  });

  it("a sponsorship has the same type", async () => {
    const members = SPONSORSHIP_TYPED_DATA.Sponsorship.map(({ name, type }) => `${type} ${name}`);
    expect(await source("libraries/OrderHash.sol")).toContain(`"Sponsorship(${members.join(",")})"`);
  });

  it("the panel's numbers are the same", async () => {
    const numbers = constantsOf(await source("certifiers/panel/Parameters.sol"));
    for (const [name, value] of Object.entries(parameters))
      expect(numbers.get(name), name).toBe(Number(value));
  });

  it("a score is full at the same confidence", async () => {
    expect(await source("libraries/Confidence.sol")).toContain(
      `CEILING = 2 ** ${SATURATION.toString(2).length - 1};`,
    );
  });

  it("the runner's failures have the numbers of the outcomes", () => {
    const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    for (const [name, code] of Object.entries(failureCodes)) expect(OUTCOMES[code]).toBe(kebab(name));
    expect(Object.keys(failureCodes)).toHaveLength(OUTCOMES.length - 1);
  });
});
