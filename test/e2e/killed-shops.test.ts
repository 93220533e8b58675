import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import { signConfirmation } from "#src/client/sign-goods-order.ts";
import { createHttpClient } from "#src/http/http-client.ts";
import { goodsDealHash, STAGES } from "#src/protocol/goods-deals.ts";
import type { Outcome } from "#src/protocol/goods-orders.ts";
import { until } from "../hub/support/test-hub.ts";
import { createCustomer } from "../shop/support/customers.ts";
import { stageOf } from "../shop/support/market-shops.ts";
import { testAccount } from "./chain-fixture.ts";
import { becomePartners, type Federation, type ShopProcess, startFederation } from "./federation-fixture.ts";

// Given two sellers and a shop that sells for both, each a process of its own, and a customer who buys baskets on and on, some of
// which it thinks better of: when now one and now another of them is killed with SIGKILL, and started again, then
// - every deal on chain has one order at its seller, paid, its pieces out of the house, its address there and readable
// - no basket is sealed in part, and what the shop says of a checkout is what the chain says
// - what was there at first is on hand or out of the house, in both books, to the piece
// - nothing is kept that nobody waits for, once quotes are over
// - what the customer has less is what its deals hold
// And when the parcels go out and come, and a seller is killed around shipping, the shop around handing in a confirmation, then
// - what an owner was able to say once is shipped, and what the customer signed is paid, to the seller, once

const SEED = Number(process.env.HANSE_KILL_SEED ?? 20_261_128);
const KILLS = 6;
/** As long as it kills, and until so many were bought; baskets at most. */
const ENOUGH = 6;
const BASKETS = 300;
const STOCK = 5_000;
/** So many parcels of each seller go out at most. */
const SHIPPED = 3;
const QUOTE_S = 20;
const CUSTOMER = 9;

let federation: Federation;
let sellers: readonly ShopProcess[];
let ben: ShopProcess;

beforeAll(async () => {
  federation = await startFederation(
    [
      { code: "ANNA", owner: 5 },
      { code: "GIFT", owner: 6 },
      { code: "BEN", owner: 7 },
    ],
    { HANSE_SHOP_QUOTE_SECONDS: String(QUOTE_S), HANSE_SHOP_HOLD_SECONDS: "5" },
  );
  const [anna, gift, shop] = federation.shops as [ShopProcess, ShopProcess, ShopProcess];
  [sellers, ben] = [[anna, gift], shop];
  await federation.chain.fund(CUSTOMER);
  for (const shop of federation.shops) {
    await until(`${shop.code} knows all`, async () => {
      const peers = await shop.database.kysely.selectFrom("peers").select("code").execute();
      return peers.length === federation.shops.length;
    });
  }
  for (const seller of sellers) {
    await seller.ask("/v1/owner/products/import", {
      format: "csv",
      content: `sku,name,price,quantity\nTHING,A thing,2.50,${STOCK}\nOTHER,Another,1.00,${STOCK}\n`,
    });
  }
  for (const seller of sellers) await becomePartners(seller, ben, ["share-inventory", "sell"]);
}, 180_000);
afterAll(async () => {
  await federation?.stop();
});

/** Reproducible (mulberry32). */
function randomOf(seed: number) {
  let state = seed;
  return (most: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % most;
  };
}

