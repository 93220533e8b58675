import { type Hex, keccak256, stringToHex } from "viem";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ratingsAbi } from "#src/abi/ratings-abi.ts";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import {
  createShopClient,
  createShopOwnerClient,
  type ShopClient,
  type ShopOwnerClient,
} from "#src/client/shop-client.ts";
import type { Sale } from "#src/client/shop-schema.ts";
import { assertCheckout, signCheckout } from "#src/client/sign-checkout.ts";
import { STAGES } from "#src/protocol/goods-deals.ts";
import type { CatalogueProduct } from "#src/shop/inventory/catalogue.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestPostgres } from "../store/test-database.ts";
import {
  type GoodsChain,
  type MarketShop,
  stageOf,
  startGoodsChain,
  startMarketShop,
} from "./support/market-shops.ts";
import { introduce, makePartners, OWNER_TOKEN } from "./support/test-shops.ts";

// What follows a sale: a review, an answer to a complaint, the money of a sale that nobody complains about, and the longer
// time of a reseller.

const BUYER = 9;
const buyer = testAccount(BUYER);
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let ben: MarketShop;
let carl: MarketShop;

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  // Anna sells; Ben sells what she has, and sells on what he bought of her; Carl has nothing to do with any of it.
  anna = await startMarketShop({ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh() });
  ben = await startMarketShop({ code: "BEN", owner: 7, chain, databaseUrl: await postgres.fresh() });
  carl = await startMarketShop({ code: "CARL", owner: 6, chain, databaseUrl: await postgres.fresh() });
  for (const account of [5, 6, 7, BUYER]) await chain.fund(account);
  await introduce(anna, ben, carl);
  await makePartners(anna, ben, ["share-inventory", "sell"]);
  await anna.stock.put([product("SOCK", 100n), product("HAT", 100n)]);
  await ben.stock.put([product("CAP", 100n)]);
  for (const shop of [anna, ben]) await shop.market.syncCatalogue();
}, 120_000);
afterAll(async () => {
  for (const shop of [anna, ben, carl]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

function product(sku: string, onHand: bigint): CatalogueProduct {
  const described = { name: sku, description: "", imageUrl: "", categories: [] };
  return { internalId: sku, sku, ...described, priceMinor: 1_000n, onHand };
}

const shipTo = {
  ...{ name: "A Buyer", lines: ["1 Harbour Street"], city: "Lübeck", region: "" },
  ...{ postalCode: "23552", country: "DE" },
};
const refused = (code: string) => expect.objectContaining({ code });
const at = (shop: MarketShop): ShopClient => createShopClient({}, { baseUrl: shop.endpoint, retries: 0 });
const ownerOf = (shop: MarketShop): ShopOwnerClient =>
  createShopOwnerClient({}, { baseUrl: shop.endpoint, token: OWNER_TOKEN, retries: 0 });

/** A deal that the buyer made at Ben's. */
async function bought(id: string, quantity = 1): Promise<Hex> {
  const { chainId } = chain.chain;
  const { receipt } = chain.deployment.contracts;
  const lines = [{ product: id, quantity }];
  const checkout = await at(ben).begin({ buyer: buyer.address, lines, shipTo });
  assertCheckout(checkout, {
    ...{ buyer: buyer.address, chainId, receipt },
    owners: new Map([anna, ben].map((shop) => [shop.code, shop.owner])),
    lines: [{ product: id, quantity: BigInt(quantity) }],
  });
  const { legs } = await at(ben).pay(checkout.id, await signCheckout(buyer, checkout, { chainId, receipt }));
  return legs[0]?.deal as Hex;
}
/** The seller's order of a deal, once it is in a state. */
async function saleIn(shop: MarketShop, deal: Hex, state: string): Promise<Sale> {
  const find = async () => (await ownerOf(shop).sales()).find((sale) => sale.deal === deal);
  await expect.poll(async () => (await find())?.state, { timeout: 15_000 }).toBe(state);
  return (await find()) as Sale;
}
async function shipped(shop: MarketShop, deal: Hex): Promise<Sale> {
  const { id } = await saleIn(shop, deal, "paid");
  await expect
    .poll(
      async () =>
        (
          await ownerOf(shop)
            .ship(id, "parcel 1")
            .catch(() => undefined)
        )?.tracking,
      {
        timeout: 15_000,
      },
    )
    .toBe("parcel 1");
  return await saleIn(shop, deal, "shipped");
}
const stage = async (deal: Hex) => STAGES[await stageOf(chain, deal)];
const dealAt = async (shop: MarketShop, id: Hex) => {
  await expect.poll(async () => await shop.market.deals.find(id), { timeout: 10_000 }).toBeDefined();
  const known = await shop.market.deals.find(id);
  if (known === undefined) throw new Error("no such deal");
  return known.deal;
};
const onReceipt = (account: number, functionName: string, args: readonly unknown[]) =>
  chain
    .senderOf(account)
    .send({ address: chain.deployment.contracts.receipt, abi: receiptAbi, functionName, args });

describe("a review", () => {
  const text = "Warm, and they fit.\nNur die Farbe …";
  let deal: Hex;

  it("is not taken of a deal that nobody rated, nor of one that is none of the shop's", async () => {
    deal = await bought("ANNA:SOCK");
    const { id } = await shipped(anna, deal);
    expect(await ownerOf(anna).shipTo(id)).toEqual(shipTo);
    await onReceipt(BUYER, "confirm", [await dealAt(ben, deal), "0x"]);
    await saleIn(anna, deal, "settled");
    await expect(at(ben).review({ deal, text })).rejects.toEqual(refused("HANSE_REVIEW_UNRATED"));
    await expect(at(carl).review({ deal, text })).rejects.toEqual(refused("HANSE_DEAL_UNKNOWN"));
    await expect(at(ben).review({ deal, text: "" })).rejects.toEqual(refused("HANSE_REQUEST_INVALID"));
  });

  it("is kept by the shop it was bought at, and handed on to the seller's", async () => {
    const { ratings, receipt } = chain.deployment.contracts;
    await chain.senderOf(BUYER).send({
      ...{ address: ratings, abi: ratingsAbi, functionName: "rate" },
      args: [receipt, await dealAt(ben, deal), 4, keccak256(stringToHex(text))],
    });
    await expect(at(ben).review({ deal, text: `${text} ` })).rejects.toEqual(refused("HANSE_REVIEW_UNRATED"));
    const kept = await at(ben).review({ deal, text });
    expect(kept).toMatchObject({ deal, text, stars: 4, seller: anna.account.address, buyer: buyer.address });
    expect(kept.weight).toBe(40n * 10n ** 9n);
    expect(await at(ben).review({ deal, text }), "the same again").toEqual(kept);
    await expect
      .poll(() => at(anna).reviews({ deal }), { timeout: 10_000 })
      .toMatchObject([{ text, stars: 4 }]);
    expect(await at(anna).reviews({ seller: anna.account.address })).toHaveLength(1);
    expect(await at(anna).reviews({ seller: ben.account.address })).toEqual([]);
  });

  it("of another's goods is refused, whoever hands it on", async () => {
    await expect(carl.market.reviews.receive({ deal, text })).rejects.toEqual(
      refused("HANSE_REVIEW_UNRATED"),
    );
    await expect(
      at(ben).review({ deal: `0x${"12".repeat(32)}`, text }),
      "a deal that never was",
    ).rejects.toEqual(refused("HANSE_DEAL_UNKNOWN"));
  });
});

describe("a review of what the seller has not seen yet", () => {
  const text = "Es kam, ehe der Knoten es wußte.";
  let deal: Hex;

  it("waits by itself, while partnerships go on, and is kept once the seller's shop has caught up", async () => {
    deal = await bought("ANNA:SOCK");
    await shipped(anna, deal);
    await onReceipt(BUYER, "confirm", [await dealAt(ben, deal), "0x"]);
    await saleIn(anna, deal, "settled");
    const { ratings, receipt } = chain.deployment.contracts;
    await chain.senderOf(BUYER).send({
      ...{ address: ratings, abi: ratingsAbi, functionName: "rate" },
      args: [receipt, await dealAt(ben, deal), 5, keccak256(stringToHex(text))],
    });
    // As a shop whose node is some blocks behind.
    const { kysely } = anna.database;
    const behind = await kysely
      .selectFrom("deals")
      .selectAll()
      .where("id", "=", deal)
      .executeTakeFirstOrThrow();
    await kysely.deleteFrom("deals").where("id", "=", deal).execute();
    await at(ben).review({ deal, text });
    const waits = ben.database.kysely.selectFrom("deliveries").select(["path", "attempts"]);
    expect(await waits.execute()).toMatchObject([{ path: "/api/v1/reviews" }]);
    const offered = { rights: ["share-inventory"], until: new Date(Date.now() + 86_400_000).toISOString() };
    expect(await ben.ask("/v1/owner/partnerships/ANNA/offer", offered), "past it").toMatchObject({
      ...{ state: "offered", delivered: true },
    });
    await expect
      .poll(async () => (await waits.execute())[0]?.attempts, { timeout: 10_000 })
      .toBeGreaterThan(1);
    await kysely.insertInto("deals").values(behind).execute();
    await expect
      .poll(() => at(anna).reviews({ deal }), { timeout: 20_000 })
      .toMatchObject([{ text, stars: 5 }]);
    expect(await waits.execute()).toEqual([]);
  });

  it("has the chain read from the deal's block on, for the seller's own deals, and once", async () => {
    const read = vi.spyOn(anna.rpc.viem, "getContractEvents");
    const { receive } = anna.market.reviews;
    expect(await receive({ deal, text }), "kept").toMatchObject({ stars: 5 });
    await expect(receive({ deal: `0x${"34".repeat(32)}`, text })).rejects.toEqual(
      refused("HANSE_REVIEW_UNRATED"),
    );
    expect(read, "neither asks the chain").not.toHaveBeenCalled();
    await expect(receive({ deal, text: "another" })).rejects.toEqual(refused("HANSE_REVIEW_UNRATED"));
    const known = await anna.market.deals.find(deal);
    expect(read).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ fromBlock: known?.sealedAtBlock }),
    );
    expect(known?.sealedAtBlock).toBeGreaterThan(chain.deployment.deployedAtBlock);
    read.mockRestore();
  });
});

