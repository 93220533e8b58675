import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { createListings, type Listings } from "#src/shop/federation/listings.ts";
import { pollFeed } from "#src/shop/federation/poll-feed.ts";
import { createShopMetrics } from "#src/shop/shop-metrics.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";

// A partner on a real socket that tells, among its products, what no database takes: the others are listed all the same.

const registry = new Registry();
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<ShopTables>;
let listings: Listings;
let feed: Record<string, unknown> = {};
const server = createServer((_, response) => void response.end(JSON.stringify(feed)));

beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.fresh();
  database = await openDatabase<ShopTables>({ logger: silent }, { url, schema: "shop" });
  await migrate({ database: database as never, logger: silent }, "shop", shopMigrations);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fetch = createGuardedFetch({ allowPrivate: true });
  const signer = { code: "BEN", key: generateShopKey().key };
  const { port } = server.address() as AddressInfo;
  listings = createListings({
    ...{ database, logger: silent, partners: async () => ["ANNA"] },
    metrics: createShopMetrics(registry),
    peers: { find: async (code) => ({ code, endpoint: `http://127.0.0.1:${port}` }) as never },
    rightsFrom: async () => ["share-inventory", "sell"],
    poll: (partner, endpoint, cursor, etag, signal) =>
      pollFeed(fetch, { partner, endpoint, cursor, etag, signal, signer }),
  });
}, 60_000);
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database?.close();
  await postgres?.stop();
});
beforeEach(async () => {
  for (const table of ["listings", "listing_cursors"] as const)
    await database.kysely.deleteFrom(table).execute();
});

const item = (sku: string, more: object = {}) => ({
  ...{ id: `ANNA:${sku}`, name: sku, description: "", imageURL: "", categories: [], price: 1 },
  ...{ currency: "USD", priceMinor: "100", available: true, ...more },
});
const tells = (products: readonly object[], more: object = {}) => {
  feed = { products, gone: [], cursor: "1:SOCK", feed: "of Anna", more: false, ...more };
};
const listed = async () => (await listings.list()).map(({ sku }) => sku);
const leftOut = async () => {
  const metric = await registry.getSingleMetric("shop_listings_left_out_total")?.get();
  return metric?.values.find(({ labels }) => labels.partner === "ANNA")?.value ?? 0;
};

it.each([
  ["the character zero in its name", { name: "A\0sock" }],
  ["the character zero in what it says of it", { description: "\0" }],
  ["the character zero in a category", { categories: ["socks", "\0"] }],
  ["the character zero in the address of its picture", { imageURL: "https://x.example/\0" }],
  ["a price beyond 64 bits", { priceMinor: (2n ** 63n).toString() }],
  ["a price below zero", { priceMinor: "-1" }],
])("a product with %s is left out, and the sync goes on", async (_, odd) => {
  const before = await leftOut();
  tells([item("HAT"), item("SOCK")]);
  await listings.sync("ANNA");
  expect(await listed()).toEqual(["HAT", "SOCK"]);
  // It was sold before: what it costs by now nobody can say.
  tells([item("SOCK", odd), item("SHOE")], { cursor: "2:SOCK" });
  expect(await listings.sync("ANNA")).toMatchObject({ told: 2 });
  expect(await listed()).toEqual(["HAT", "SHOE"]);
  expect((await leftOut()) - before).toBe(1);
  tells([item("SOCK")], { cursor: "3:SOCK" });
  await listings.sync("ANNA");
  expect(await listed()).toEqual(["HAT", "SHOE", "SOCK"]);
});

it.each([["cursor"], ["feed"]])("a %s that nobody can keep is refused in words", async (name) => {
  tells([item("HAT")], { [name]: "\0" });
  await expect(listings.sync("ANNA")).rejects.toThrow(
    expect.objectContaining({ code: "HANSE_PEER_RESPONSE_INVALID" }),
  );
});

it("a currency nobody knows is listed as it was told", async () => {
  tells([item("HAT", { currency: "XYZ" })]);
  await listings.sync("ANNA");
  expect(await listings.list()).toMatchObject([{ sku: "HAT", currency: "XYZ", price_minor: 100n }]);
});