it("no piece and no money is lost, and nothing is ordered twice", { timeout: 180_000 }, async () => {
  const { chain } = federation;
  const wallet = testAccount(CUSTOMER);
  const customer = createCustomer(ben, wallet, {
    chainId: chain.chain.chainId,
    receipt: chain.deployment.contracts.receipt,
  });
  const before = await chain.moneyOf(wallet.address);
  let killing = true;
  const told = { sealed: 0, failed: 0 };
  const baskets = (async () => {
    const random = randomOf(SEED);
    for (let basket = 0; basket < BASKETS && (killing || told.sealed < ENOUGH); basket++) {
      const lines = (
        [
          [`ANNA:${random(2) === 0 ? "THING" : "OTHER"}`, 1 + random(3)],
          ["GIFT:THING", 1 + random(2)],
          ["GIFT:OTHER", 1],
        ] as const
      ).slice(0, 1 + random(3));
      try {
        const checkout = await customer.begin(lines);
        if (random(5) === 0) continue;
        const { state } = await customer.pay(checkout);
        if (state === "sealed") told.sealed++;
      } catch {
        // Nobody answers, or one of the sellers does not: the customer tries another basket.
        told.failed++;
        await sleep(300);
      }
    }
  })();
  const random = randomOf(SEED + 1);
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(400 + random(1_200));
    const victim = federation.shops[(kill + random(2)) % 3] as ShopProcess;
    await victim.kill();
    await victim.start();
  }
  killing = false;
  await baskets;
  expect(told.sealed, "some were bought").toBeGreaterThanOrEqual(ENOUGH);
  await untilQuiet();

  const deals = await dealsOnChain();
  expect(deals.length).toBeGreaterThanOrEqual(told.sealed);
  const legs = await ben.database.kysely
    .selectFrom("checkout_legs")
    .innerJoin("checkouts", "checkouts.id", "checkout_legs.checkout_id")
    .select(["checkouts.id", "checkouts.state", "purchase_hash", "deal_id"])
    .execute();
  for (const leg of legs) {
    const deal = deals.find(({ purchaseHash }) => purchaseHash === leg.purchase_hash);
    expect(leg.state === "sealed", `checkout ${leg.id} is ${leg.state}`).toBe(deal !== undefined);
    expect(leg.deal_id).toBe(deal?.id ?? null);
  }
  for (const { id, purchaseHash } of deals)
    expect(
      legs.some((leg) => leg.purchase_hash === purchaseHash),
      id,
    ).toBe(true);

  let orders = 0;
  for (const seller of sellers) {
    const own = deals.filter(({ deal }) => deal.seller === testAccount(seller.owner).address);
    const sales = await seller.database.kysely.selectFrom("sales").selectAll().execute();
    for (const { id } of own) {
      const [sale, ...more] = sales.filter(({ deal_id }) => deal_id === id);
      expect(more).toEqual([]);
      expect(sale).toMatchObject({ state: "paid", stock: "taken", partner: "BEN" });
      expect(await seller.ask(`/v1/owner/sales/${sale?.id}/ship-to`)).toMatchObject({ city: "Lübeck" });
      orders++;
    }
    expect(sales.filter(({ state }) => state === "paid").length).toBe(own.length);
  }
  expect(orders).toBe(deals.length);

  const price = deals.reduce((sum, { deal }) => sum + deal.price * BigInt(deal.quantity), 0n);
  const after = await chain.moneyOf(wallet.address);
  expect(before.free - after.free).toBe(price);
  expect(after.locked - before.locked).toBe(price);

  // All quotes are over: nothing is kept for anybody.
  await chain.pass(QUOTE_S + 5);
  for (const seller of sellers) {
    await expect.poll(async () => (await booksOf(seller)).reserved, { timeout: 20_000 }).toBe(0n);
    const { onHand, own, out } = await booksOf(seller);
    expect({ own: own + out, onHand: onHand + out }).toEqual({
      own: BigInt(2 * STOCK),
      onHand: BigInt(2 * STOCK),
    });
  }
});

it("what was shipped and confirmed is paid to its seller, once", { timeout: 180_000 }, async () => {
  const { chain } = federation;
  const random = randomOf(SEED + 2);
  const all = await dealsOnChain();
  const sales = await Promise.all(
    sellers.map(({ database }) =>
      database.kysely
        .selectFrom("sales")
        .selectAll()
        .where("state", "=", "paid")
        .orderBy("created_at")
        .limit(SHIPPED)
        .execute(),
    ),
  );
  const deals = all.filter(({ id }) => sales.flat().some(({ deal_id }) => deal_id === id));
  expect(deals.length, "of each seller some").toBeGreaterThanOrEqual(sellers.length);
  expect(deals.length).toBe(sales.flat().length);
  const priceOf = (of: typeof deals) =>
    of.reduce((sum, { deal }) => sum + deal.price * BigInt(deal.quantity), 0n);
  const ownOf = (seller: ShopProcess) =>
    deals.filter(({ deal }) => deal.seller === testAccount(seller.owner).address);
  const moneyOf = async (number: number) => {
    const { free, locked } = await chain.moneyOf(testAccount(number).address);
    return { locked, all: free + locked };
  };
  const before = await Promise.all([CUSTOMER, ...sellers.map(({ owner }) => owner)].map(moneyOf));

  const shipAll = async (seller: ShopProcess, own: readonly { readonly id: string }[]) => {
    const ship = async ({ id }: { readonly id: string }) => {
      await seller.ask(`/v1/owner/sales/${id}/ship`, { tracking: `parcel ${id}` });
    };
    const [first, ...others] = own;
    if (first === undefined) return;
    await killAround(seller, () => ship(first), random(200));
    // Where it was written down nobody has to say it again.
    const { tracking } = await seller.database.kysely
      .selectFrom("sales")
      .select("tracking")
      .where("id", "=", first.id)
      .executeTakeFirstOrThrow();
    if (tracking === null) await ship(first);
    await Promise.all(others.map(ship));
  };
  await Promise.all(sellers.map((seller, at) => shipAll(seller, sales[at] ?? [])));
  await expect.poll(() => stagesOf(deals), { timeout: 30_000 }).toEqual(new Set(["Shipped"]));

  const legs = await ben.database.kysely
    .selectFrom("checkout_legs")
    .select(["checkout_id", "leg", "deal_id"])
    .where(
      "deal_id",
      "in",
      deals.map(({ id }) => id),
    )
    .execute();
  const confirm = async ({ checkout_id, leg, deal_id }: (typeof legs)[number]) => {
    const { deal } = deals.find(({ id }) => id === deal_id) as (typeof deals)[number];
    const { chainId } = chain.chain;
    const { receipt } = chain.deployment.contracts;
    const hash = goodsDealHash({ ...deal, defaultOutcome: deal.defaultOutcome as Outcome });
    const signature = await signConfirmation(testAccount(CUSTOMER), hash, chainId, receipt);
    await createHttpClient({}, { retries: 0, timeoutMs: 30_000 }).request(
      `${ben.endpoint}/v1/checkouts/${checkout_id}/confirm`,
      { method: "POST", body: { leg, signature }, schema: z.unknown() },
    );
  };
  const [first, ...others] = legs;
  if (first === undefined) throw new Error("nothing was bought");
  await killAround(ben, () => confirm(first), random(200));
  // The customer had no answer: it hands the same in again.
  await Promise.all([first, ...others].map(confirm));
  await expect.poll(() => stagesOf(deals), { timeout: 20_000 }).toEqual(new Set(["Paid"]));
  for (const [at, seller] of sellers.entries()) {
    const settled = async () => {
      const rows = await seller.database.kysely.selectFrom("sales").select(["id", "state"]).execute();
      return rows.filter(({ state }) => state === "settled").map(({ id }) => id);
    };
    const own = (sales[at] ?? []).map(({ id }) => id);
    await expect.poll(async () => new Set(await settled()), { timeout: 20_000 }).toEqual(new Set(own));
  }

  const [customer, ...paid] = await Promise.all(
    [CUSTOMER, ...sellers.map(({ owner }) => owner)].map(moneyOf),
  );
  expect((before[0]?.locked ?? 0n) - (customer?.locked ?? 0n), "escrow is open").toBe(priceOf(deals));
  for (const [at, seller] of sellers.entries())
    expect((paid[at]?.all ?? 0n) - (before[at + 1]?.all ?? 0n), seller.code).toBe(priceOf(ownOf(seller)));
});

