import { keccak256, stringToHex, zeroHash } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import type { Checkout } from "#src/client/shop-schema.ts";
import { signGoodsOrder } from "#src/client/sign-goods-order.ts";
import { purchase } from "#src/protocol/goods-orders.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { createCustomer, product } from "./support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "./support/market-shops.ts";
import { introduce } from "./support/test-shops.ts";

// Anna puts up a bond with each sale. Whoever has her quotes may seal them as it likes, and tell her nothing.

const SHIP_WITHIN_S = 3_600;
const STOCK = 100n;
const BUYER = 9;

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let customer: ReturnType<typeof createCustomer>;
let before: { readonly anna: bigint; readonly buyer: bigint };

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  anna = await startMarketShop({
    ...{ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh() },
    terms: { shipWithin: SHIP_WITHIN_S, bondShare: 1_000 },
  });
  for (const account of [5, BUYER]) await chain.fund(account);
  // It tells itself of orders as it tells others.
  await introduce(anna);
  await anna.stock.put([product("SOCK", STOCK)]);
  await anna.market.syncCatalogue();
  customer = createCustomer(anna, testAccount(BUYER), {
    chainId: chain.chain.chainId,
    receipt: chain.deployment.contracts.receipt,
  });
  before = await money();
}, 120_000);
afterAll(async () => {
  await anna?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

/** All that each has, what is held of it too. */
async function money() {
  const of = async (number: number) => {
    const { free, locked } = await chain.moneyOf(testAccount(number).address);
    return free + locked;
  };
  return { anna: await of(5), buyer: await of(BUYER) };
}

const saleOf = async (checkout: Checkout) =>
  await anna.database.kysely
    .selectFrom("sales")
    .selectAll()
    .where("quote_id", "=", checkout.legs[0]?.quote.id as string)
    .executeTakeFirst();
const until = (checkout: Checkout, expected: Record<string, unknown>) =>
  expect.poll(() => saleOf(checkout), { timeout: 15_000 }).toMatchObject(expected);

/** Has these sealed by one purchase that the shop has never seen. */
async function sealAlone(checkouts: readonly Checkout[], salt: string): Promise<void> {
  const { receipt } = chain.deployment.contracts;
  const legs = checkouts.map(({ legs: [leg] }) => leg as Checkout["legs"][number]);
  const [first] = legs as [Checkout["legs"][number]];
  const seen = first.purchase;
  const own = purchase({
    ...{ ...seen, saleOrder: zeroHash, shipTo: keccak256(stringToHex("nobody is told")) },
    ...{ maxShipWithin: SHIP_WITHIN_S, maxDeliverWithin: first.quote.sale.deliverWithin },
    conditions: { ...seen.conditions, volume: legs.length, minFill: 1, salt: keccak256(stringToHex(salt)) },
  });
  const { signature } = await signGoodsOrder(customer.wallet, own, chain.chain.chainId, receipt);
  const batch = {
    sales: legs.map(({ quote }) => ({ order: quote.sale, signature: quote.signature })),
    purchases: [{ order: own.order, signature }],
    terms: [],
    matches: legs.map((_, index) => ({ sale: index, purchase: 0 })),
  };
  await chain
    .senderOf(BUYER)
    .send({ address: receipt, abi: receiptAbi, functionName: "seal", args: [batch, true] });
}

describe("what a buyer sealed by itself", () => {
  let untold: Checkout;
  let twice: readonly Checkout[];
  let told: Checkout;

  it("is a sale of each quote, also where one purchase took several", async () => {
    const begin = () => customer.begin([["ANNA:SOCK", 1]]);
    untold = await begin();
    twice = [await begin(), await begin()];
    told = await begin();
    await sealAlone([untold], "untold");
    await sealAlone(twice, "twice");
    await customer.pay(told);
    for (const checkout of [untold, ...twice, told]) await until(checkout, { state: "paid", stock: "taken" });
    const deals = await Promise.all(twice.map(async (checkout) => (await saleOf(checkout))?.deal_id));
    expect(new Set(deals).size).toBe(2);
    expect((await anna.service.catalogue.find("SOCK")).on_hand).toBe(STOCK - 4n);
  });

  it("and told nobody an address of is given back by half of the time to ship, bond and pieces too", async () => {
    await chain.pass(SHIP_WITHIN_S / 2 + 1);
    for (const checkout of [untold, ...twice]) await until(checkout, { state: "refunded", stock: "back" });
    expect((await saleOf(told))?.state).toBe("paid");
    expect((await anna.service.catalogue.find("SOCK")).on_hand).toBe(STOCK - 1n);
  });

  it("and was not shipped is given back before it would cost the bond", async () => {
    // Ten minutes, or a tenth of the time, before its end.
    await chain.pass((SHIP_WITHIN_S * 4) / 10);
    await until(told, { state: "refunded", stock: "back" });
    expect(await money()).toEqual(before);
  });
});
