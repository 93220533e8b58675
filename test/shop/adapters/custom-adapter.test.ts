import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadAdapter } from "#src/shop/adapters/load-adapter.ts";
import makeAdapter from "../../../examples/shop-adapter/adapter.ts";
import { type ShopSystem, startShopSystem } from "../support/shop-system.ts";

const EXAMPLE = resolve("examples/shop-adapter/adapter.ts");

let folder: string;
let system: ShopSystem;
beforeAll(async () => {
  [folder, system] = await Promise.all([mkdtemp(join(tmpdir(), "hanse-adapter-")), startShopSystem()]);
  system.fill({ "p-1": 5, "p-2": 1 });
});
afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function moduleOf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe("a module that is to make an adapter is refused", () => {
  it.each([
    ["which is not there", undefined],
    ["that cannot be read", "export default ("],
    ["without a default export", "export const adapter = {};"],
    ["whose default export is no function", "export default {};"],
    ["that throws", 'export default () => { throw new Error("no"); };'],
    ["that makes nothing", "export default () => undefined;"],
    ["that makes half of one", "export default () => ({ catalogue: async () => [] });"],
  ])("%s", async (what, text) => {
    const name = `${what.replaceAll(/\W/g, "-")}.mjs`;
    const path = text === undefined ? join(folder, name) : await moduleOf(name, text);
    await expect(loadAdapter(path)).rejects.toMatchObject({ code: "HANSE_CONFIG_INVALID" });
  });
});

// What else it has to keep to: `shop-adapter.test.ts`.
describe("the example", () => {
  it("is loaded as it stands, in fewer than 100 lines", async () => {
    const adapter = await loadAdapter(EXAMPLE);
    expect(Object.keys(adapter).sort()).toEqual(["catalogue", "putBack", "take"]);
    expect((await readFile(EXAMPLE, "utf8")).split("\n").length).toBeLessThan(100);
  });

  it("tells what there is: exact prices, whole pieces, and what is not counted", async () => {
    expect(await makeAdapter(system.url).catalogue()).toMatchObject([
      { internalId: "p-1", sku: "SKU-1", priceMinor: 1_999n, onHand: 5n, description: "", categories: [] },
      { internalId: "p-2", priceMinor: 2_000n, onHand: 1n },
      { sku: "GIFT", onHand: null },
    ]);
  });

  it("fails, and says neither yes nor no, while the system is away", async () => {
    system.setAway(true);
    const adapter = makeAdapter(system.url);
    await expect(adapter.catalogue()).rejects.toThrow("503");
    await expect(adapter.take("order-3", [{ internalId: "p-1", quantity: 1n }])).rejects.toThrow("503");
    expect(system.left()).toEqual({ "p-1": 5, "p-2": 1 });
  });
});
