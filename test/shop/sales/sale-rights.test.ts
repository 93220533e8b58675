import { randomBytes, randomUUID } from "node:crypto";
import { bytesToHex, zeroAddress } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { quoteSchema, saleSchema, shipToContext } from "#src/client/shop-schema.ts";
import { seal } from "#src/identity/sealed-box.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import { product, SHIP_TO } from "../support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "../support/market-shops.ts";
import { introduce, makePartners } from "../support/test-shops.ts";

// What each right lets a partner do where it buys: without one there is neither a quote nor a commission. An order needs a quote.

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let ben: MarketShop;

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  anna = await startMarketShop({ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh() });
  ben = await startMarketShop({ code: "BEN", owner: 7, chain, databaseUrl: await postgres.fresh() });
  await introduce(anna, ben);
  await anna.stock.put([product("SOCK", 100n)]);
  await anna.market.syncCatalogue();
}, 120_000);
afterAll(async () => {
  for (const shop of [anna, ben]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

const refused = (code: string) => expect.objectContaining({ code });
const leave = () => anna.ask("/v1/owner/partnerships/BEN/leave", { role: "granter" });
const quote = () =>
  ben.service.post.call("ANNA", "/api/v1/quotes", {
    body: { lines: [{ product: "ANNA:SOCK", quantity: 2 }], buyer: testAccount(9).address },
    headers: { "idempotency-key": randomUUID() },
    schema: quoteSchema,
  });
const order = (id: string) => {
  const text = JSON.stringify({ ...SHIP_TO, salt: bytesToHex(randomBytes(32)) });
  const box = seal(anna.key.publicKey, new TextEncoder().encode(text), shipToContext(id));
  const body = { ref: `order-${id}`, quote: id, shipTo: Buffer.from(box).toString("base64url") };
  return ben.service.post.call("ANNA", "/api/v1/order", { body, schema: saleSchema });
};

it("without sell there is no quote, and no order of a quote that was never made", async () => {
  await makePartners(anna, ben, ["share-inventory", "share-data", "co-promote", "earn-commission"]);
  await expect(quote()).rejects.toEqual(refused("HANSE_RIGHT_MISSING"));
  await expect(order(randomUUID())).rejects.toEqual(refused("HANSE_QUOTE_UNKNOWN"));
  await leave();
});

it("without earn-commission a quote names no referrer and no commission", async () => {
  await makePartners(anna, ben, ["share-inventory", "sell", "share-data", "co-promote"]);
  expect((await quote()).sale).toMatchObject({ referrer: zeroAddress, commission: 0n });
  await leave();
  await makePartners(anna, ben, ["sell", "earn-commission"]);
  const { sale } = await quote();
  expect(sale.referrer).toBe(ben.account.address);
  expect(sale.commission, "a twentieth").toBe(sale.price / 20n);
  await leave();
});

it("a quote made while the right stood is ordered after it ended, for it may be paid; another is not made", async () => {
  await makePartners(anna, ben, ["sell"]);
  const { id } = await quote();
  await leave();
  await expect(quote()).rejects.toEqual(refused("HANSE_RIGHT_MISSING"));
  expect(await order(id)).toMatchObject({ state: "placed" });
  expect(await order(id), "told again").toMatchObject({ state: "placed" });
});

it("a quote that is over is ordered by nobody, whatever the right was", async () => {
  await makePartners(anna, ben, ["sell"]);
  const { id, validUntil } = await quote();
  await leave();
  await chain.pass(400);
  const over = BigInt(Math.ceil(Date.parse(validUntil) / 1_000));
  const followed = async () => (await anna.market.deals.followedTo())?.time;
  await expect.poll(followed, { timeout: 20_000 }).toBeGreaterThan(over);
  await expect(order(id)).rejects.toEqual(refused("HANSE_QUOTE_EXPIRED"));
});
