import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SUPPLY_NANO } from "#src/protocol/money.ts";
import type { CatalogueProduct } from "#src/shop/inventory/catalogue.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import { product } from "../support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "../support/market-shops.ts";

// Given a shop whose own system says whatever it says, then
// - an answer that lost products deletes nothing
// - what costs more than all the money there is is refused, and keeps nothing

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let products: CatalogueProduct[] = [];
let answers: () => Promise<CatalogueProduct[]> = async () => products;

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  anna = await startMarketShop({
    ...{ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh() },
    adapter: {
      catalogue: () => answers(),
      take: async () => true,
      putBack: async () => undefined,
    },
  });
}, 120_000);
afterAll(async () => {
  await anna?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

const refused = (code: string) => expect.objectContaining({ code });

describe("a look at the own system", () => {
  const sold = async () =>
    (await anna.database.kysely.selectFrom("products").select("sku").where("gone", "=", false).execute())
      .map(({ sku }) => sku)
      .sort();
  const reads = (result: string) => anna.metric("shop_catalogue_reads_total", { result });
  const four = ["A", "B", "C", "D"].map((sku) => product(sku, 1n));
  beforeEach(async () => {
    await anna.database.kysely.deleteFrom("products").execute();
    answers = async () => products;
    products = four;
    await anna.market.syncCatalogue();
  });

  it.each([
    ["nothing", 0],
    ["less than half", 1],
  ])("that answers %s of what was there takes nothing away, and is counted", async (_, left) => {
    const before = await reads("stopped");
    products = four.slice(0, left);
    await expect(anna.market.syncCatalogue()).rejects.toThrow(refused("HANSE_CATALOGUE_SHRUNK"));
    expect(await sold()).toEqual(["A", "B", "C", "D"]);
    expect((await reads("stopped")) - before).toBe(1);
    products = four;
    await anna.market.syncCatalogue();
  });

  it("that fails is counted as that", async () => {
    const before = await reads("failed");
    answers = () => Promise.reject(new Error("the database of the shop is away"));
    await expect(anna.market.syncCatalogue()).rejects.toThrow("is away");
    expect((await reads("failed")) - before).toBe(1);
  });

  it("may take half away, and call all otherwise", async () => {
    const before = await reads("taken");
    products = four.slice(0, 2);
    await anna.market.syncCatalogue();
    expect(await sold()).toEqual(["A", "B"]);
    products = products.map((each) => ({ ...each, sku: `NEW.${each.sku}` }));
    await anna.market.syncCatalogue();
    expect(await sold()).toEqual(["NEW.A", "NEW.B"]);
    expect((await reads("taken")) - before).toBe(2);
  });
});

describe("a quote", () => {
  const MILLION = 1_000_000n;
  const quote = (lines: readonly (readonly [sku: string, quantity: bigint])[]) =>
    anna.market.quotes.make(
      "BEN",
      {
        buyer: testAccount(9).address,
        lines: lines.map(([sku, quantity]) => ({ product: `ANNA:${sku}`, quantity })),
      },
      randomUUID(),
    );
  const reserved = async () =>
    (await anna.database.kysely.selectFrom("products").select("reserved").execute()).map((row) =>
      Number(row.reserved),
    );
  beforeAll(async () => {
    products = [product("MUG", null, 1_899n), product("GOLD", null, 2n ** 62n)];
    answers = async () => products;
    await anna.database.kysely.deleteFrom("products").execute();
    await anna.market.syncCatalogue();
  });

  it.each<[string, readonly (readonly [string, bigint])[]]>([
    ["1,000 lines of a million pieces", Array.from({ length: 1_000 }, () => ["MUG", MILLION] as const)],
    ["more minor units than 64 bits hold", [["GOLD", MILLION]]],
    ["a piece that costs more HANSE than there are", [["GOLD", 1n]]],
    [
      "two lines of which neither costs too much",
      [
        ["MUG", MILLION],
        ["MUG", 200_000n],
      ],
    ],
  ])("of %s is refused, and keeps nothing", async (_, lines) => {
    await expect(quote(lines)).rejects.toThrow(refused("HANSE_QUOTE_TOO_LARGE"));
    expect(await reserved()).toEqual([0, 0]);
  });

  it("of nearly all there is is given", async () => {
    const { totalNano } = await quote([["MUG", MILLION]]);
    expect(totalNano).toBe(75_960_000n * 10n ** 9n);
    expect(totalNano).toBeLessThan(SUPPLY_NANO);
  });
});
