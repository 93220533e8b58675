import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { type Checkout, shipToContext } from "#src/client/shop-schema.ts";
import { stringifyJson } from "#src/http/json.ts";
import { seal } from "#src/identity/sealed-box.ts";
import { generateShopKey, type ShopKey } from "#src/identity/shop-key.ts";
import { purchase, sale as saleOrder } from "#src/protocol/goods-orders.ts";
import type { ShopAdapter } from "#src/shop/adapters/shop-adapter.ts";
import { createReceiptCalls } from "#src/shop/deals/receipt-calls.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { createCustomer, product } from "./support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "./support/market-shops.ts";
import { introduce, makePartners, type ShopSetup } from "./support/test-shops.ts";

// Anna's own system counts socks by itself, fails and waits when it is told to; Ben sells them.

let databaseUrl: string;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let ben: MarketShop;
let customer: ReturnType<typeof createCustomer>;

const SOCKS = 1_000n;
/** What Ben's shop calls an order by itself. */
const REF = /^[0-9a-f]{64}$/;
const own = {
  socks: SOCKS,
  done: new Set<string>(),
  before: async (_: "take" | "put back") => {},
};
const adapter: ShopAdapter = {
  catalogue: async () => [product("SOCK", own.socks)],
  async take(order, lines) {
    await own.before("take");
    const [line] = lines;
    const wanted = line?.quantity ?? 0n;
    if (own.done.has(`take ${order}`)) return true;
    if (own.socks < wanted) return false;
    own.done.add(`take ${order}`);
    own.socks -= wanted;
    return true;
  },
  async putBack(order, lines) {
    await own.before("put back");
    if (own.done.has(`back ${order}`) || !own.done.has(`take ${order}`)) return;
    own.done.add(`back ${order}`);
    own.socks += lines[0]?.quantity ?? 0n;
  },
};

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  databaseUrl = await postgres.fresh();
  anna = await startAnna();
  ben = await startMarketShop({
    ...{ code: "BEN", owner: 7, chain, databaseUrl: await postgres.fresh(), sendMs: 4_000 },
  });
  for (const account of [5, 7, 9]) await chain.fund(account);
  await introduce(anna, ben);
  await makePartners(anna, ben, ["share-inventory", "sell"]);
  await anna.market.syncCatalogue();
  customer = createCustomer(ben, testAccount(9), {
    chainId: chain.chain.chainId,
    receipt: chain.deployment.contracts.receipt,
  });
}, 120_000);
afterAll(async () => {
  await anna?.stop();
  await ben?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

const startAnna = (again: Pick<ShopSetup, "key" | "keyStore" | "port"> = {}) =>
  startMarketShop({
    ...{ code: "ANNA", owner: 5, chain, databaseUrl, adapter, terms: { quoteSeconds: 60 } },
    ...again,
  });
const books = async () => {
  const { on_hand, reserved } = await anna.service.catalogue.find("SOCK");
  return { own: own.socks, onHand: on_hand, reserved };
};
const sold = async (pieces = 2) => await customer.pay(await customer.begin([["ANNA:SOCK", pieces]]));
const rowOf = async (checkout: Checkout) =>
  await anna.database.kysely
    .selectFrom("sales")
    .selectAll()
    .where("quote_id", "=", checkout.legs[0]?.quote.id as string)
    .executeTakeFirst();
const until = (checkout: Checkout, expected: Record<string, unknown>, timeout = 15_000) =>
  expect.poll(async () => await rowOf(checkout), { timeout }).toMatchObject(expected);
const dealOf = async (checkout: Checkout) => {
  const id = (await rowOf(checkout))?.deal_id as `0x${string}`;
  const known = await anna.market.deals.find(id);
  if (known === undefined) throw new Error("no such deal");
  return known;
};
/** As after a reorganisation that undid everything from this block on. */
const undoFrom = async (number: bigint) =>
  await anna.market.deals.rewind({ number: number - 1n, hash: "0x" }, anna.market.sales.onDeals);
const steady = async () => {
  const { socks } = own;
  return { own: socks, onHand: socks, reserved: 0n };
};

describe("a seal that the chain undoes", () => {
  it("when its pieces have left the house: they come back once nobody can seal it any more", async () => {
    const before = await books();
    const checkout = await sold();
    await until(checkout, { state: "paid", stock: "taken" });
    expect(await books()).toMatchObject({ own: before.own - 2n });
    const known = await dealOf(checkout);
    await undoFrom(known.sealedAtBlock);
    await until(checkout, { state: "placed", deal_id: null });
    await anna.database.kysely
      .updateTable("quotes")
      .set({ valid_until: new Date(0) })
      .where("id", "=", checkout.legs[0]?.quote.id as string)
      .execute();
    await until(checkout, { state: "cancelled", stock: "back" });
    expect(await books()).toEqual(before);

    // And sealed again all the same: it was called off, so the buyer has the price back.
    await anna.market.deals.apply(
      {
        block: { number: known.sealedAtBlock, hash: "0x01", timestamp: 1n },
        deals: [{ ...known, tx: "0x" }],
        steps: [],
      },
      anna.market.sales.onDeals,
    );
    await until(checkout, { state: "refunded" });
    expect(await books()).toEqual(before);
  });

  it("and a refund that it undoes: the pieces are taken once more, and come back once more", async () => {
    const before = await books();
    const checkout = await sold();
    await until(checkout, { state: "paid", stock: "taken" });
    const { id } = (await rowOf(checkout)) as { id: string };
    await anna.market.sales.cancel(id);
    await until(checkout, { state: "refunded", stock: "back" });
    expect(await books()).toEqual(before);
    const step = await anna.database.kysely
      .selectFrom("deal_steps")
      .selectAll()
      .where("deal_id", "=", (await dealOf(checkout)).id)
      .executeTakeFirstOrThrow();
    await undoFrom(step.block);
    await until(checkout, { state: "paid", stock: "taken" });
    expect(await books(), "out of both books").toMatchObject({ own: before.own - 2n, reserved: 0n });
    await anna.market.deals.apply(
      {
        block: { number: step.block, hash: "0x02", timestamp: 1n },
        deals: [],
        steps: [{ id: step.deal_id, logIndex: 0, stage: "Refunded" }],
      },
      anna.market.sales.onDeals,
    );
    await until(checkout, { state: "refunded", stock: "back" });
    expect(await books()).toEqual(before);
  });
});

describe("the shop's own system", () => {
  it("is asked while the order is called off: what it gave comes back", async () => {
    const before = await books();
    const asked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    own.before = async (what) => {
      if (what !== "take") return;
      asked.resolve();
      await goOn.promise;
    };
    const checkout = await sold();
    await asked.promise;
    own.before = async () => {};
    const { id } = (await rowOf(checkout)) as { id: string };
    // The owner gives the price back at the same moment.
    await anna.market.sales.refund(id, false);
    await until(checkout, { state: "refunded" });
    goOn.resolve();
    await until(checkout, { state: "refunded", stock: "back" });
    expect(await books()).toEqual(before);
  });

  it("fails, and meanwhile the buyer confirms: the pieces leave the house when it answers again", async () => {
    const before = await books();
    own.before = async () => {
      throw new Error("the till is on fire");
    };
    const checkout = await sold();
    await until(checkout, { state: "paid" });
    const deal = await dealOf(checkout);
    await chain.senderOf(9).send({
      ...{ address: chain.deployment.contracts.receipt, abi: receiptAbi, functionName: "confirm" },
      args: [deal.deal, "0x"],
    });
    await until(checkout, { state: "settled" });
    own.before = async () => {};
    await until(checkout, { state: "settled", stock: "taken" });
    expect(await books()).toEqual({ own: before.own - 2n, onHand: SOCKS - 2n, reserved: 0n });
  });

  it("has not got it: nobody else is sold it, and the buyer has the price back", async () => {
    const before = (await chain.moneyOf(customer.wallet.address)).free;
    own.socks = 0n;
    const checkout = await sold(3);
    await until(checkout, { state: "refunded", stock: "missing" });
    expect((await chain.moneyOf(customer.wallet.address)).free).toBe(before);
    own.socks = SOCKS - 2n;
    await anna.market.syncCatalogue();
    expect(await books()).toEqual(await steady());
  });
});

describe("a parcel", () => {
  it("that was sent by other means, and then refunded, is not in the house", async () => {
    const checkout = await sold();
    await until(checkout, { state: "paid", stock: "taken" });
    const { deal } = await dealOf(checkout);
    await chain.senderOf(5).send({
      ...{ address: chain.deployment.contracts.receipt, abi: receiptAbi, functionName: "ship" },
      args: [deal, `0x${"11".repeat(32)}`],
    });
    await until(checkout, { state: "shipped", tracking: null });
    const { id } = (await rowOf(checkout)) as { id: string };
    await anna.market.sales.refund(id, false);
    await until(checkout, { state: "refunded" });
    await anna.market.sales.work();
    expect(await rowOf(checkout)).toMatchObject({ stock: "taken" });
    const before = await books();
    // It came back: also after the refund, as after a crash between the two.
    await anna.market.sales.refund(id, true);
    expect(await books()).toMatchObject({ own: before.own + 2n });
    await anna.market.sales.refund(id, true);
    expect(await books()).toMatchObject({ own: before.own + 2n, reserved: 0n });
  });

  it("is sent by a process that died before it told the chain; nobody calls it off meanwhile", async () => {
    const checkout = await sold();
    await until(checkout, { state: "paid", stock: "taken" });
    const { id } = (await rowOf(checkout)) as { id: string };
    await anna.database.kysely
      .updateTable("sales")
      .set({ tracking: "parcel 7" })
      .where("id", "=", id)
      .execute();
    await expect(anna.market.sales.cancel(id, "BEN")).rejects.toMatchObject({ code: "HANSE_SALE_STATE" });
    await until(checkout, { state: "shipped", tracking: "parcel 7" });
    await expect(anna.market.sales.ship(id, "another"), "two parcels").rejects.toMatchObject({
      code: "HANSE_SALE_STATE",
    });
    expect((await anna.market.sales.ship(id, "parcel 7")).tracking, "the same again").toBe("parcel 7");
  });
});

describe("an order", () => {
  it("that a customer sealed by itself is known to the shop and told to the seller", async () => {
    const checkout = await customer.begin([["ANNA:SOCK", 1]]);
    await createReceiptCalls({
      sender: chain.senderOf(9),
      receipt: chain.deployment.contracts.receipt,
    }).seal(`by hand ${checkout.id}`, await pairsOf(checkout));
    await expect
      .poll(async () => (await customer.find(checkout.id)).state, { timeout: 10_000 })
      .toBe("sealed");
    await expect.poll(async () => (await rowOf(checkout))?.partner_ref, { timeout: 10_000 }).toBeTruthy();
    const { id } = (await rowOf(checkout)) as { id: string };
    expect(await anna.market.sales.shipTo(id)).toMatchObject({ city: "Lübeck" });
  });

  it("whose deal was overlooked is found when it is told of again, and not looked for all the time", async () => {
    const overlooked = async () => {
      const checkout = await customer.begin([["ANNA:SOCK", 1]]);
      await createReceiptCalls({
        sender: chain.senderOf(9),
        receipt: chain.deployment.contracts.receipt,
      }).seal(`overlooked ${checkout.id}`, await pairsOf(checkout));
      const state = async () => (await customer.find(checkout.id)).state;
      await expect.poll(state, { timeout: 10_000 }).toBe("sealed");
      const { deal } = (await customer.find(checkout.id)).legs[0] as Checkout["legs"][number];
      await ben.database.kysely
        .updateTable("checkouts")
        .set({ state: "quoted" })
        .where("id", "=", checkout.id)
        .execute();
      return { deal: deal as `0x${string}`, state };
    };
    const first = await overlooked();
    // Nothing changed: nothing is looked for, at every look.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await first.state()).toBe("quoted");
    ben.market.checkouts.onDeals([first.deal]);
    await expect.poll(first.state, { timeout: 10_000 }).toBe("sealed");
  });

  it("that somebody else sealed first is not called failed", async () => {
    const checkout = await customer.begin([["ANNA:SOCK", 1]]);
    await createReceiptCalls({
      sender: chain.senderOf(3),
      receipt: chain.deployment.contracts.receipt,
    }).seal(`in front ${checkout.id}`, await pairsOf(checkout));
    expect(await customer.pay(checkout)).toMatchObject({ state: "sealed" });
    // And where the shop has learnt of it by the chain before the buyer told.
    const later = await customer.begin([["ANNA:SOCK", 1]]);
    await createReceiptCalls({
      sender: chain.senderOf(3),
      receipt: chain.deployment.contracts.receipt,
    }).seal(`in front ${later.id}`, await pairsOf(later));
    await expect.poll(async () => (await customer.find(later.id)).state, { timeout: 10_000 }).toBe("sealed");
    expect(await customer.pay(later)).toMatchObject({ state: "sealed" });
  });

  it("whose seal is not mined in time is not called failed, and is sealed once", async () => {
    const checkout = await customer.begin([["ANNA:SOCK", 1]]);
    await whileTheChainStands(async () => {
      await expect(customer.pay(checkout)).rejects.toMatchObject({ code: "HANSE_TRANSACTION_LOST" });
      expect((await customer.find(checkout.id)).state).toBe("signed");
    });
    await expect
      .poll(async () => (await customer.find(checkout.id)).state, { timeout: 15_000 })
      .toBe("sealed");
  });

  it("that is told after its end by the clock, while the chain stands still, is taken", async () => {
    const checkout = await customer.begin([["ANNA:SOCK", 1]]);
    const { id } = quoteOf(checkout);
    await whileTheChainStands(async () => {
      // Followed to its last block by then, and the clock is ahead of it.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const { time } = (await anna.market.deals.followedTo()) as { time: bigint };
      await anna.database.kysely
        .updateTable("quotes")
        .set({ valid_until: new Date(Number(time) * 1_000) })
        .where("id", "=", id)
        .execute();
      expect((await tell(checkout, `${checkout.id}:0`)).state).toBe("placed");
    });
    await until(checkout, { state: "cancelled", stock: "back" });
  });

  it("told under the name of another is refused for good", async () => {
    const [first, second] = [await sold(1), await customer.begin([["ANNA:SOCK", 1]])];
    await expect.poll(async () => (await rowOf(first))?.partner_ref, { timeout: 10_000 }).toMatch(REF);
    await expect(tell(second, (await rowOf(first))?.partner_ref as string)).rejects.toMatchObject({
      ...{ code: "HANSE_CONFLICT", retryable: false },
    });
  });

  it("of a seller that left meanwhile is sealed, and told when it is there again", async () => {
    const checkout = await customer.begin([["ANNA:SOCK", 1]]);
    const standing = (now: "member" | "left") =>
      ben.database.kysely.updateTable("peers").set({ standing: now }).where("code", "=", "ANNA").execute();
    await standing("left");
    expect(await customer.pay(checkout)).toMatchObject({ state: "sealed" });
    await until(checkout, { state: "paid", partner_ref: null });
    await standing("member");
    await expect.poll(async () => (await rowOf(checkout))?.partner_ref, { timeout: 15_000 }).toMatch(REF);
  });

  it("whose seller does not know our key now is kept, and waits for nothing but itself", async () => {
    const checkout = await customer.begin([["ANNA:SOCK", 1]]);
    const key = (now: `0x${string}`) =>
      anna.database.kysely.updateTable("peers").set({ key: now }).where("code", "=", "BEN").execute();
    await key(`0x${"ab".repeat(32)}`);
    expect(await customer.pay(checkout)).toMatchObject({ state: "sealed" });
    await until(checkout, { state: "paid", partner_ref: null });
    // Something that waits stands before it, in another lane.
    await ben.database.kysely
      .insertInto("deliveries")
      .values({
        ...{ id: "waits", peer: "ANNA", path: "/v1/partnerships/leave", body: "{}", created_at: new Date(0) },
        due_at: new Date(Date.now() + 3_600_000),
      })
      .execute();
    await key(ben.key.publicKey);
    await expect.poll(async () => (await rowOf(checkout))?.partner_ref, { timeout: 15_000 }).toMatch(REF);
    await ben.database.kysely.deleteFrom("deliveries").execute();
  });

  it("of a seller whose key nobody can seal to is sealed to the last one that it proved", async () => {
    const checkout = await customer.begin([["ANNA:SOCK", 1]]);
    const key = (now: `0x${string}`) =>
      ben.database.kysely.updateTable("peers").set({ key: now }).where("code", "=", "ANNA").execute();
    // Of small order: the Hub takes it as any other.
    await key(`0x01${"00".repeat(31)}`);
    expect(await customer.pay(checkout)).toMatchObject({ state: "sealed" });
    await key(anna.key.publicKey);
    await expect.poll(async () => (await rowOf(checkout))?.partner_ref, { timeout: 15_000 }).toMatch(REF);
  });

  it("whose seller has lost the key it is sealed to keeps its box until the key is there again", async () => {
    const others: ShopKey[] = [];
    const lost = anna.key;
    const restart = async (key: ShopKey) => {
      await anna.stop();
      const keyStore = { others: async () => others, use: async () => undefined };
      anna = await startAnna({ key, keyStore, port: Number(new URL(anna.endpoint).port) });
    };
    await restart(generateShopKey().key);
    const checkout = await customer.begin([["ANNA:SOCK", 1]]);
    // Ben has not heard yet of Anna's second key.
    expect(await customer.pay(checkout)).toMatchObject({ state: "sealed" });
    await until(checkout, { state: "paid", partner_ref: expect.stringMatching(REF) });
    expect(await ben.database.kysely.selectFrom("deliveries").selectAll().execute()).toEqual([]);
    const { id } = (await rowOf(checkout)) as { id: string };
    const told = () => anna.ask(`/v1/owner/sales/${id}`);
    expect((await told()).shipToProblem).toContain("Put the key back");
    await expect(anna.ask(`/v1/owner/sales/${id}/ship-to`)).rejects.toMatchObject({
      code: "HANSE_SEALED_BOX_INVALID",
    });
    others.push(lost);
    await expect.poll(async () => (await told()).shipToProblem).toBeNull();
    expect(await anna.ask(`/v1/owner/sales/${id}/ship-to`)).toMatchObject({ city: "Lübeck" });
    await restart(lost);
  });
});

it("a parcel that a node which is behind knows no deal of stays shipped, and is told when it does", async () => {
  const checkout = await sold(1);
  await until(checkout, { state: "paid", stock: "taken" });
  const { id, deal_id } = (await rowOf(checkout)) as { id: string; deal_id: `0x${string}` };
  const deals = () => anna.database.kysely.updateTable("deals").where("id", "=", deal_id);
  const { deal } = await anna.database.kysely
    .selectFrom("deals")
    .select("deal")
    .where("id", "=", deal_id)
    .executeTakeFirstOrThrow();
  // Sealed at another moment, as by a block that the node has not got: to it, it is no deal.
  await deals()
    .set({ deal: JSON.stringify({ ...JSON.parse(deal), sealedAt: 1 }) })
    .execute();
  await expect(anna.market.sales.ship(id, "parcel 8")).rejects.toMatchObject({
    ...{ code: "HANSE_TRANSACTION_REVERTED", details: { error: "ReceiptDealUnknown" } },
  });
  expect(await rowOf(checkout)).toMatchObject({ state: "paid", tracking: "parcel 8" });
  await deals().set({ deal }).execute();
  await until(checkout, { state: "shipped", tracking: "parcel 8" });
});

it("refunds wait for no other, nor does what else there is to do: also where one fails, and none is mined", async () => {
  const checkouts = [await sold(1), await sold(1), await sold(1), await sold(1)];
  for (const checkout of checkouts) await until(checkout, { state: "paid", stock: "taken" });
  const ids = (await Promise.all(checkouts.map(rowOf))).map((row) => row?.id as string);
  // To the chain the first of them, in the order in which they are due, is no deal.
  const failing = checkouts[ids.indexOf([...ids].sort()[0] as string)] as Checkout;
  const { id, deal } = await dealOf(failing);
  const keepDeal = (changed: object) =>
    anna.database.kysely
      .updateTable("deals")
      .set({ deal: stringifyJson({ ...deal, ...changed }) })
      .where("id", "=", id)
      .execute();
  await keepDeal({ sealedAt: 1 });
  const { viem } = chain.chain;
  const { address } = anna.account;
  const sent = async () =>
    (await viem.getTransactionCount({ address, blockTag: "pending" })) -
    (await viem.getTransactionCount({ address, blockTag: "latest" }));
  await whileTheChainStands(async () => {
    for (const each of ids) await anna.market.sales.cancel(each);
    await expect.poll(sent, { timeout: 10_000, message: "all but the one that fails" }).toBe(3);
    const other = await Promise.race([
      anna.market.syncCatalogue().then(() => "read"),
      new Promise((resolve) => setTimeout(() => resolve("held up"), 5_000)),
    ]);
    expect(other, "the shop's own system").toBe("read");
  });
  for (const checkout of checkouts) {
    if (checkout !== failing) await until(checkout, { state: "refunded", stock: "back" });
  }
  await keepDeal({});
  for (const checkout of checkouts) await until(checkout, { state: "refunded", stock: "back" });
});

it("after all that nothing is kept that nobody waits for", async () => {
  const waiting = await anna.database.kysely
    .selectFrom("sales")
    .select(["id", "state", "stock"])
    .where("stock", "in", ["reserved", "taking"])
    .execute();
  expect(waiting).toEqual([]);
  await chain.pass(120);
  await anna.database.kysely
    .updateTable("reservations")
    .set({ expires_at: new Date(0) })
    .where("state", "=", "held")
    .execute();
  await expect.poll(books, { timeout: 10_000 }).toEqual(await steady());
});

async function whileTheChainStands(work: () => Promise<void>): Promise<void> {
  await chain.command("evm_setIntervalMining", [0]);
  try {
    await work();
  } finally {
    await chain.command("evm_setIntervalMining", [1]);
  }
}

async function pairsOf(checkout: Checkout) {
  const signatures = await customer.signatures(checkout);
  return checkout.legs.map(({ quote, purchase: order }, leg) => ({
    sale: { ...saleOrder(quote.sale as never), signature: quote.signature },
    purchase: { ...purchase(order), signature: signatures[leg] as `0x${string}` },
  }));
}

/** Tells Anna an order as Ben would. */
async function tell(checkout: Checkout, ref: string) {
  const { ship_to } = await ben.database.kysely
    .selectFrom("checkouts")
    .select("ship_to")
    .where("id", "=", checkout.id)
    .executeTakeFirstOrThrow();
  const { id } = quoteOf(checkout);
  const box = seal(anna.key.publicKey, new TextEncoder().encode(ship_to), shipToContext(id));
  return await anna.market.sales.place("BEN", {
    ...{ ref, quote: id, shipTo: Buffer.from(box).toString("base64url") },
  });
}

function quoteOf({ legs: [leg] }: Checkout) {
  if (leg === undefined) throw new Error("the checkout is empty");
  return leg.quote;
}
