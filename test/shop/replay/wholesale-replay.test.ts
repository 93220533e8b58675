import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Checkout, saleSchema } from "#src/client/shop-schema.ts";
import { signGoodsOrder } from "#src/client/sign-goods-order.ts";
import { STAGES } from "#src/protocol/goods-deals.ts";
import { purchase } from "#src/protocol/goods-orders.ts";
import { formatPrice } from "#src/protocol/price.ts";
import { type Replayed, replay, without } from "../../../scripts/measure/shops/replay.ts";
import { catalogueOf, readWholesale, type Wholesale } from "../../../scripts/measure/shops/wholesale.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import {
  type GoodsChain,
  type MarketShop,
  stageOf,
  startGoodsChain,
  startMarketShop,
} from "../support/market-shops.ts";
import { introduce, makePartners } from "../support/test-shops.ts";
import { DAYS, expectedOrders, readLines, totalOf } from "../support/wholesale-invoices.ts";

/** Hours in which customers took back what they had ordered in them; `hanse test --deep` plays all five days. */
const TIMES =
  process.env.HANSE_TEST_DEEP === "1"
    ? DAYS
    : ["2010-12-05 15", "2010-12-06 11", "2010-12-06 13", "2010-12-06 14", "2010-12-06 15"];
const PATIENCE_MS = process.env.HANSE_TEST_DEEP === "1" ? 900_000 : 120_000;
const buyer = testAccount(9);
const shipTo = {
  ...{ name: "A Buyer", lines: ["1 Harbour Street"], city: "Lübeck", region: "" },
  ...{ postalCode: "23552", country: "DE" },
};

describe("the wholesaler's five days, as they are read", () => {
  it("are 527 orders of 13,814 lines, 22 of 149 cancelled lines take something back", async () => {
    const { offers, events } = await readWholesale();
    const orders = events.filter((event) => event.type === "order");
    const cancellations = events.filter((event) => event.type === "cancellation");
    expect(orders).toHaveLength(527);
    expect(orders.flatMap(({ lines }) => lines)).toHaveLength(13_814);
    expect(cancellations).toHaveLength(61);
    expect(cancellations.reduce((sum, { unmatched }) => sum + unmatched, 0)).toBe(149 - 22);
    const raw = await readLines(DAYS);
    const prices = new Map(offers.map(({ sku, priceMinor }) => [sku, priceMinor]));
    const totals = orders.map(({ lines }) =>
      lines.reduce((sum, { sku, quantity }) => sum + (prices.get(sku) ?? 0n) * quantity, 0n),
    );
    const expected = orders.map(({ id }) =>
      BigInt(totalOf(raw.filter(({ invoice, quantity }) => invoice === id && quantity > 0))),
    );
    expect(totals, "each to the penny").toEqual(expected);
    const sum = totals.reduce((all, each) => all + each, 0n);
    expect(formatPrice({ currency: "GBP", minor: sum }), "as the invoices add up").toBe("240258.29");
  });
});

