import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Checkout, checkoutSchema, type Sale, saleSchema } from "#src/client/shop-schema.ts";
import { signConfirmation, signGoodsOrder } from "#src/client/sign-goods-order.ts";
import { createHttpClient } from "#src/http/http-client.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { STAGES } from "#src/protocol/goods-deals.ts";
import { purchase } from "#src/protocol/goods-orders.ts";
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

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let gift: MarketShop;
let ben: MarketShop;
const buyer = testAccount(9);
const anonymous = createHttpClient({}, { retries: 0, timeoutMs: 30_000 });
const owned = createHttpClient(
  {},
  { retries: 0, timeoutMs: 30_000, headers: { authorization: `Bearer ${OWNER_TOKEN}` } },
);

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  // Anna sells socks in dollars, Gift gifts in pounds, Ben sells what both have.
  anna = await startMarketShop({ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh() });
  gift = await startMarketShop({
    code: "GIFT",
    owner: 6,
    chain,
    databaseUrl: await postgres.fresh(),
    currency: "GBP",
  });
  ben = await startMarketShop({ code: "BEN", owner: 7, chain, databaseUrl: await postgres.fresh() });
  for (const account of [5, 6, 7, 9]) await chain.fund(account);
  await introduce(anna, gift, ben);
  await makePartners(anna, ben, ["share-inventory", "sell", "earn-commission"]);
  await makePartners(gift, ben, ["share-inventory", "sell"]);
}, 120_000);
afterAll(async () => {
  for (const shop of [anna, gift, ben]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});
beforeEach(async () => {
  await anna.stock.put([product("SOCK", 3n, 1_500n), product("HAT", 100n, 333n)]);
  await gift.stock.put([product("MUG", 50n, 255n)]);
  for (const shop of [anna, gift]) await shop.market.syncCatalogue();
});

function product(sku: string, onHand: bigint, priceMinor: bigint): CatalogueProduct {
  return {
    internalId: `own-${sku}`,
    sku,
    name: sku,
    description: "",
    imageUrl: "",
    categories: [],
    priceMinor,
    onHand,
  };
}

const shipTo = {
  name: "A Buyer",
  lines: ["1 Harbour Street"],
  city: "Lübeck",
  region: "",
  postalCode: "23552",
  country: "DE",
};
const refused = (code: string) => expect.objectContaining({ code });

async function begin(
  lines: readonly (readonly [string, number])[],
  wallet = buyer.address,
): Promise<Checkout> {
  return await anonymous.request(`${ben.endpoint}/v1/checkouts`, {
    method: "POST",
    body: { buyer: wallet, lines: lines.map(([id, quantity]) => ({ product: id, quantity })), shipTo },
    schema: checkoutSchema,
  });
}
async function signed({ legs }: Checkout, wallet = buyer) {
  return await Promise.all(
    legs.map(
      async ({ purchase: order }) =>
        (
          await signGoodsOrder(
            wallet,
            purchase(order),
            chain.chain.chainId,
            chain.deployment.contracts.receipt,
          )
        ).signature,
    ),
  );
}
const pay = async (checkout: Checkout, wallet = buyer) =>
  anonymous.request(`${ben.endpoint}/v1/checkouts/${checkout.id}/signatures`, {
    method: "POST",
    body: { signatures: await signed(checkout, wallet) },
    schema: checkoutSchema,
  });
const leftOf = async (shop: MarketShop, sku: string) => {
  const { on_hand, reserved } = await shop.service.catalogue.find(sku);
  return [Number(on_hand), Number(reserved)];
};
const saleOf = async (shop: MarketShop, deal: string | null | undefined): Promise<Sale> => {
  await expect
    .poll(async () => (await shop.market.sales.list()).find((sale) => sale.deal === deal)?.state, {
      timeout: 10_000,
    })
    .toBe("paid");
  return (await shop.market.sales.list()).find((sale) => sale.deal === deal) as Sale;
};
const own = (shop: MarketShop, path: string, body: unknown) =>
  owned.request(`${shop.endpoint}/v1/owner/sales/${path}`, { method: "POST", body, schema: saleSchema });
const until = async (shop: MarketShop, id: string, state: string) =>
  expect.poll(async () => (await shop.market.sales.find(id)).state, { timeout: 10_000 }).toBe(state);

describe("a customer of Ben buys Anna's goods", () => {
  it("kept, quoted, signed, sealed, told, shipped, confirmed, paid, and Ben has his commission", async () => {
    const before = {
      anna: (await chain.moneyOf(anna.account.address)).free,
      ben: (await chain.moneyOf(ben.account.address)).free,
    };
    const checkout = await begin([["ANNA:SOCK", 2]]);
    expect(checkout).toMatchObject({
      state: "quoted",
      legs: [{ quote: { currency: "USD", totalMinor: 3_000n } }],
    });
    // 30 dollars at a quarter a piece.
    expect(checkout.totalNano).toBe(120n * 10n ** 9n);
    await expect.poll(() => leftOf(anna, "SOCK")).toEqual([3, 2]);

    const paid = await pay(checkout);
    expect(paid.state).toBe("sealed");
    const deal = paid.legs[0]?.deal as `0x${string}`;
    expect(STAGES[await stageOf(chain, deal)]).toBe("Sealed");
    const sale = await saleOf(anna, deal);
    expect(sale).toMatchObject({
      partner: "BEN",
      state: "paid",
      lines: [{ product: "ANNA:SOCK", quantity: 2n }],
    });
    expect(await anna.market.sales.shipTo(sale.id), "sealed to Anna's key").toMatchObject({ city: "Lübeck" });
    expect(
      JSON.stringify(await anna.database.kysely.selectFrom("sales").selectAll().execute(), (_, v) =>
        typeof v === "bigint" ? `${v}` : v,
      ),
      "nobody reads it in the database",
    ).not.toContain("Harbour");
    await expect
      .poll(() => leftOf(anna, "SOCK"), { timeout: 10_000, message: "out of the house" })
      .toEqual([1, 0]);

    await own(anna, `${sale.id}/ship`, { tracking: "parcel 1" });
    await until(anna, sale.id, "shipped");
    await expect
      .poll(async () => (await ben.market.checkouts.find(checkout.id)).legs[0]?.stage, { timeout: 10_000 })
      .toBe("Shipped");
    const { dealHash } = (await ben.market.checkouts.find(checkout.id)).legs[0] as {
      dealHash: `0x${string}`;
    };
    await anonymous.request(`${ben.endpoint}/v1/checkouts/${checkout.id}/confirm`, {
      method: "POST",
      body: {
        leg: 0,
        signature: await signConfirmation(
          buyer,
          dealHash,
          chain.chain.chainId,
          chain.deployment.contracts.receipt,
        ),
      },
      schema: checkoutSchema,
    });
    await until(anna, sale.id, "settled");
    const after = {
      anna: (await chain.moneyOf(anna.account.address)).free,
      ben: (await chain.moneyOf(ben.account.address)).free,
    };
    expect(after.anna - before.anna, "Anna: less five hundredths").toBe(114n * 10n ** 9n);
    expect(after.ben - before.ben, "Ben: his commission").toBe(6n * 10n ** 9n);
    expect(await anna.metric("federation_orders_received_total", { partner: "BEN", result: "paid" })).toBe(1);
    expect(await anna.metric("federation_order_value_usd_total", { partner: "BEN" })).toBe(30);
  });

  it("and is refunded: commission, price and pieces go back", async () => {
    const before = {
      buyer: (await chain.moneyOf(buyer.address)).free,
      ben: (await chain.moneyOf(ben.account.address)).free,
    };
    const { legs } = await pay(await begin([["ANNA:HAT", 3]]));
    const sale = await saleOf(anna, legs[0]?.deal);
    await own(anna, `${sale.id}/cancel`, {});
    await until(anna, sale.id, "refunded");
    expect((await chain.moneyOf(buyer.address)).free).toBe(before.buyer);
    expect((await chain.moneyOf(ben.account.address)).free).toBe(before.ben);
    await expect.poll(() => leftOf(anna, "HAT"), { timeout: 10_000 }).toEqual([100, 0]);
  });

  it("by the exact total: three of 3.33 are 9.99", async () => {
    const { legs, totalNano } = await begin([["ANNA:HAT", 3]]);
    expect(legs[0]?.quote.totalMinor).toBe(999n);
    expect(totalNano).toBe(39_960_000_000n);
  });
});

describe("a basket of two sellers", () => {
  it("is sealed whole", async () => {
    const checkout = await begin([
      ["ANNA:HAT", 1],
      ["GIFT:MUG", 2],
    ]);
    expect(checkout.legs.map(({ seller, quote }) => [seller, quote.currency, quote.totalMinor])).toEqual([
      ["ANNA", "USD", 333n],
      ["GIFT", "GBP", 510n],
    ]);
    const { legs, state } = await pay(checkout);
    expect(state).toBe("sealed");
    await saleOf(anna, legs[0]?.deal);
    expect(await saleOf(gift, legs[1]?.deal)).toMatchObject({ currency: "GBP", totalMinor: 510n });
  });

  it("or not at all: one signature that is not the buyer's", async () => {
    const checkout = await begin([
      ["ANNA:HAT", 1],
      ["GIFT:MUG", 1],
    ]);
    const signatures = [(await signed(checkout))[0], (await signed(checkout, testAccount(8)))[1]];
    const before = await chain.moneyOf(buyer.address);
    await expect(
      anonymous.request(`${ben.endpoint}/v1/checkouts/${checkout.id}/signatures`, {
        method: "POST",
        body: { signatures },
        schema: checkoutSchema,
      }),
    ).rejects.toEqual(refused("HANSE_CHECKOUT_REFUSED"));
    expect(await ben.market.checkouts.find(checkout.id)).toMatchObject({
      state: "failed",
      legs: [{ deal: null }, { deal: null }],
    });
    expect(await chain.moneyOf(buyer.address)).toEqual(before);
  });

  it("or not at all: one seller has not got it", async () => {
    await expect(
      begin([
        ["ANNA:HAT", 1],
        ["GIFT:MUG", 51],
      ]),
    ).rejects.toEqual(refused("HANSE_OUT_OF_STOCK"));
  });
});

describe("what comes to nothing", () => {
  const heldBy = async () =>
    (await ben.database.kysely.selectFrom("customer_holds").selectAll().execute()).length;
  beforeEach(async () => {
    await ben.database.kysely.deleteFrom("customer_holds").execute();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Gift asks for another total than its lines have. */
  function quoteFalsely(validUntil?: string) {
    const make = gift.market.quotes.make;
    vi.spyOn(gift.market.quotes, "make").mockImplementation(async (...asked) => {
      const quote = await make(...asked);
      return { ...quote, totalMinor: quote.totalMinor + 1n, validUntil: validUntil ?? quote.validUntil };
    });
  }
  const both = [
    ["ANNA:HAT", 1],
    ["GIFT:MUG", 1],
  ] as const;

  it("is given up at every seller: also at one that quotes something else than it was asked for", async () => {
    const before = [await leftOf(anna, "HAT"), await leftOf(gift, "MUG")];
    quoteFalsely();
    await expect(begin(both)).rejects.toEqual(refused("HANSE_PEER_RESPONSE_INVALID"));
    expect([await leftOf(anna, "HAT"), await leftOf(gift, "MUG")]).toEqual(before);
    expect(await heldBy(), "and nothing is held against the customer").toBe(0);
  });

  it("is given up where the chain cannot be asked for the buyer's epoch", async () => {
    const before = await leftOf(anna, "HAT");
    vi.spyOn(ben.rpc.viem, "readContract").mockRejectedValue(new HanseError("HANSE_RPC_UNAVAILABLE", "away"));
    await expect(begin([["ANNA:HAT", 2]])).rejects.toEqual(refused("HANSE_RPC_UNAVAILABLE"));
    expect(await leftOf(anna, "HAT")).toEqual(before);
    expect(await heldBy()).toBe(0);
  });

  it("of a seller that says it keeps its own for ever holds up no other's goods", async () => {
    const end = "2999-01-01T00:00:00.000Z";
    quoteFalsely(end);
    vi.spyOn(gift.market.quotes, "giveUp").mockRejectedValue(new HanseError("HANSE_NOT_READY", "never"));
    await expect(begin(both)).rejects.toEqual(refused("HANSE_PEER_RESPONSE_INVALID"));
    const held = await ben.database.kysely.selectFrom("customer_holds").selectAll().execute();
    expect(held).toMatchObject([{ product: "GIFT:MUG", until: new Date(end) }]);
  });

  it("counts as held while a seller has not heard of it, or may have kept it without an answer", async () => {
    quoteFalsely();
    vi.spyOn(anna.market.quotes, "giveUp").mockRejectedValue(new HanseError("HANSE_NOT_READY", "later"));
    await expect(begin(both)).rejects.toEqual(refused("HANSE_PEER_RESPONSE_INVALID"));
    const [held, ...others] = await ben.database.kysely.selectFrom("customer_holds").selectAll().execute();
    expect(others, "Gift gave its own back").toEqual([]);
    const [kept] = await anna.database.kysely
      .selectFrom("reservations")
      .selectAll()
      .where("state", "=", "held")
      .orderBy("created_at", "desc")
      .execute();
    expect(held?.until, "as long as Anna keeps it").toEqual(kept?.expires_at);
    vi.restoreAllMocks();

    await ben.database.kysely.deleteFrom("customer_holds").execute();
    vi.spyOn(gift.market.quotes, "make").mockRejectedValue(new HanseError("HANSE_NOT_READY", "later"));
    await expect(begin(both)).rejects.toEqual(refused("HANSE_PEER_FAILED"));
    expect(await heldBy(), "Gift may have them, Anna has not").toBe(1);
    vi.restoreAllMocks();

    await ben.database.kysely.deleteFrom("customer_holds").execute();
    await expect(
      begin([
        ["ANNA:HAT", 1],
        ["GIFT:MUG", 51],
      ]),
    ).rejects.toEqual(refused("HANSE_OUT_OF_STOCK"));
    expect(await heldBy(), "what a seller refuses it does not keep").toBe(0);
  });
});

describe("is refused", () => {
  it("what nobody grants, nobody sells, and nobody can pay", async () => {
    await expect(begin([["ANNA:NONE", 1]])).rejects.toEqual(refused("HANSE_PRODUCT_UNKNOWN"));
    await expect(begin([["CARL:HAT", 1]])).rejects.toEqual(refused("HANSE_SHOP_UNKNOWN"));
    const poor = testAccount(3);
    const checkout = await begin([["ANNA:HAT", 1]], poor.address);
    await expect(pay(checkout, poor)).rejects.toEqual(refused("HANSE_CHECKOUT_REFUSED"));
  });

  it("a checkout signed otherwise than before, and one that is unknown", async () => {
    const checkout = await begin([["ANNA:HAT", 1]]);
    await pay(checkout);
    await expect(
      anonymous.request(`${ben.endpoint}/v1/checkouts/${checkout.id}/signatures`, {
        method: "POST",
        body: { signatures: ["0x12"] },
        schema: checkoutSchema,
      }),
    ).rejects.toEqual(refused("HANSE_CHECKOUT_STATE"));
    const again = await pay(checkout);
    expect(again.state, "the same ones again").toBe("sealed");
    await expect(ben.market.checkouts.find(crypto.randomUUID())).rejects.toEqual(
      refused("HANSE_CHECKOUT_UNKNOWN"),
    );
  });
});

describe("Ben buys for himself", () => {
  const ask = (path: string, body: unknown) =>
    owned.request(`${ben.endpoint}/v1/owner/checkouts${path}`, {
      ...{ method: "POST", body, schema: checkoutSchema },
    });
  const wish = { lines: [{ product: "GIFT:MUG", quantity: 4 }], shipTo };
  /** Four mugs of 2.55 pounds, at a fifth of a pound. */
  const PRICE = 51_000_000_000n;

  it("for no more than he said: what a seller quotes above it is not paid, nor kept", async () => {
    const before = await chain.moneyOf(ben.account.address);
    await expect(ask("", wish), "how much may it be?").rejects.toEqual(refused("HANSE_REQUEST_INVALID"));
    const kept = await leftOf(gift, "MUG");
    await expect(ask("", { ...wish, mostNano: `${PRICE - 1n}` })).rejects.toEqual(
      refused("HANSE_CHECKOUT_ABOVE_MOST"),
    );
    expect(await leftOf(gift, "MUG"), "given up").toEqual(kept);
    const quoted = await ask("", { ...wish, pay: false });
    expect(quoted).toMatchObject({ state: "quoted", totalNano: PRICE });
    await expect(ask(`/${quoted.id}/pay`, {})).rejects.toEqual(refused("HANSE_REQUEST_INVALID"));
    await expect(ask(`/${quoted.id}/pay`, { mostNano: `${PRICE - 1n}` })).rejects.toEqual(
      refused("HANSE_CHECKOUT_ABOVE_MOST"),
    );
    expect((await ben.market.checkouts.find(quoted.id)).state).toBe("quoted");
    expect(await chain.moneyOf(ben.account.address)).toEqual(before);
    expect(await ask(`/${quoted.id}/pay`, { mostNano: `${PRICE}` })).toMatchObject({ state: "sealed" });
  });

  it("as merchant of record, signed with his own key", async () => {
    const before = (await chain.moneyOf(ben.account.address)).locked;
    const checkout = await owned.request(`${ben.endpoint}/v1/owner/checkouts`, {
      method: "POST",
      body: { lines: [{ product: "GIFT:MUG", quantity: 4 }], shipTo, mostNano: 51_000_000_000 },
      schema: checkoutSchema,
    });
    expect(checkout).toMatchObject({ state: "sealed", buyer: ben.account.address });
    expect((await chain.moneyOf(ben.account.address)).locked - before).toBe(checkout.totalNano);
    const { ref, deal } = await saleOf(gift, checkout.legs[0]?.deal);
    expect(ref, "whoever has a checkout's id goes on with it: the seller has not").not.toContain(checkout.id);
    // Ben's shop may act for Ben: it must not say for a stranger that it has what was never sent.
    await expect(
      anonymous.request(`${ben.endpoint}/v1/checkouts/${checkout.id}/confirm`, {
        method: "POST",
        body: { leg: 0, signature: "0x" },
        schema: checkoutSchema,
      }),
    ).rejects.toEqual(refused("HANSE_REQUEST_INVALID"));
    expect(STAGES[await stageOf(chain, deal as `0x${string}`)]).toBe("Sealed");
  });
});

// Last: it moves the chain's time, which quotes made later would be behind of.
describe("a quote that nobody pays", () => {
  it("keeps its pieces until the chain's time is over, and no longer", async () => {
    await begin([["ANNA:SOCK", 3]]);
    expect(await leftOf(anna, "SOCK")).toEqual([3, 3]);
    await anna.database.kysely
      .updateTable("reservations")
      .set({ expires_at: new Date(Date.now() - 1_000) })
      .where("state", "=", "held")
      .execute();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await leftOf(anna, "SOCK"), "it might be sealed yet").toEqual([3, 3]);
    await chain.pass(400);
    await expect.poll(() => leftOf(anna, "SOCK"), { timeout: 10_000 }).toEqual([3, 0]);
  });
});
