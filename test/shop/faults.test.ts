import { randomBytes, randomUUID } from "node:crypto";
import { bytesToHex } from "viem";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { quoteSchema, saleSchema, shipToContext } from "#src/client/shop-schema.ts";
import { signGoodsOrder } from "#src/client/sign-goods-order.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { signRequest } from "#src/identity/http-signature.ts";
import { seal } from "#src/identity/sealed-box.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { purchase } from "#src/protocol/goods-orders.ts";
import { createListings } from "#src/shop/federation/listings.ts";
import { pollFeed } from "#src/shop/federation/poll-feed.ts";
import type { CatalogueProduct } from "#src/shop/inventory/catalogue.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { silent, startTestPostgres } from "../store/test-database.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "./support/market-shops.ts";
import { introduce, makePartners } from "./support/test-shops.ts";

// Faults of the first try at a federation, and what merchants complain about elsewhere; docs/security.md has all of them.

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let ben: MarketShop;
/** What Anna's owner is told by the log. */
const errors: string[] = [];
const buyer = testAccount(9);
const shipTo = {
  ...{ name: "A Buyer", lines: ["1 Harbour Street"], city: "Lübeck", region: "" },
  ...{ postalCode: "23552", country: "DE" },
};

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  const write = (line: string) => void errors.push(line);
  anna = await startMarketShop({
    ...{ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh() },
    logger: createLogger({ service: "test", level: "error", destination: { write } }),
  });
  ben = await startMarketShop({ code: "BEN", owner: 7, chain, databaseUrl: await postgres.fresh() });
  for (const account of [5, 7, 9]) await chain.fund(account);
  await introduce(anna, ben);
  await makePartners(anna, ben, ["share-inventory", "sell"]);
}, 120_000);
afterAll(async () => {
  for (const shop of [anna, ben]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});
beforeEach(async () => {
  await anna.stock.put([product("SOCK", 3n), product("HAT", 100n)]);
  await anna.market.syncCatalogue();
});

function product(sku: string, onHand: bigint): CatalogueProduct {
  return {
    ...{ internalId: `own-${sku}`, sku, name: sku, description: "", imageUrl: "", categories: [] },
    ...{ priceMinor: 1_500n, onHand },
  };
}

const refused = (code: string) => expect.objectContaining({ code });
const keptOf = async (sku: string) => (await anna.service.catalogue.find(sku)).reserved;
const quote = (lines: readonly (readonly [string, number])[]) =>
  ben.service.post.call("ANNA", "/api/v1/quotes", {
    body: {
      lines: lines.map(([sku, quantity]) => ({ product: `ANNA:${sku}`, quantity })),
      buyer: buyer.address,
    },
    headers: { "idempotency-key": randomUUID() },
    schema: quoteSchema,
  });
const tell = (id: string, ref: string, to = anna.key) => {
  const text = JSON.stringify({ ...shipTo, salt: bytesToHex(randomBytes(32)) });
  const box = seal(to.publicKey, new TextEncoder().encode(text), shipToContext(id));
  const body = { ref, quote: id, shipTo: Buffer.from(box).toString("base64url") };
  return ben.service.post.call("ANNA", "/api/v1/order", { body, schema: saleSchema });
};
const signedGet = async (key = ben.key, path = "/api/v1/products") => {
  const url = `${anna.endpoint}${path}`;
  const headers = await signRequest({ method: "GET", url, headers: {} }, { code: "BEN", key }, "ANNA");
  const answer = await fetch(url, { headers });
  return { status: answer.status, body: (await answer.json()) as { code?: string } };
};

describe("orders", () => {
  it("a quote of which one line is not there keeps none of the others", async () => {
    const before = await keptOf("HAT");
    await expect(
      quote([
        ["HAT", 5],
        ["SOCK", 4],
      ]),
    ).rejects.toEqual(refused("HANSE_OUT_OF_STOCK"));
    expect(await keptOf("HAT")).toBe(before);
  });

  it("whose address nobody can read is kept and told of, and is mended where it is told again", async () => {
    const { id } = await quote([["HAT", 1]]);
    const ref = randomUUID();
    const counted = () =>
      anna.metric("federation_orders_received_total", { partner: "BEN", result: "address_unreadable" });
    const placed = await tell(id, ref, generateShopKey().key);
    expect(placed.shipToProblem).toContain("sealed to another key");
    expect(placed.shipToProblem).toContain("refund");
    expect(await counted()).toBe(1);
    expect(errors.filter((line) => line.includes("address cannot be read"))).toHaveLength(1);
    await expect(anna.market.sales.shipTo(placed.id)).rejects.toEqual(refused("HANSE_SEALED_BOX_INVALID"));
    const again = await tell(id, ref, generateShopKey().key);
    expect(again, "as little use, and told once").toMatchObject({
      id: placed.id,
      shipToProblem: expect.any(String),
    });
    expect(await counted()).toBe(1);
    expect(await tell(id, ref)).toMatchObject({ id: placed.id, shipToProblem: null });
    expect(await anna.market.sales.shipTo(placed.id)).toMatchObject({ city: "Lübeck" });
    // What can be read is not put in another's place any more.
    expect((await tell(id, ref, generateShopKey().key)).shipToProblem).toBeNull();
  });

  it("told twice, also at once, is one order, and another reference is refused", async () => {
    const { id } = await quote([["HAT", 2]]);
    const ref = randomUUID();
    const told = await Promise.all([tell(id, ref), tell(id, ref), tell(id, ref)]);
    expect(new Set(told.map((sale) => sale.id)).size).toBe(1);
    expect(told[0]?.lines).toEqual([{ product: "ANNA:HAT", quantity: 2n, priceMinor: 1_500n }]);
    await expect(tell(id, randomUUID())).rejects.toEqual(refused("HANSE_CONFLICT"));
    const rows = await anna.database.kysely
      .selectFrom("sales")
      .select("id")
      .where("quote_id", "=", id)
      .execute();
    expect(rows).toHaveLength(1);
  });

  it("paid, and then not there: the money goes back, and nothing is kept", async () => {
    const outOfStock = () =>
      anna.metric("federation_orders_received_total", { partner: "BEN", result: "out_of_stock" });
    const [before, counted] = [await chain.moneyOf(buyer.address), await outOfStock()];
    const lines = [{ product: "ANNA:SOCK", quantity: 2n }];
    const checkout = await ben.market.checkouts.begin({ buyer: buyer.address, shipTo, lines }, "127.0.0.1");
    // Sold over the counter meanwhile, and the shop's own system knows it first.
    await anna.stock.put([product("SOCK", 1n)]);
    const order = purchase((checkout.legs[0] as (typeof checkout.legs)[number]).purchase);
    const { receipt } = chain.deployment.contracts;
    const { signature } = await signGoodsOrder(buyer, order, chain.chain.chainId, receipt);
    const { legs } = await ben.market.checkouts.sign(checkout.id, [signature]);
    const deal = legs[0]?.deal as `0x${string}`;
    const saleNow = async () => (await anna.market.sales.list()).find((sale) => sale.deal === deal);
    await expect.poll(async () => (await saleNow())?.state, { timeout: 15_000 }).toBe("refunded");
    expect(await chain.moneyOf(buyer.address)).toEqual(before);
    expect(await keptOf("SOCK")).toBe(0n);
    expect(await outOfStock(), "and is counted").toBe(counted + 1);
  });
});

describe("keys", () => {
  it("the one before is good in the overlap, and not after it", async () => {
    expect((await signedGet()).status).toBe(200);
    const change = (until: number) =>
      anna.database.kysely
        .updateTable("peers")
        .set({
          key: generateShopKey().key.publicKey,
          previous_key: ben.key.publicKey,
          previous_key_until: new Date(Date.now() + until),
        })
        .where("code", "=", "BEN")
        .execute();
    await change(60_000);
    expect((await signedGet()).status).toBe(200);
    await change(-1);
    expect((await signedGet()).body.code).toBe("HANSE_SIGNATURE_KEY_UNKNOWN");
    await introduce(anna, ben);
    expect((await signedGet()).status, "and the new one once it is listed").toBe(200);
  });

  it("of a shop that is suspended are good no more at the next request, though they were a moment ago", async () => {
    const standing = (to: "member" | "suspended") =>
      anna.database.kysely.updateTable("peers").set({ standing: to }).where("code", "=", "BEN").execute();
    for (let times = 0; times < 3; times++) {
      expect((await signedGet()).status).toBe(200);
      await standing("suspended");
      expect((await signedGet()).body.code).toBe("HANSE_SIGNATURE_KEY_UNKNOWN");
      await standing("member");
    }
  });
});

describe("a sync", () => {
  it("that fails half way loses nothing, deletes nothing, and goes on there", async () => {
    const many = Array.from({ length: 2_500 }, (_, at) => product(`MANY.${at}`, 1n));
    await anna.service.catalogue.put(many);
    const guarded = createGuardedFetch({ allowPrivate: true });
    // Nothing of her is known: what customers asked for before was looked up.
    for (const table of ["listings", "listing_cursors"] as const)
      await ben.database.kysely.deleteFrom(table).execute();
    let pages = 0;
    let failing = true;
    const listings = createListings({
      ...{ database: ben.database, peers: ben.service.peers, logger: silent },
      rightsFrom: ben.service.partnerships.rightsFrom,
      partners: async () => ["ANNA"],
      poll: async (partner, endpoint, cursor, etag) => {
        if (failing && pages === 2) throw new Error("the line is cut");
        pages++;
        return await pollFeed(guarded, { partner, endpoint, cursor, etag, signer: ben });
      },
    });
    await expect(listings.sync("ANNA")).rejects.toThrow("the line is cut");
    expect(await listings.list("ANNA"), "two pages").toHaveLength(2_000);
    failing = false;
    const { told } = await listings.sync("ANNA");
    expect(told, "the rest alone").toBeLessThan(1_000);
    const skus = new Set((await listings.list("ANNA")).map(({ sku }) => sku));
    expect(many.every(({ sku }) => skus.has(sku))).toBe(true);
    await anna.service.catalogue.put([product("SOCK", 3n), product("HAT", 100n)], { complete: true });
    expect((await listings.sync("ANNA")).gone).toBe(2_500);
  });
});

describe("metrics", () => {
  it("name partners and routes, and no product or order", async () => {
    await signedGet();
    await signedGet(ben.key, "/api/v1/product/ANNA:HAT");
    const text = await (await fetch(`${anna.endpoint}/metrics`)).text();
    expect(text).toMatch(/^federation_inventory_polls_total\{[^}]*partner="BEN"[^}]*\} \d+$/m);
    expect(text).toMatch(/federation_request_duration_seconds_count\{[^}]*route="\/api\/v1\/product\/:id"/);
    expect(text).not.toContain("HAT");
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-4/);
  });

  it("count refused polls too: how often somebody asks is told of those without rights", async () => {
    const refusals = () =>
      anna.metric("federation_inventory_polls_total", { partner: "BEN", result: "refused" });
    const before = await refusals();
    expect((await signedGet(ben.key, "/api/v1/products?featured=true")).status).toBe(403);
    expect(await refusals()).toBe(before + 1);
  });
});

describe("a successful answer", () => {
  it("is no redirect: made is 201, and nothing is looked for elsewhere", async () => {
    const url = `${anna.endpoint}/api/v1/reservations`;
    const body = JSON.stringify({ product: "ANNA:HAT", quantity: 1 });
    const own = { "content-type": "application/json", "idempotency-key": randomUUID() };
    const headers = await signRequest({ method: "POST", url, headers: own, body }, ben, "ANNA");
    const answer = await fetch(url, {
      method: "POST",
      headers: { ...own, ...headers },
      body,
      redirect: "manual",
    });
    expect(answer.status).toBe(201);
    expect(z.object({ quantity: z.string() }).parse(await answer.json()).quantity).toBe("1");
  });
});
