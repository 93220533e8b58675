import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createShopClient } from "#src/client/shop-client.ts";
import { listingsSchema, quoteSchema } from "#src/client/shop-schema.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { createCustomer, product } from "./support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "./support/market-shops.ts";
import { introduce, makePartners } from "./support/test-shops.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let again: Awaited<ReturnType<typeof postgres.start>> | undefined;
let chain: GoodsChain;
let anna: MarketShop;
let gift: MarketShop;
let ben: MarketShop;
const wallet = testAccount(9);

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  const start = async (code: string, owner: number) =>
    await startMarketShop({ code, owner, chain, databaseUrl: await postgres.fresh() });
  [anna, gift, ben] = [await start("ANNA", 5), await start("GIFT", 6), await start("BEN", 7)];
  await introduce(anna, gift, ben);
  for (const account of [5, 7, 9]) await chain.fund(account);
  for (const seller of [anna, gift]) await makePartners(seller, ben, ["share-inventory", "sell"]);
}, 120_000);
afterAll(async () => {
  try {
    for (const shop of [anna, gift, ben]) await shop?.stop();
  } finally {
    // Also where a shop ended by a fault.
    await again?.stop();
    await Promise.all([postgres?.stop(), chain?.stop()]);
  }
});
beforeEach(async () => {
  await anna.stock.put([product("HAT", 10n)], { complete: true });
  await gift.stock.put([product("MUG", 5n)], { complete: true });
  for (const shop of [anna, gift]) await shop.market.syncCatalogue();
});

const reserved = async (shop: MarketShop, sku: string) =>
  Number((await shop.service.catalogue.find(sku)).reserved);
const quote = (key: string, quantity: number, sku = "HAT") =>
  ben.service.post.call("ANNA", "/api/v1/quotes", {
    body: { buyer: wallet.address, lines: [{ product: `ANNA:${sku}`, quantity }] },
    headers: { "idempotency-key": key },
    schema: quoteSchema,
  });
const customer = () =>
  createCustomer(ben, wallet, {
    chainId: chain.chain.chainId,
    receipt: chain.deployment.contracts.receipt,
  });
const refused = (code: string) => expect.objectContaining({ code });

describe("a quote", () => {
  it("asked for twice at once is one, and keeps its pieces", async () => {
    const before = await reserved(anna, "HAT");
    const key = "at the same time".replaceAll(" ", "-");
    const quotes = await Promise.all([quote(key, 2), quote(key, 2), quote(key, 2)]);
    expect(new Set(quotes.map(({ id }) => id)).size).toBe(1);
    expect(await reserved(anna, "HAT")).toBe(before + 2);
    await expect(Promise.all([quote("another-key", 1), quote("another-key", 2)])).rejects.toEqual(
      refused("HANSE_CONFLICT"),
    );
  });

  it("that could not be made at first can be made under the same key", async () => {
    await anna.stock.put([product("FREE", 5n, 0n)]);
    await anna.market.syncCatalogue();
    await expect(quote("once-more", 2, "FREE")).rejects.toEqual(refused("HANSE_QUOTE_EMPTY"));
    expect(await reserved(anna, "FREE")).toBe(0);
    await anna.stock.put([product("FREE", 5n, 100n)]);
    await anna.market.syncCatalogue();
    expect(await quote("once-more", 2, "FREE")).toMatchObject({ totalMinor: 200n });
    expect(await reserved(anna, "FREE")).toBe(2);
  });

  it("of a basket that came to nothing keeps nothing", async () => {
    const before = await reserved(anna, "HAT");
    await expect(
      customer().begin([
        ["ANNA:HAT", 1],
        ["GIFT:MUG", 6],
      ]),
    ).rejects.toEqual(refused("HANSE_OUT_OF_STOCK"));
    expect(await reserved(anna, "HAT")).toBe(before);
  });
});

