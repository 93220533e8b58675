import { randomBytes } from "node:crypto";
import { bytesToHex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shipToContext } from "#src/client/shop-schema.ts";
import { seal } from "#src/identity/sealed-box.ts";
import { type Replayed, replay } from "../../../scripts/measure/shops/replay.ts";
import { catalogueOf, readWholesale, type Wholesale } from "../../../scripts/measure/shops/wholesale.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import { SHIP_TO } from "../support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "../support/market-shops.ts";
import { introduce, makePartners } from "../support/test-shops.ts";
import { DAYS, expectedOrders, readLines } from "../support/wholesale-invoices.ts";

// All that the wholesaler was asked for in five days, of its books alone: how it is asked by signed requests, and paid on chain, is the
// other replay's subject, and the benchmark's.

describe("five days of a wholesaler's, as a partner's orders", () => {
  let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
  let chain: GoodsChain;
  let gift: MarketShop;
  let ben: MarketShop;
  let wholesale: Wholesale;
  let replayed: Replayed;

  beforeAll(async () => {
    [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
    gift = await startMarketShop({
      ...{ code: "GIFT", owner: 6, chain, currency: "GBP", terms: { quoteSeconds: 3_600 } },
      databaseUrl: await postgres.fresh(),
    });
    ben = await startMarketShop({ code: "BEN", owner: 7, chain, databaseUrl: await postgres.fresh() });
    await introduce(gift, ben);
    await makePartners(gift, ben, ["share-inventory", "sell"]);
    wholesale = await readWholesale();
    await gift.stock.put(catalogueOf(wholesale));
    await gift.market.syncCatalogue();
    const { address } = testAccount(9);
    const { quotes, sales } = gift.market;
    replayed = await replay(wholesale, {
      async order(ref, lines) {
        const wish = lines.map(({ sku, quantity }) => ({ product: `GIFT:${sku}`, quantity }));
        const quote = await quotes.make("BEN", { lines: wish, buyer: address }, `invoice:${ref}`);
        const text = JSON.stringify({ ...SHIP_TO, salt: bytesToHex(randomBytes(32)) });
        const box = seal(gift.key.publicKey, new TextEncoder().encode(text), shipToContext(quote.id));
        const shipTo = Buffer.from(box).toString("base64url");
        const { id } = await sales.place("BEN", { ref: `invoice:${ref}`, quote: quote.id, shipTo });
        return { id, totalMinor: quote.totalMinor };
      },
      cancel: async ({ id }) => void (await sales.cancel(id, "BEN")),
    });
  }, 180_000);
  afterAll(async () => {
    for (const shop of [gift, ben]) await shop?.stop();
    await Promise.all([postgres?.stop(), chain?.stop()]);
  });

  it("are taken each to the penny, less what was not there any more and what was taken back", async () => {
    const expected = expectedOrders(await readLines(DAYS), wholesale);
    expect(replayed.orders.map(({ ref, totalMinor, cancelled }) => [ref, totalMinor, cancelled])).toEqual(
      expected.orders.map(({ ref, total, cancelled }) => [ref, BigInt(total), cancelled]),
    );
    expect(replayed.shortLines).toBe(expected.short);
    expect(replayed.orders.length).toBeGreaterThan(500);
    expect(replayed.orders.filter(({ cancelled }) => cancelled).length).toBeGreaterThan(10);
  });

  it("have just those pieces kept that stand in an order, and never more than there are", async () => {
    const kept = new Map<string, bigint>();
    for (const { lines, cancelled } of replayed.orders) {
      if (cancelled) continue;
      for (const { sku, quantity } of lines) kept.set(sku, (kept.get(sku) ?? 0n) + quantity);
    }
    const stock = new Map(wholesale.offers.map((offer) => [offer.sku, offer.stock]));
    const rows = await gift.database.kysely.selectFrom("products").selectAll().execute();
    expect(rows).toHaveLength(stock.size);
    const wrong = rows.filter(
      ({ sku, on_hand, reserved }) =>
        on_hand !== stock.get(sku) || reserved !== (kept.get(sku) ?? 0n) || reserved > (on_hand ?? 0n),
    );
    expect(wrong).toEqual([]);
  });
});
