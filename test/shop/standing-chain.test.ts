import { afterAll, beforeAll, expect, it } from "vitest";
import { type Checkout, shipToContext } from "#src/client/shop-schema.ts";
import { seal } from "#src/identity/sealed-box.ts";
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

// Some chains make a block for a transaction alone, and any may stand: what nobody paid in time is there for others all the same.

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let ben: MarketShop;
const QUOTE_SECONDS = 3;

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  const terms = { quoteSeconds: QUOTE_SECONDS };
  const start = async (code: string, owner: number) =>
    await startMarketShop({
      ...{ code, owner, chain, databaseUrl: await postgres.fresh() },
      ...{ terms, skewMs: 1_000 },
    });
  anna = await start("ANNA", 5);
  ben = await start("BEN", 7);
  await introduce(anna, ben);
  await makePartners(anna, ben, ["share-inventory", "sell"]);
  await anna.stock.put([product("SOCK", 5n)]);
  await anna.market.syncCatalogue();
}, 120_000);
afterAll(async () => {
  for (const shop of [anna, ben]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

const reserved = async () => (await anna.service.catalogue.find("SOCK")).reserved;

/** Tells Anna an order that is not paid. */
async function order({ id, legs }: Checkout): Promise<string> {
  const { ship_to } = await ben.database.kysely
    .selectFrom("checkouts")
    .select("ship_to")
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  const quote = legs[0]?.quote.id as string;
  const box = seal(anna.key.publicKey, new TextEncoder().encode(ship_to), shipToContext(quote));
  const told = { ref: crypto.randomUUID(), quote, shipTo: Buffer.from(box).toString("base64url") };
  return (await anna.market.sales.place("BEN", told)).id;
}

it("while no block comes, what was quoted, and what was ordered and not paid, is free when its time is over", async () => {
  const customer = createCustomer(ben, testAccount(9), {
    chainId: chain.chain.chainId,
    receipt: chain.deployment.contracts.receipt,
  });
  await chain.command("evm_setIntervalMining", [0]);
  const { number } = await chain.chain.viem.getBlock();
  await customer.begin([["ANNA:SOCK", 2]]);
  const sale = await order(await customer.begin([["ANNA:SOCK", 1]]));
  expect(await reserved()).toBe(3n);
  await new Promise((resolve) => setTimeout(resolve, (QUOTE_SECONDS - 1) * 1_000));
  expect(await reserved(), "before").toBe(3n);
  await expect.poll(reserved, { timeout: 15_000 }).toBe(0n);
  expect(await anna.market.sales.find(sale)).toMatchObject({ state: "cancelled" });
  expect((await chain.chain.viem.getBlock()).number, "no block came").toBe(number);
}, 60_000);