it("a reservation that the database does not take costs nobody else theirs", async () => {
  const wish = (sku: string) =>
    anna.service.reservations.reserve({
      ...{ sku, partner: "BEN", quantity: 1n, idempotencyKey: crypto.randomUUID() },
    });
  const outcomes = await Promise.allSettled([wish("HAT"), wish("BAD\u0000"), wish("HAT")]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

describe("a catalogue", () => {
  it("is taken over although less is in the house than is reserved of one product", async () => {
    await anna.stock.put([product("RARE", 4n), product("OLD", 1n)], { complete: true });
    await anna.market.syncCatalogue();
    await quote("rare-pieces", 3, "RARE");
    // Sold over the counter.
    await anna.stock.put([product("RARE", 1n), product("NEW", 7n)], { complete: true });
    await anna.market.syncCatalogue();
    expect(await anna.service.catalogue.find("NEW")).toMatchObject({ on_hand: 7n });
    await expect(anna.service.catalogue.find("OLD")).rejects.toEqual(refused("HANSE_PRODUCT_UNKNOWN"));
    await expect(quote("one-more", 1, "RARE")).rejects.toEqual(refused("HANSE_OUT_OF_STOCK"));
  });

  it("may name a product otherwise, and two the other way round", async () => {
    const named = (sku: string, id: string) => ({ ...product(sku, 2n), internalId: id });
    await anna.stock.put([named("LEFT", "1"), named("RIGHT", "2"), named("PLAIN", "PLAIN")], {
      complete: true,
    });
    await anna.market.syncCatalogue();
    await anna.stock.put([named("RIGHT", "1"), named("LEFT", "2"), named("PLAIN", "17")], { complete: true });
    await anna.market.syncCatalogue();
    expect(await anna.service.catalogue.find("LEFT")).toMatchObject({ internal_id: "2" });
    expect(await anna.service.catalogue.find("PLAIN")).toMatchObject({ internal_id: "17" });
    await anna.stock.put([named("NEW-NAME", "1")]);
    await anna.market.syncCatalogue();
    await expect(anna.service.catalogue.find("RIGHT")).rejects.toEqual(refused("HANSE_PRODUCT_UNKNOWN"));
    await expect(anna.stock.put([named("SAME", "8"), named("SAME", "9")])).rejects.toEqual(
      refused("HANSE_CATALOGUE_INVALID"),
    );
  });
});

describe("listings of a partner", () => {
  const listed = async () => (await ben.market.listings.list("GIFT")).map(({ sku }) => sku).sort();

  it("that lost its database are told from the beginning, and what it has no more is gone", async () => {
    await gift.stock.put([product("MUG", 5n), product("CUP", 5n)], { complete: true });
    await gift.market.syncCatalogue();
    await ben.market.listings.sync("GIFT");
    expect(await listed()).toEqual(["CUP", "MUG"]);
    // As a new database is: nothing that was sold before is known, numbers begin at 0.
    const { kysely } = gift.database;
    await kysely.deleteFrom("products").execute();
    await kysely.updateTable("feed").set({ sequence: 0n, id: crypto.randomUUID() }).execute();
    await gift.stock.put([product("MUG", 5n), product("JUG", 5n)], { complete: true });
    await gift.market.syncCatalogue();
    await ben.market.listings.sync("GIFT");
    expect(await listed()).toEqual(["JUG", "MUG"]);
    expect(await ben.market.listings.sync("GIFT"), "and from there on as ever").toEqual({ told: 0, gone: 0 });
  });

  it("are told a page at a time, each once, whatever comes and goes meanwhile", async () => {
    const skus = Array.from({ length: 1_203 }, (_, at) => `M${String(at).padStart(4, "0")}`);
    await gift.stock.put(
      skus.map((sku) => product(sku, 1n)),
      { complete: true },
    );
    await gift.market.syncCatalogue();
    await ben.market.listings.sync("GIFT");
    const client = createShopClient({}, { baseUrl: ben.endpoint });
    expect((await client.listings("GIFT")).map(({ id }) => id)).toEqual(skus.map((sku) => `GIFT:${sku}`));
    const page = async (query: string) =>
      listingsSchema.parse(await (await fetch(`${ben.endpoint}/v1/listings?partner=GIFT&${query}`)).json());
    const first = await page("limit=600");
    expect(first.products).toHaveLength(600);
    expect(first.next).toBe("GIFT:M0599");
    await gift.stock.put(
      skus.slice(700).map((sku) => product(sku, 1n)),
      { complete: true },
    );
    await gift.market.syncCatalogue();
    await ben.market.listings.sync("GIFT");
    const rest = await page(`limit=1000&after=${first.next}`);
    expect(rest.products.map(({ id }) => id)).toEqual(skus.slice(700).map((sku) => `GIFT:${sku}`));
    expect(rest.next).toBeUndefined();
    for (const query of ["limit=0", "limit=1001", "after=GIFT", "partner=%00"])
      expect((await fetch(`${ben.endpoint}/v1/listings?${query}`)).status, query).toBe(400);
  });

  it("whose database was set back are told too", async () => {
    await ben.market.listings.sync("GIFT");
    const { kysely } = gift.database;
    await kysely.updateTable("feed").set({ sequence: 0n }).execute();
    await kysely.updateTable("products").set({ sequence: 0n }).execute();
    await gift.stock.put([product("BOWL", 5n)]);
    await gift.market.syncCatalogue();
    await ben.market.listings.sync("GIFT");
    expect(await listed()).toContain("BOWL");
  });
});

it("shops go on when PostgreSQL was away", async () => {
  const { port } = new URL(postgres.postgres.url);
  await postgres.postgres.stop();
  // Longer than a look at the chain, at what is due, at what is to be told.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  again = await postgres.start(Number(port));
  const { legs } = await customer().pay(await customer().begin([["ANNA:HAT", 1]]));
  await expect
    .poll(async () => (await anna.market.sales.list()).find(({ deal }) => deal === legs[0]?.deal)?.packed, {
      timeout: 15_000,
    })
    .toBe(true);
});

// Last: it moves the chain's time.
it("what was not shipped in time is refunded, whoever of the two shops is there", async () => {
  const before = (await chain.moneyOf(wallet.address)).free;
  const { legs } = await customer().pay(await customer().begin([["ANNA:HAT", 1]]));
  const deal = legs[0]?.deal as `0x${string}`;
  await expect.poll(async () => (await ben.market.deals.find(deal))?.stage).toBe("Sealed");
  await anna.stop();
  await chain.pass(3_700);
  await expect
    .poll(async () => (await ben.market.deals.find(deal))?.stage, { timeout: 15_000 })
    .toBe("Refunded");
  // Its own, and the one that was bought before it.
  expect((await chain.moneyOf(wallet.address)).free).toBeGreaterThanOrEqual(before);
});
