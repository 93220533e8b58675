import { afterAll, beforeAll, expect, it } from "vitest";
import { createStockAdapter } from "#src/shop/adapters/stock-adapter.ts";
import { createListings } from "#src/shop/federation/listings.ts";
import { type CatalogueProduct, createCatalogue } from "#src/shop/inventory/catalogue.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";

// More of everything than PostgreSQL takes parameters in a statement: 65,535.

const MANY = 70_000;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<ShopTables>;
beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.fresh();
  database = await openDatabase<ShopTables>({ logger: silent }, { url, schema: "shop" });
  await migrate({ database: database as never, logger: silent }, "shop", shopMigrations);
}, 60_000);
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});

const products = (priceMinor: bigint, count = MANY): CatalogueProduct[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ internalId: `own ${at}`, sku: `SKU.${at}`, name: "A thing", description: "", imageUrl: "" },
    ...{ categories: ["things"], priceMinor, onHand: 3n },
  }));

it("a catalogue of 70,000 products is taken over, changed, left alone and gone", {
  timeout: 120_000,
}, async () => {
  const catalogue = createCatalogue({ database });
  expect(await catalogue.put(products(100n))).toEqual({ added: MANY, changed: 0, removed: 0 });
  expect(await catalogue.put(products(100n))).toEqual({ added: 0, changed: 0, removed: 0 });
  expect(await catalogue.put(products(200n))).toEqual({ added: 0, changed: MANY, removed: 0 });
  expect((await catalogue.find(`SKU.${MANY - 1}`)).price_minor).toBe(200n);
  const one = await catalogue.put(products(200n, 1), { complete: true });
  expect(one).toEqual({ added: 0, changed: 0, removed: MANY - 1 });
  expect(await catalogue.put([], { complete: true }), "and none at all").toMatchObject({ removed: 1 });
});

it("so is the built-in stock", { timeout: 120_000 }, async () => {
  const stock = createStockAdapter({ database });
  expect(await stock.put(products(100n), { complete: true })).toEqual({ added: MANY, removed: 0 });
  expect(await stock.put(products(100n, 1), { complete: true })).toEqual({ added: 0, removed: MANY - 1 });
  expect(await stock.catalogue()).toHaveLength(1);
});

it("and a partner's page, however many it was asked for", { timeout: 120_000 }, async () => {
  const ids = products(100n).map(({ sku }) => `ANNA:${sku}`);
  const items = ids.map((id) => ({
    ...{ id, name: "A thing", description: "", imageURL: "", price: 1, priceMinor: 100n, currency: "USD" },
    ...{ categories: [], available: true },
  }));
  const pages = [
    { products: items, gone: [], cursor: "1:", feed: "of Anna", more: false },
    { products: [], gone: ids, cursor: "2:", feed: "of Anna", more: false },
  ];
  const listings = createListings({
    ...{ database, logger: silent, rightsFrom: async () => [], partners: async () => [] },
    peers: { find: async (code) => ({ code, endpoint: "" }) as never },
    poll: async () => ({ type: "feed", feed: pages.shift() as never, etag: undefined }),
  });
  expect(await listings.sync("ANNA")).toEqual({ told: MANY, gone: 0 });
  expect(await listings.sync("ANNA")).toEqual({ told: 0, gone: MANY });
  expect(await listings.list("ANNA")).toEqual([]);
});
