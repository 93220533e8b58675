import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import { createCustomer, product } from "../support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "../support/market-shops.ts";
import { introduce, makePartners } from "../support/test-shops.ts";

// Given Ben, who lists what Anna told him of, then
// - nothing of hers is shown, nor is she asked for it, but while she is a member and lets him list and sell it
// - what she does not offer costs her no request for each stranger who wants it

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let ben: MarketShop;

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  const start = async (code: string, owner: number) =>
    await startMarketShop({ code, owner, chain, databaseUrl: await postgres.fresh() });
  [anna, ben] = [await start("ANNA", 5), await start("BEN", 6)];
  await introduce(anna, ben);
  await anna.stock.put([product("SOCK", 40n), product("HAT", 40n)]);
  await anna.market.syncCatalogue();
}, 120_000);
afterAll(async () => {
  for (const shop of [anna, ben]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});
beforeEach(async () => {
  for (const { database } of [anna, ben]) {
    await database.kysely.deleteFrom("partnerships").execute();
    await database.kysely.updateTable("peers").set({ standing: "member" }).execute();
  }
});

const listed = async () => {
  const { products } = (await (await fetch(`${ben.endpoint}/v1/listings`)).json()) as {
    products: { id: string }[];
  };
  return products.map(({ id }) => id);
};
const begin = async (sku: string) => {
  const { chainId } = chain.chain;
  const customer = createCustomer(ben, testAccount(9), {
    chainId,
    receipt: chain.deployment.contracts.receipt,
  });
  return await customer.begin([[`ANNA:${sku}`, 1]]);
};
const refused = (code: string) => expect.objectContaining({ code });
/** Signed requests that Anna had of Ben. */
const signed = async () =>
  (await anna.metric("federation_request_duration_seconds", { route: "/api/v1/quotes" })) +
  (await anna.metric("federation_inventory_polls_total", { partner: "BEN" }));

describe("products that were told of", () => {
  beforeEach(async () => {
    await makePartners(anna, ben, ["share-inventory", "sell"]);
    await ben.market.listings.sync("ANNA");
    expect(await listed()).toEqual(["ANNA:HAT", "ANNA:SOCK"]);
  });

  const becomes = (standing: "suspended" | "left") => () =>
    ben.database.kysely.updateTable("peers").set({ standing }).where("code", "=", "ANNA").execute();

  it.each([
    ["was suspended", "HANSE_SHOP_UNKNOWN", becomes("suspended")],
    ["left", "HANSE_SHOP_UNKNOWN", becomes("left")],
    [
      "took its rights back",
      "HANSE_RIGHT_MISSING",
      () => anna.ask("/v1/owner/partnerships/BEN/leave", { role: "granter" }),
    ],
    [
      "grants no more than to list them",
      "HANSE_RIGHT_MISSING",
      async () => {
        await anna.ask("/v1/owner/partnerships/BEN/leave", { role: "granter" });
        await makePartners(anna, ben, ["share-inventory"]);
      },
    ],
    [
      "grants no more than to sell them",
      "HANSE_RIGHT_MISSING",
      async () => {
        await anna.ask("/v1/owner/partnerships/BEN/leave", { role: "granter" });
        await makePartners(anna, ben, ["sell"]);
      },
    ],
  ])("are neither shown nor asked for once their shop %s", async (_, code, happens) => {
    await happens();
    const before = await signed();
    expect(await listed()).toEqual([]);
    await expect(begin("HAT")).rejects.toThrow(refused(code));
    expect(await signed()).toBe(before);
  });

  it("are shown again with the rights", async () => {
    await anna.ask("/v1/owner/partnerships/BEN/leave", { role: "granter" });
    await makePartners(anna, ben, ["share-inventory", "sell"]);
    expect(await listed()).toEqual(["ANNA:HAT", "ANNA:SOCK"]);
  });
});

describe("a checkout", () => {
  beforeEach(() => makePartners(anna, ben, ["share-inventory", "sell"]));

  it("of what a partner does not offer costs it a request a second, however many strangers want it", async () => {
    await ben.market.listings.sync("ANNA");
    const before = await signed();
    const began = performance.now();
    const wanted = Array.from({ length: 40 }, () => begin("NOPE"));
    for (const outcome of await Promise.allSettled(wanted)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: refused("HANSE_PRODUCT_UNKNOWN") });
    }
    const seconds = (performance.now() - began) / 1_000;
    expect((await signed()) - before).toBeLessThanOrEqual(1 + Math.floor(seconds));
  });

  it("of what has just come there is begun, although nobody has told of it yet", async () => {
    await ben.market.listings.sync("ANNA");
    await anna.stock.put([product("NEW", 5n)]);
    await anna.market.syncCatalogue();
    expect((await begin("NEW")).legs[0]?.quote.lines[0]?.product).toBe("ANNA:NEW");
    expect(await listed()).toContain("ANNA:NEW");
  });
});
