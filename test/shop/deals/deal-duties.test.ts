import type { Hex } from "viem";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GoodsDeal, goodsDealId } from "#src/protocol/goods-deals.ts";
import { NO_ARBITER, OUTCOME } from "#src/protocol/goods-orders.ts";
import { createCallQueue } from "#src/shop/deals/call-queue.ts";
import { createDealDuties } from "#src/shop/deals/deal-duties.ts";
import { createDealStore, type DealStep, type DealStore } from "#src/shop/deals/deal-store.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopDatabase, ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";

// What is due of a shop's deals, at the very second and after blocks were undone. Ben sells on what Anna sells him.

const [ANNA, BEN, CARL] = [1, 2, 3].map((number) => testAccount(number).address) as [Hex, Hex, Hex];
const word = (digit: number): Hex => `0x${digit.toString(16).padStart(64, "0")}`;
const SHIPPED_AT = 1_000;
/** Ten seconds to deliver, twenty to complain, and five more for a reseller. */
const END = SHIPPED_AT + 30;
const MARGIN = 5;

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: ShopDatabase;
let store: DealStore;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  await database?.close();
  database = await openDatabase<ShopTables>(
    { logger: silent },
    { url: await postgres.fresh(), schema: "shop" },
  );
  await migrate(
    { database: database as unknown as Database<unknown>, logger: silent },
    "shop",
    shopMigrations,
  );
  store = createDealStore(database);
});
afterAll(() => database?.close());

function dealOf(number: number, over: Partial<GoodsDeal> = {}): GoodsDeal {
  return {
    ...{
      purchaseId: word(number),
      seller: ANNA,
      buyer: BEN,
      referrer: CARL,
      goods: word(100),
      shipTo: word(101),
    },
    ...{
      arbiter: NO_ARBITER,
      supply: word(0),
      price: 7n,
      sellerBond: 0n,
      commission: 0n,
      shipWithin: 1_000_000,
    },
    ...{ deliverWithin: 10, complaintTime: 20, resaleMargin: MARGIN, defaultOutcome: OUTCOME.Buyer },
    ...{ sealedAt: 900, firstPiece: 0, quantity: 4, ...over },
  };
}

async function block(
  number: bigint,
  time: number,
  {
    deals = [],
    steps = [],
  }: { readonly deals?: readonly GoodsDeal[]; readonly steps?: readonly Omit<DealStep, "logIndex">[] } = {},
): Promise<void> {
  await store.apply(
    {
      block: { number, hash: word(Number(number) + 500), timestamp: BigInt(time) },
      deals: deals.map((deal) => ({
        ...{ id: goodsDealId(deal), deal, saleHash: word(1), purchaseHash: goodsDealId(deal), tx: word(2) },
      })),
      steps: steps.map((step, logIndex) => ({ ...step, logIndex })),
    },
    async () => undefined,
  );
}

/** What a shop's owner has done at this moment. */
async function dueOf(owner: Hex): Promise<string[]> {
  const done: string[] = [];
  const receipt = {
    release: async ({ id }: { id: Hex }) => void done.push(`release ${id}`),
    refund: async ({ id }: { id: Hex }) => void done.push(`refund ${id}`),
    extend: async (supply: { id: Hex }, resale: { id: Hex }) =>
      void done.push(`extend ${supply.id} ${resale.id}`),
  };
  const calls = createCallQueue();
  await createDealDuties({ deals: store, receipt, calls, logger: silent }, { owner }).work();
  await calls.rest();
  return done;
}

const supply = dealOf(1);
const id = goodsDealId(supply);
const resale = dealOf(2, { seller: BEN, buyer: CARL, supply: id });
const shipped = { id, stage: "Shipped" as const };