describe("a complaint", () => {
  it("is contested by the owner, and only one that is there", async () => {
    const deal = await bought("ANNA:HAT", 2);
    const { id } = await shipped(anna, deal);
    const { contest } = ownerOf(anna);
    await expect(contest(id, "the carrier's receipt")).rejects.toEqual(refused("HANSE_SALE_STATE"));
    await onReceipt(BUYER, "dispute", [await dealAt(ben, deal), 1, keccak256(stringToHex("torn"))]);
    await expect.poll(async () => (await ownerOf(anna).sale(id)).stage, { timeout: 10_000 }).toBe("Disputed");
    const before = (await chain.moneyOf(anna.account.address)).locked;
    await contest(id, "the carrier's receipt");
    expect(await stage(deal)).toBe("Contested");
    // Five hundredths of 80 HANSE.
    expect((await chain.moneyOf(anna.account.address)).locked - before).toBe(4n * 10n ** 9n);
    await expect
      .poll(async () => (await ownerOf(anna).sale(id)).stage, { timeout: 10_000 })
      .toBe("Contested");
    await expect(contest(id, "the carrier's receipt")).rejects.toEqual(refused("HANSE_SALE_STATE"));
  });
});

// Last: it moves the chain's time.
describe("a reseller", () => {
  it("names only its own running purchases and products as supplies", async () => {
    const others = await bought("ANNA:HAT");
    await dealAt(ben, others);
    const { supply } = ownerOf(ben);
    await expect(supply("BEN:CAP", others)).rejects.toEqual(refused("HANSE_DEAL_UNKNOWN"));
    const { id } = await saleIn(anna, others, "paid");
    await ownerOf(anna).cancel(id);
    await expect(supply("ANNA:HAT", others)).rejects.toEqual(refused("HANSE_PRODUCT_UNKNOWN"));
    await expect(supply("BEN:NONE", others)).rejects.toEqual(refused("HANSE_PRODUCT_UNKNOWN"));
  });

  it("is not squeezed: it complains for longer, while others' time is over and the seller is paid", async () => {
    const lines = [{ product: "ANNA:HAT", quantity: 2 }];
    const quoted = await ownerOf(ben).buy({ lines, shipTo, pay: false });
    expect(quoted).toMatchObject({ state: "quoted", buyer: ben.account.address });
    const supply = (await ownerOf(ben).payOwn(quoted.id, quoted.totalNano)).legs[0]?.deal as Hex;
    const plain = (await ownerOf(ben).buy({ lines, shipTo, mostNano: `${quoted.totalNano}` })).legs[0]
      ?.deal as Hex;
    for (const deal of [supply, plain]) await shipped(anna, deal);
    await dealAt(ben, supply);
    expect(await ownerOf(ben).supply("BEN:CAP", supply)).toEqual({ product: "BEN:CAP", deal: supply });

    // More than the supply has is no resale of it.
    expect((await dealAt(ben, await bought("BEN:CAP", 3))).supply).toBe(`0x${"00".repeat(32)}`);
    const resale = await bought("BEN:CAP", 2);
    expect((await dealAt(ben, resale)).supply).toBe(supply);
    const isExtended = async (deal: Hex) => (await ben.market.deals.find(deal))?.extended;
    await expect.poll(() => isExtended(supply), { timeout: 15_000, message: "lengthened, once" }).toBe(true);
    expect(await isExtended(plain)).toBe(false);

    // Two hours to deliver and to complain are over, ten minutes more are not.
    const before = (await chain.moneyOf(anna.account.address)).free;
    await chain.pass(7_300);
    await expect.poll(() => stage(plain), { timeout: 15_000, message: "released" }).toBe("Paid");
    await saleIn(anna, plain, "settled");
    expect((await chain.moneyOf(anna.account.address)).free - before).toBe(80n * 10n ** 9n);
    expect(await stage(supply)).toBe("Shipped");
    await onReceipt(7, "dispute", [await dealAt(ben, supply), 0, keccak256(stringToHex("never came"))]);
    expect(await stage(supply)).toBe("Disputed");
  });
});