describe("hours of the wholesaler's, as a partner's orders", () => {
  let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
  let chain: GoodsChain;
  let gift: MarketShop;
  let ben: MarketShop;
  let wholesale: Wholesale;
  let replayed: Replayed;
  const watching = new AbortController();
  const oversold: unknown[] = [];
  const checkouts = new Map<string, Checkout>();

  beforeAll(async () => {
    [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
    gift = await startMarketShop({
      ...{ code: "GIFT", owner: 6, chain, currency: "GBP", terms: { quoteSeconds: 3_600 } },
      databaseUrl: await postgres.fresh(),
    });
    ben = await startMarketShop({
      ...{ code: "BEN", owner: 7, chain, databaseUrl: await postgres.fresh() },
      // A wholesaler's customers, of one address.
      customerHolds: {
        ...{ addressPieces: 1_000_000, allPieces: 1_000_000 },
        ...{ addressLines: 1_000_000, allLines: 1_000_000 },
      },
    });
    for (const account of [6, 7]) await chain.fund(account);
    await chain.fund(9, 2_000_000n);
    await introduce(gift, ben);
    await makePartners(gift, ben, ["share-inventory", "sell"]);
    wholesale = await readWholesale(TIMES);
    await gift.stock.put(catalogueOf(wholesale));
    await gift.market.syncCatalogue();

    const sealing = new Map<string, Promise<void>>();
    const watched = watch(watching.signal);
    replayed = await replay(wholesale, {
      async order(_, lines) {
        const wish = lines.map(({ sku, quantity }) => ({ product: `GIFT:${sku}`, quantity }));
        const asked = { buyer: buyer.address, lines: wish, shipTo };
        const checkout = await ben.market.checkouts.begin(asked, "127.0.0.1");
        sealing.set(checkout.id, pay(checkout));
        return { id: checkout.id, totalMinor: checkout.legs[0]?.quote.totalMinor ?? 0n };
      },
      async cancel({ id }) {
        await sealing.get(id);
        const { deal } = (checkouts.get(id) as Checkout).legs[0] as Checkout["legs"][number];
        const sale = await saleOf(deal);
        await ben.service.post.call("GIFT", `/api/v1/order/${sale.id}/cancel`, {
          ...{ method: "POST", body: {}, schema: saleSchema },
        });
        await waitFor(async () => expect(await isBack(sale.id)).toBe(true));
      },
    });
    await Promise.all(sealing.values());
    // All that is paid is out of the house.
    await waitFor(async () => expect(await open()).toEqual([]));
    watching.abort();
    await watched;
  }, PATIENCE_MS);
  afterAll(async () => {
    watching.abort();
    for (const shop of [gift, ben]) await shop?.stop();
    await Promise.all([postgres?.stop(), chain?.stop()]);
  });

  const waitFor = <Value>(work: () => Promise<Value>) => vi.waitFor(work, { timeout: 30_000, interval: 50 });

  async function pay(checkout: Checkout): Promise<void> {
    const signatures = await Promise.all(
      checkout.legs.map(async ({ purchase: order }) => {
        const { receipt } = chain.deployment.contracts;
        return (await signGoodsOrder(buyer, purchase(order), chain.chain.chainId, receipt)).signature;
      }),
    );
    checkouts.set(checkout.id, await ben.market.checkouts.sign(checkout.id, signatures));
  }

  async function saleOf(deal: string | null): Promise<{ readonly id: string }> {
    const find = () =>
      gift.database.kysely
        .selectFrom("sales")
        .select("id")
        .where("deal_id", "=", deal as `0x${string}`)
        .executeTakeFirst();
    return await waitFor(async () => {
      const sale = await find();
      if (sale === undefined) throw new Error(`the seller has not seen ${deal} yet`);
      return sale;
    });
  }

  async function isBack(id: string): Promise<boolean> {
    const sale = await gift.database.kysely
      .selectFrom("sales")
      .select(["state", "stock"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return sale.state === "refunded" && sale.stock === "back";
  }

  const open = () =>
    gift.database.kysely.selectFrom("sales").select("id").where("stock", "=", "reserved").execute();

  /** Looks all the time for a product of which more is kept than is there, or more went than there was. */
  async function watch(signal: AbortSignal): Promise<void> {
    const stock = new Map(wholesale.offers.map((offer) => [offer.sku, offer.stock]));
    while (!signal.aborted) {
      const rows = await gift.database.kysely
        .selectFrom("products")
        .select(["sku", "on_hand", "reserved"])
        .execute();
      for (const { sku, on_hand, reserved } of rows) {
        const all = stock.get(sku) ?? 0n;
        if (on_hand === null || reserved > on_hand || on_hand > all || reserved < 0n || on_hand < 0n)
          oversold.push({ sku, on_hand, reserved, all });
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it("has as many orders as the invoices say, less what was not there any more", async () => {
    const expected = expectedOrders(await readLines(TIMES), wholesale);
    expect(replayed.orders.map(({ ref, totalMinor, cancelled }) => [ref, totalMinor, cancelled])).toEqual(
      expected.orders.map(({ ref, total, cancelled }) => [ref, BigInt(total), cancelled]),
    );
    expect(replayed.shortLines).toBe(expected.short);
    expect(expected.short, "some products run out").toBeGreaterThan(20);
    expect(
      expected.orders.filter(({ cancelled }) => cancelled).length,
      "some are taken back",
    ).toBeGreaterThan(4);
  });

  it("never had less than it sold", () => {
    expect(oversold).toEqual([]);
  });

  it("is paid on chain to the penny, and what was cancelled is paid back", async () => {
    // 0.20 pounds for a HANSE: each penny is 50,000,000 nano-HANSE, and pieces are rounded up to whole ones.
    const nano = (minor: bigint, pieces: bigint) => ((minor * 50_000_000n + pieces - 1n) / pieces) * pieces;
    let locked = 0n;
    for (const { id, totalMinor, cancelled, lines } of replayed.orders) {
      const leg = (checkouts.get(id) as Checkout).legs[0] as Checkout["legs"][number];
      const pieces = lines.length === 1 ? (lines[0]?.quantity ?? 1n) : 1n;
      expect(leg.quote.totalNano).toBe(nano(totalMinor, pieces));
      expect(STAGES[await stageOf(chain, leg.deal as `0x${string}`)]).toBe(cancelled ? "Refunded" : "Sealed");
      if (!cancelled) locked += leg.quote.totalNano;
    }
    expect((await chain.moneyOf(buyer.address)).locked).toBe(locked);
  });

  it("has left what was not sold, in the shop's own system and for partners", async () => {
    const sold = new Map<string, bigint>();
    for (const { lines, cancelled } of replayed.orders) {
      if (cancelled) continue;
      for (const { sku, quantity } of lines) sold.set(sku, (sold.get(sku) ?? 0n) + quantity);
    }
    const left = new Map(wholesale.offers.map(({ sku, stock }) => [sku, stock - (sold.get(sku) ?? 0n)]));
    const own = await gift.stock.catalogue();
    expect(own.filter(({ sku, onHand }) => onHand !== left.get(sku))).toEqual([]);
    const rows = await gift.database.kysely.selectFrom("products").selectAll().execute();
    expect(rows.filter((row) => row.on_hand !== left.get(row.sku) || row.reserved !== 0n)).toEqual([]);
    expect(rows).toHaveLength(left.size);
  });
});

describe("what is taken back", () => {
  it("is nothing where it was never ordered, and the whole where all of it is", () => {
    const lines = [{ sku: "A", quantity: 2n }];
    expect(without(lines, [{ sku: "B", quantity: 1n }])).toBeUndefined();
    expect(without(lines, [{ sku: "A", quantity: 3n }])).toBeUndefined();
    expect(without(lines, lines)).toEqual([]);
    expect(without(lines, [{ sku: "A", quantity: 1n }])).toEqual([{ sku: "A", quantity: 1n }]);
  });
});