describe("a shipped deal", () => {
  it("is released by its seller alone, and only after the last second to complain", async () => {
    await block(1n, 900, { deals: [supply] });
    await block(2n, SHIPPED_AT, { steps: [shipped] });
    await block(3n, END);
    expect(await dueOf(ANNA)).toEqual([]);
    await block(4n, END + 1);
    expect(await dueOf(ANNA)).toEqual([`release ${id}`]);
    expect(await dueOf(BEN)).toEqual([]);
  });

  it("is not while it is disputed or over", async () => {
    await block(1n, 900, { deals: [supply] });
    await block(2n, SHIPPED_AT, { steps: [shipped] });
    await block(3n, END + 100, { steps: [{ id, stage: "Disputed" }] });
    expect(await dueOf(ANNA)).toEqual([]);
  });

  it("of a reseller is released later, and as before where that is undone", async () => {
    await block(1n, 900, { deals: [supply] });
    await block(2n, SHIPPED_AT, { steps: [shipped] });
    await block(3n, SHIPPED_AT + 1, { steps: [{ id, stage: "Extended" }] });
    expect(await store.find(id)).toMatchObject({ stage: "Shipped", since: SHIPPED_AT, extended: true });
    await block(4n, END + MARGIN);
    expect(await dueOf(ANNA)).toEqual([]);
    await block(5n, END + MARGIN + 1);
    expect(await dueOf(ANNA)).toEqual([`release ${id}`]);

    await store.rewind({ number: 2n, hash: word(502) }, async () => undefined);
    expect(await store.find(id)).toMatchObject({ stage: "Shipped", since: SHIPPED_AT, extended: false });
    await block(3n, END + 1);
    expect(await dueOf(ANNA)).toEqual([`release ${id}`]);
    await store.rewind({ number: 1n, hash: word(501) }, async () => undefined);
    expect(await store.find(id)).toMatchObject({ stage: "Sealed", since: 900, extended: false });
  });
});

describe("a supply", () => {
  const extend = [`extend ${id} ${goodsDealId(resale)}`];

  it("is lengthened once, by the shop that sells on", async () => {
    await block(1n, 900, { deals: [supply, resale] });
    expect(await dueOf(ANNA)).toEqual([]);
    expect(await dueOf(BEN)).toEqual(extend);
    await block(2n, 901, { steps: [{ id, stage: "Extended" }] });
    expect(await dueOf(BEN)).toEqual([]);
    await store.rewind({ number: 1n, hash: word(501) }, async () => undefined);
    expect(await dueOf(BEN), "undone").toEqual(extend);
  });

  it("is lengthened for one of several resales", async () => {
    const other = dealOf(3, { seller: BEN, buyer: CARL, supply: id });
    await block(1n, 900, { deals: [supply, resale, other] });
    expect(await dueOf(BEN)).toHaveLength(1);
  });

  it("is not once its time to complain is over", async () => {
    await block(1n, 900, { deals: [supply, resale] });
    await block(2n, SHIPPED_AT, { steps: [shipped] });
    await block(3n, END - 1);
    expect(await dueOf(BEN)).toEqual(extend);
    await block(4n, END);
    expect(await dueOf(BEN)).toEqual([]);
  });

  it.each<[string, GoodsDeal, GoodsDeal]>([
    ["of fewer pieces", dealOf(1, { quantity: 3 }), resale],
    ["of another buyer", dealOf(1, { buyer: CARL }), resale],
    ["that leaves no margin", dealOf(1, { resaleMargin: 0 }), resale],
    ["that nobody names", supply, { ...resale, supply: word(0) }],
  ])("%s is not", async (_, first, second) => {
    await block(1n, 900, { deals: [first, second] });
    expect(await dueOf(BEN)).toEqual([]);
  });

  it("is not for a resale that is over", async () => {
    await block(1n, 900, { deals: [supply, resale] });
    const over = { toBuyer: 28n, toSeller: 0n, toReferrer: 0n };
    await block(2n, 901, { steps: [{ id: goodsDealId(resale), stage: "Refunded", paidOut: over }] });
    expect(await dueOf(BEN)).toEqual([]);
  });
});

describe("what was not shipped in time", () => {
  const late = goodsDealId(dealOf(1));

  it("is refunded by who sold it, by who bought it, and by nobody whom it only names", async () => {
    await block(1n, 900, { deals: [dealOf(1, { shipWithin: 10 })] });
    await block(2n, 910);
    expect(await dueOf(ANNA)).toEqual([]);
    await block(3n, 911);
    for (const party of [ANNA, BEN]) expect(await dueOf(party)).toEqual([`refund ${late}`]);
    // Of strangers, who name it as their referrer.
    expect(await dueOf(CARL)).toEqual([]);
  });

  it("is refunded by the shop that it was bought at", async () => {
    await database.kysely
      .insertInto("checkouts")
      .values({
        ...{ id: "one", buyer: BEN, owned: false, state: "sealed", ship_to: "{}", problem: null },
        expires_at: new Date(),
      })
      .execute();
    await database.kysely
      .insertInto("checkout_legs")
      .values({
        ...{ checkout_id: "one", leg: 0, seller: "ANNA", quote: "{}", purchase: "{}", purchase_hash: late },
        ...{ signature: null, deal_id: null },
      })
      .execute();
    await block(1n, 900, { deals: [dealOf(1, { shipWithin: 10 })] });
    await block(2n, 911);
    expect(await dueOf(CARL)).toEqual([`refund ${late}`]);
  });
});