/** Has a shop die so many milliseconds into what it is asked for, and live again. */
async function killAround(shop: ShopProcess, asked: () => Promise<void>, afterMs: number): Promise<void> {
  const outcome = asked().catch(() => undefined);
  await sleep(afterMs);
  await shop.kill();
  await outcome;
  await shop.start();
}

/** As the chain has them. */
async function stagesOf(deals: readonly { readonly id: `0x${string}` }[]): Promise<Set<string | undefined>> {
  return new Set(await Promise.all(deals.map(async ({ id }) => STAGES[await stageOf(federation.chain, id)])));
}

/** Nothing is on its way any more. */
async function untilQuiet(): Promise<void> {
  const left = async () => {
    const signed = await ben.database.kysely
      .selectFrom("checkouts")
      .select("id")
      .where("state", "=", "signed")
      .execute();
    const untold = await ben.database.kysely.selectFrom("deliveries").select("id").execute();
    const kept = await Promise.all(
      sellers.map(({ database }) =>
        database.kysely
          .selectFrom("sales")
          .select("id")
          .where("state", "=", "paid")
          .where("stock", "!=", "taken")
          .execute(),
      ),
    );
    return { signed, untold, kept: kept.flat() };
  };
  await expect.poll(left, { timeout: 40_000 }).toEqual({ signed: [], untold: [], kept: [] });
}

async function dealsOnChain() {
  const { chain, deployment } = federation.chain;
  const logs = await chain.viem.getLogs({
    ...{ address: deployment.contracts.receipt, fromBlock: deployment.deployedAtBlock, toBlock: "latest" },
  });
  return decodeEvents({ abi: receiptAbi, logs, eventName: "GoodsSealed" }).map(({ args }) => args);
}

/** Pieces of all products: on hand in the service's and the own system's book, kept, and out of the house. */
async function booksOf({ database }: ShopProcess) {
  const sum = (values: readonly (bigint | null)[]) =>
    values.reduce<bigint>((total, value) => total + (value ?? 0n), 0n);
  const products = await database.kysely.selectFrom("products").select(["on_hand", "reserved"]).execute();
  const stock = await database.kysely.selectFrom("stock").select("on_hand").execute();
  const out = await database.kysely
    .selectFrom("sale_lines")
    .innerJoin("sales", "sales.id", "sale_lines.sale_id")
    .select("quantity")
    .where("sales.stock", "=", "taken")
    .execute();
  return {
    onHand: sum(products.map(({ on_hand }) => on_hand)),
    reserved: sum(products.map(({ reserved }) => reserved)),
    own: sum(stock.map(({ on_hand }) => on_hand)),
    out: sum(out.map(({ quantity }) => quantity)),
  };
}
