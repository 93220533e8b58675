import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { createListings } from "#src/shop/federation/listings.ts";
import { pollFeed } from "#src/shop/federation/poll-feed.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";

// Partners on real sockets, of which some take a request and never end their answer: they trickle it.

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<ShopTables>;
const asked: string[] = [];
const open = new Set<ServerResponse>();
const server = createServer((request, response) => {
  const [, partner = ""] = (request.url ?? "").split("/");
  asked.push(partner);
  response.writeHead(200, { "content-type": "application/json" });
  if (partner.startsWith("SLOW")) {
    response.write("{");
    open.add(response.on("close", () => open.delete(response)));
    return;
  }
  const product = { id: `${partner}:SOCK`, name: "Sock", description: "", imageURL: "", categories: [] };
  const price = { price: 1, currency: "USD", priceMinor: "100", available: true };
  const feed = {
    feed: partner,
    cursor: "1:SOCK",
    more: false,
    gone: [],
    products: [{ ...product, ...price }],
  };
  response.end(JSON.stringify(feed));
});
const trickle = setInterval(() => {
  for (const response of open) response.write(" ");
}, 20);

beforeAll(async () => {
  postgres = await startTestPostgres();
  database = await openDatabase<ShopTables>(
    { logger: silent },
    { url: await postgres.fresh(), schema: "shop" },
  );
  await migrate({ database: database as never, logger: silent }, "shop", shopMigrations);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
}, 60_000);
afterAll(async () => {
  clearInterval(trickle);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database?.close();
  await postgres?.stop();
});

/** Syncs these until it is stopped. */
function sync(partners: readonly string[], options: { readonly everyMs: number; readonly turnMs?: number }) {
  const fetch = createGuardedFetch({ allowPrivate: true });
  const signer = { code: "BEN", key: generateShopKey().key };
  const { port } = server.address() as AddressInfo;
  const listings = createListings(
    {
      ...{ database, logger: silent, partners: async () => partners },
      peers: { find: async (code) => ({ code, endpoint: `http://127.0.0.1:${port}/${code}` }) as never },
      rightsFrom: async () => ["share-inventory", "sell"],
      poll: (partner, endpoint, cursor, etag, signal) =>
        pollFeed(fetch, { partner, endpoint, cursor, etag, signal, signer }),
    },
    { laneMs: 200, ...options },
  );
  const stopping = new AbortController();
  const running = listings.keepSyncing(stopping.signal);
  return {
    listings,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
const names = (word: string, count: number) => Array.from({ length: count }, (_, at) => `${word}${at}`);
const times = (partner: string) => asked.filter((each) => each === partner).length;

it("partners that trickle their answers keep nobody waiting for long, nor each other", {
  timeout: 60_000,
}, async () => {
  const [slow, good] = [names("SLOW", 24), names("GOOD", 4)];
  // All slow ones stand before the good ones: each of them has a lane for 200 ms.
  const { listings, stop } = sync([...slow, ...good], { everyMs: 60_000, turnMs: 20_000 });
  try {
    const told = async () => (await listings.list()).map(({ partner }) => partner);
    await expect.poll(told, { timeout: 6_000 }).toEqual(good);
    expect(new Set(asked)).toEqual(new Set([...slow, ...good]));
    expect(open.size, "beside the lanes, and no more").toBeLessThanOrEqual(8);
  } finally {
    await stop();
  }
  await expect.poll(() => open.size).toBe(0);
});

it("a turn ends, and one that fails again and again comes less often; the others' come as ever", async () => {
  asked.length = 0;
  const { stop } = sync(["SLOWEST", "GOOD0"], { everyMs: 100, turnMs: 300 });
  try {
    await expect.poll(() => times("GOOD0"), { timeout: 20_000, interval: 50 }).toBeGreaterThanOrEqual(40);
    // Each turn lasts 300 ms, and rests of 0, 100, 200, 400, 800 and 1,600 ms follow.
    expect(times("SLOWEST")).toBeGreaterThanOrEqual(3);
    expect(times("SLOWEST")).toBeLessThanOrEqual(7);
  } finally {
    await stop();
  }
}, 30_000);
