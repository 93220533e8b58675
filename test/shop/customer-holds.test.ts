import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { createCustomer, product, SHIP_TO } from "./support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "./support/market-shops.ts";
import { introduce, makePartners } from "./support/test-shops.ts";

// Anybody may begin a checkout, under any wallet, and has pieces kept by it: so many, and no more.

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let ben: MarketShop;
const wallet = testAccount(9);

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  anna = await startMarketShop({
    ...{ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh(), customerLimit: 12 },
    customerHolds: { addressShare: 50, allShare: 80, addressLines: 4, allLines: 9 },
  });
  ben = await startMarketShop({
    ...{ code: "BEN", owner: 6, chain, databaseUrl: await postgres.fresh(), customerLimit: 3 },
    ...{ customerHolds: { addressPieces: 2, allPieces: 3 }, trustProxy: ["127.0.0.1"] },
  });
  await introduce(anna, ben);
  await makePartners(anna, ben, ["share-inventory", "sell"]);
  await chain.fund(9);
}, 120_000);
afterAll(async () => {
  for (const shop of [anna, ben]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});
beforeEach(async () => {
  for (const { database } of [anna, ben]) await database.kysely.deleteFrom("customer_holds").execute();
  await anna.database.kysely.deleteFrom("reservations").execute();
  await anna.database.kysely.updateTable("products").set({ reserved: 0n }).execute();
  await anna.stock.put([product("HAT", 10n), product("ONE", 1n)], { complete: true });
  await anna.market.syncCatalogue();
});

const tooMuch = expect.objectContaining({ code: "HANSE_RATE_LIMITED" });
const begin = (shop: MarketShop, address: string, quantity: number, sku = "HAT") =>
  shop.market.checkouts.begin(
    {
      ...{ buyer: wallet.address, shipTo: SHIP_TO },
      lines: [{ product: `ANNA:${sku}`, quantity: BigInt(quantity) }],
    },
    address,
  );
const reserved = async () => Number((await anna.service.catalogue.find("HAT")).reserved);

describe("before they pay", () => {
  it("one address holds half of the pieces at most, however it divides them", async () => {
    await expect(begin(anna, "192.0.2.1", 6)).rejects.toEqual(tooMuch);
    for (const quantity of [2, 3]) await begin(anna, "192.0.2.1", quantity);
    await expect(begin(anna, "192.0.2.1", 1)).rejects.toMatchObject({
      ...{ code: "HANSE_RATE_LIMITED", details: { product: "ANNA:HAT", held: "5", wanted: "1", most: "5" } },
    });
    // Written in the other way, and from the same network of the new kind, it is the same.
    await expect(begin(anna, "::ffff:192.0.2.1", 1)).rejects.toEqual(tooMuch);
    expect(await reserved()).toBe(5);
  });

  it("a network that has addresses without number counts as one", async () => {
    await begin(anna, "2001:db8:0:1::1", 5);
    await expect(begin(anna, "2001:db8:0:1:ffff::2", 1)).rejects.toEqual(tooMuch);
    await begin(anna, "2001:db8:0:2::1", 1);
  });

  it("all together leave the rest to partners, who are asked at the same moment", async () => {
    const asked = Array.from({ length: 12 }, (_, at) => begin(anna, `192.0.2.${at}`, 1));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(8);
    expect(await reserved()).toBe(8);
    const wish = { sku: "HAT", partner: "BEN", quantity: 2n, idempotencyKey: crypto.randomUUID() };
    expect((await anna.service.reservations.reserve(wish)).state).toBe("held");
  });

  it("of many products little each is held too: who keeps them counts by number", async () => {
    const some = Array.from({ length: 5 }, (_, at) => `P${at}`);
    await anna.stock.put(some.map((sku) => product(sku, 100n)));
    await anna.market.syncCatalogue();
    const basket = (address: string, skus: readonly string[]) =>
      anna.market.checkouts.begin(
        {
          ...{ buyer: wallet.address, shipTo: SHIP_TO },
          lines: skus.map((sku) => ({ product: `ANNA:${sku}`, quantity: 1n })),
        },
        address,
      );
    await expect(basket("192.0.2.1", some)).rejects.toEqual(tooMuch);
    await basket("192.0.2.1", some.slice(0, 4));
    await expect(basket("192.0.2.1", ["P4"])).rejects.toEqual(tooMuch);
    await basket("192.0.2.2", some.slice(0, 4));
    // Named twice it is kept twice.
    await expect(basket("192.0.2.3", ["P4", "P4"])).rejects.toEqual(tooMuch);
    await basket("192.0.2.3", ["P4"]);
    await expect(basket("192.0.2.4", ["P4"])).rejects.toEqual(tooMuch);
  });

  it("more than there is is not to be waited for", async () => {
    await expect(begin(anna, "192.0.2.1", 11)).rejects.toMatchObject({ code: "HANSE_OUT_OF_STOCK" });
    await anna.stock.put([product("NONE", 0n)]);
    await anna.market.syncCatalogue();
    await expect(begin(anna, "192.0.2.1", 1, "NONE")).rejects.toMatchObject({ code: "HANSE_OUT_OF_STOCK" });
  });

  it("the last piece can be had", async () => {
    await begin(anna, "192.0.2.1", 1, "ONE");
  });

  it("of a partner's goods, whose number is not known, it is pieces", async () => {
    await begin(ben, "192.0.2.1", 2);
    await expect(begin(ben, "192.0.2.1", 1)).rejects.toEqual(tooMuch);
    await begin(ben, "192.0.2.2", 1);
    await expect(begin(ben, "192.0.2.3", 1)).rejects.toEqual(tooMuch);
  });
});

it("what came to nothing, is over or was paid is no more held against them", async () => {
  await anna.service.reservations.reserve({
    ...{ sku: "HAT", partner: "BEN", quantity: 8n, idempotencyKey: crypto.randomUUID() },
  });
  await expect(begin(anna, "192.0.2.1", 5)).rejects.toMatchObject({ code: "HANSE_OUT_OF_STOCK" });
  const at = { chainId: chain.chain.chainId, receipt: chain.deployment.contracts.receipt };
  const paid = createCustomer(anna, wallet, at);
  expect((await paid.pay(await paid.begin([["ANNA:HAT", 1]]))).state).toBe("sealed");
  const holds = () => anna.database.kysely.selectFrom("customer_holds").select("pieces").execute();
  expect(await holds()).toEqual([]);
  await begin(anna, "192.0.2.1", 1);
  await anna.database.kysely.updateTable("customer_holds").set({ until: new Date() }).execute();
  await expect(begin(anna, "192.0.2.1", 4)).rejects.toMatchObject({ code: "HANSE_OUT_OF_STOCK" });
  expect(await holds()).toEqual([]);
});

it("is kept as long as it counts as held: until the quote is over, and no longer", async () => {
  const { legs, expiresAt } = await begin(anna, "192.0.2.1", 1);
  const kept = await anna.database.kysely
    .selectFrom("reservations")
    .select("expires_at")
    .where("quote_id", "=", legs[0]?.quote.id as string)
    .execute();
  const until = new Date(expiresAt);
  expect(kept).toEqual([{ expires_at: until }]);
  const held = await anna.database.kysely.selectFrom("customer_holds").select("until").execute();
  expect(held).toEqual([{ until }]);
});

describe("whoever asks too often", () => {
  const ask = (shop: MarketShop, forwarded: string) =>
    fetch(`${shop.endpoint}/v1/listings`, { headers: { "x-forwarded-for": forwarded } });

  it("is told when to come back, by its own address, whatever it says it is forwarded for", async () => {
    const answers = [];
    for (let at = 0; at < 13; at++) answers.push(await ask(anna, `192.0.2.${at}`));
    const last = answers.at(-1) as Response;
    expect(last.status).toBe(429);
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await last.json()).toMatchObject({ code: "HANSE_RATE_LIMITED", retryable: true });
    // Partners are counted by themselves.
    expect(await ben.service.post.call("ANNA", "/api/v1/products", { schema: z.unknown() })).toBeDefined();
  });

  it("is known by its own address behind a proxy that is believed", async () => {
    const statuses = async (address: string) => {
      const answers = [];
      for (let at = 0; at < 4; at++) answers.push((await ask(ben, address)).status);
      return answers;
    };
    expect(await statuses("192.0.2.1")).toEqual([200, 200, 200, 429]);
    expect(await statuses("192.0.2.2")).toEqual([200, 200, 200, 429]);
  });
});
