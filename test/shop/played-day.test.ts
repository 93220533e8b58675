import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type Checkout, reservationSchema, saleSchema } from "#src/client/shop-schema.ts";
import { signConfirmation } from "#src/client/sign-goods-order.ts";
import { signRequest } from "#src/identity/http-signature.ts";
import { replay } from "../../scripts/measure/shops/replay.ts";
import { catalogueOf, readWholesale } from "../../scripts/measure/shops/wholesale.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { createCustomer, product, SHIP_TO } from "./support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "./support/market-shops.ts";
import { keepLedger, type LedgerEntry } from "./support/request-ledger.ts";
import { type Scrape, scrape } from "./support/scrape.ts";
import { introduce, makePartners } from "./support/test-shops.ts";
import { expectedOrders, readLines } from "./support/wholesale-invoices.ts";

// A day of a wholesaler's: Ben sells its goods, Carl only looks at them, Dora is no partner. Real invoices of an hour, and
// beside them each thing that can go wrong. What its metrics then say has been counted here, from what was done and from
// what went over the wire: each series, and no other.

const HOUR = "2010-12-06 11";
const BUYER = 9;
const RIGHTS = ["share-inventory", "sell"];
const pageSchema = z.object({ cursor: z.string(), more: z.boolean() });
/** Pence of what is sold beside the invoices. */
const MUG = 255n;

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let gift: MarketShop;
let ben: MarketShop;
let carl: MarketShop;
let dora: MarketShop;
let customer: ReturnType<typeof createCustomer>;
let ledger: readonly LedgerEntry[];
let read: Scrape;

/** What has been counted, by `family partner result`. */
const counted = new Map<string, number>();
let dollars = 0;
const count = (family: string, partner: string, result: string, by = 1) => {
  const name = `${family} ${partner} ${result}`;
  counted.set(name, (counted.get(name) ?? 0) + by);
};
const polled = (partner: string, result: string) =>
  count("federation_inventory_polls_total", partner, result);
const reserved = (partner: string, result: string, by = 1) =>
  count("federation_reservations_total", partner, result, by);
const ordered = (result: string, by = 1, partner = "BEN") =>
  count("federation_orders_received_total", partner, result, by);
/** An order of Ben's that is told and paid: a pound is a dollar and a quarter, and cents are rounded once. */
const paid = (pence: number, lines: number) => {
  reserved("BEN", "reserved", lines);
  ordered("accepted");
  ordered("paid");
  dollars += Math.floor((pence * 125 + 50) / 100) / 100;
};

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  const start = async (code: string, owner: number, more = {}) =>
    await startMarketShop({ code, owner, chain, databaseUrl: await postgres.fresh(), ...more });
  gift = await start("GIFT", 6, { currency: "GBP", terms: { quoteSeconds: 3_600 } });
  // All invoices are bought by one customer from one address.
  ben = await start("BEN", 7, { customerHolds: { addressPieces: 1_000_000, allPieces: 1_000_000 } });
  carl = await start("CARL", 5);
  dora = await start("DORA", 4);
  for (const account of [6, 7]) await chain.fund(account);
  await chain.fund(BUYER, 2_000_000n);
  await introduce(gift, ben, carl, dora);
  customer = createCustomer(ben, testAccount(BUYER), {
    chainId: chain.chain.chainId,
    receipt: chain.deployment.contracts.receipt,
  });
  ledger = keepLedger(gift);
  await makePartners(gift, ben, RIGHTS);
  await makePartners(gift, carl, ["share-inventory"]);
}, 180_000);
afterAll(async () => {
  for (const shop of [gift, ben, carl, dora]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

const waitFor = <Value>(work: () => Promise<Value>) => vi.waitFor(work, { timeout: 60_000, interval: 100 });

/** A signed GET, as a partner's service would send it. */
async function get(shop: MarketShop, path: string, headers: Record<string, string> = {}) {
  const url = `${gift.endpoint}${path}`;
  const signed = await signRequest({ method: "GET", url, headers }, shop, gift.code);
  const answer = await fetch(url, { headers: signed });
  return { status: answer.status, etag: answer.headers.get("etag") ?? "", text: await answer.text() };
}
const reserve = (shop: MarketShop, sku: string, quantity: number, key: string = randomUUID()) =>
  shop.service.post.call("GIFT", "/api/v1/reservations", {
    ...{ body: { product: `GIFT:${sku}`, quantity }, headers: { "idempotency-key": key } },
    schema: reservationSchema,
  });
const quote = (shop: MarketShop, sku: string, quantity: number) =>
  shop.service.post.call("GIFT", "/api/v1/quotes", {
    body: { lines: [{ product: `GIFT:${sku}`, quantity }], buyer: testAccount(BUYER).address },
    ...{ headers: { "idempotency-key": randomUUID() }, schema: z.looseObject({ id: z.uuid() }) },
  });
const onOrder = (id: string, what: string, body: unknown = {}) =>
  ben.service.post.call("GIFT", `/api/v1/order/${id}/${what}`, { method: "POST", body, schema: saleSchema });

/** The seller's row of a checkout, once it is told and stands as expected. */
async function saleIn(
  { legs: [leg] }: Checkout,
  expected: { readonly state: string; readonly stock?: string },
) {
  return await waitFor(async () => {
    const row = await gift.database.kysely
      .selectFrom("sales")
      .selectAll()
      .where("quote_id", "=", leg?.quote.id as string)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject(expected);
    expect(row.partner_ref, "told").not.toBeNull();
    return row;
  });
}
/** A customer of Ben's buys mugs; they leave the house. */
async function bought(pieces = 1) {
  const checkout = await customer.pay(await customer.begin([["GIFT:MUG", pieces]]));
  paid(Number(MUG) * pieces, 1);
  return { checkout, ...(await saleIn(checkout, { state: "paid", stock: "taken" })) };
}
async function shipped(pieces = 1) {
  const sold = await bought(pieces);
  await gift.market.sales.ship(sold.id, `parcel ${sold.id}`);
  await saleIn(sold.checkout, { state: "shipped" });
  return sold;
}
const seriesOf = (family: string) =>
  Object.fromEntries(
    read.samples
      .filter(({ name }) => name === family)
      .map(({ labels: { partner, result }, value }) => [`${family} ${partner} ${result}`, value]),
  );
const expectedOf = (family: string) =>
  Object.fromEntries([...counted].filter(([name]) => name.startsWith(`${family} `)));

describe("a played day", () => {
  let unshipped = 0;

  it("begins with polls, of partners and of who is none", { timeout: 120_000 }, async () => {
    const wholesale = await readWholesale([HOUR]);
    await gift.stock.put([...catalogueOf(wholesale), product("MUG", 100n, MUG), product("LAST", 1n, MUG)]);
    await gift.market.syncCatalogue();
    // Ben has them to show: for what he does not know he asks when a customer wants it.
    const { told } = await ben.market.listings.sync("GIFT");
    for (let at = 0; at < told; at += 1_000) polled("BEN", "changed");

    let [since, etag, more] = ["", "", true];
    while (more) {
      const page = await get(ben, `/api/v1/products?limit=1000${since}`);
      polled("BEN", "changed");
      const told = pageSchema.parse(JSON.parse(page.text));
      [since, etag, more] = [`&since=${encodeURIComponent(told.cursor)}`, page.etag, told.more];
    }
    const last = `/api/v1/products?limit=1000${since}`;
    expect((await get(ben, last, { "if-none-match": etag })).status).toBe(304);
    polled("BEN", "unchanged");
    expect((await get(ben, last)).status).toBe(200);
    polled("BEN", "unchanged");
    expect((await get(carl, "/api/v1/products")).status).toBe(200);
    polled("CARL", "changed");
    expect((await get(carl, "/api/v1/products?featured=true")).status).toBe(403);
    polled("CARL", "refused");
    expect((await get(dora, "/api/v1/products")).status).toBe(403);
    polled("DORA", "refused");
    // Nobody polls who asks for one product, or signs with another's key.
    await get(ben, "/api/v1/product/GIFT:MUG");
    expect((await get({ ...dora, key: carl.key } as MarketShop, "/api/v1/products")).status).toBe(401);
  });

  it("has real invoices, what ran out, and what was taken back", { timeout: 300_000 }, async () => {
    const wholesale = await readWholesale([HOUR]);
    const sealing = new Map<string, Promise<Checkout>>();
    await replay(wholesale, {
      async order(_, lines) {
        const checkout = await ben.market.checkouts.begin(
          {
            ...{ buyer: customer.wallet.address, shipTo: SHIP_TO },
            lines: lines.map(({ sku, quantity }) => ({ product: `GIFT:${sku}`, quantity })),
          },
          "127.0.0.1",
        );
        sealing.set(checkout.id, customer.pay(checkout));
        return { id: checkout.id, totalMinor: checkout.legs[0]?.quote.totalMinor ?? 0n };
      },
      async cancel({ id }) {
        const checkout = (await sealing.get(id)) as Checkout;
        const sale = await saleIn(checkout, { state: "paid" });
        await onOrder(sale.id, "cancel");
        await saleIn(checkout, { state: "refunded", stock: "back" });
      },
    });
    for (const checkout of await Promise.all(sealing.values())) await waitFor(() => known(checkout));

    const { orders, short } = expectedOrders(await readLines([HOUR]), wholesale);
    expect([orders.length, short]).toEqual([13, 17]);
    for (const { total, lines, cancelled } of orders) {
      paid(total, lines.length);
      if (!cancelled) unshipped++;
      else for (const result of ["cancelled", "refunded"]) ordered(result);
    }
    // Each line that was not there had the whole quote refused, and asked for anew without it.
    ordered("out_of_stock", short);
    reserved("BEN", "out_of_stock", short);

    async function known({ legs: [leg] }: Checkout) {
      const row = await gift.database.kysely
        .selectFrom("sales")
        .select(["partner_ref", "stock"])
        .where("quote_id", "=", leg?.quote.id as string)
        .executeTakeFirstOrThrow();
      expect(row.partner_ref).not.toBeNull();
      expect(["taken", "back"]).toContain(row.stock);
    }
  });

  it("has reservations of every kind of end", { timeout: 120_000 }, async () => {
    await reserve(ben, "MUG", 2);
    reserved("BEN", "reserved");
    const released = await reserve(ben, "MUG", 1);
    reserved("BEN", "reserved");
    await ben.service.post.call("GIFT", `/api/v1/reservations/${released.id}`, {
      ...{ method: "DELETE", schema: reservationSchema },
    });
    reserved("BEN", "released");
    await expect(reserve(ben, "MUG", 1_000)).rejects.toMatchObject({ code: "HANSE_OUT_OF_STOCK" });
    reserved("BEN", "out_of_stock");
    await expect(reserve(ben, "NONE", 1)).rejects.toMatchObject({ code: "HANSE_PRODUCT_UNKNOWN" });
    reserved("BEN", "refused");
    await expect(reserve(carl, "MUG", 1)).rejects.toMatchObject({ code: "HANSE_RIGHT_MISSING" });
    reserved("CARL", "refused");
    const reading = { "idempotency-key": randomUUID() };
    expect((await get(carl, "/api/v1/product/GIFT:MUG?reserve=1", reading)).status).toBe(403);
    reserved("CARL", "refused");
    expect((await get(ben, "/api/v1/product/GIFT:MUG?reserve=1", reading)).status).toBe(200);
    reserved("BEN", "reserved");

    // What a quote keeps is given up by its asker, or is over with it; its end and those of both reservations come now.
    const { id } = await quote(ben, "MUG", 1);
    reserved("BEN", "reserved");
    await ben.service.post.call("GIFT", `/api/v1/quotes/${id}`, { method: "DELETE", schema: z.unknown() });
    reserved("BEN", "released");
    const over = await gift.database.kysely
      .updateTable("reservations")
      .set({ expires_at: new Date(0) })
      .where("state", "=", "held")
      .returning("id")
      .execute();
    expect(over).toHaveLength(2);
    reserved("BEN", "expired", 2);
    await waitFor(async () =>
      expect(
        await gift.database.kysely
          .selectFrom("reservations")
          .select("id")
          .where("state", "=", "held")
          .execute(),
      ).toEqual([]),
    );
  });

  it("has orders refused, cancelled, missing, refunded, sent back and confirmed", {
    timeout: 240_000,
  }, async () => {
    await expect(quote(carl, "MUG", 1)).rejects.toMatchObject({ code: "HANSE_RIGHT_MISSING" });
    ordered("refused", 1, "CARL");

    // Called off before it left the house, and once more: it was called off once.
    const cancelled = await bought();
    await onOrder(cancelled.id, "cancel");
    await onOrder(cancelled.id, "cancel");
    ordered("cancelled");
    await saleIn(cancelled.checkout, { state: "refunded", stock: "back" });
    ordered("refunded");

    // The own system has not got it any more.
    await gift.stock.put([product("LAST", 0n, MUG)]);
    const missing = await customer.pay(await customer.begin([["GIFT:LAST", 1]]));
    paid(Number(MUG), 1);
    await saleIn(missing, { state: "refunded", stock: "missing" });
    for (const result of ["out_of_stock", "refunded"]) ordered(result);

    const lost = await shipped();
    await gift.market.sales.refund(lost.id, false);
    await saleIn(lost.checkout, { state: "refunded" });
    ordered("refunded");

    const back = await shipped(2);
    await onOrder(back.id, "return", { reason: "The handle is off" });
    await gift.market.sales.refund(back.id, true);
    await saleIn(back.checkout, { state: "refunded", stock: "back" });
    ordered("refunded");

    const kept = await shipped(3);
    const { checkout } = kept;
    await waitFor(async () =>
      expect((await customer.find(checkout.id)).legs[0]).toMatchObject({ stage: "Shipped" }),
    );
    const { dealHash } = (await customer.find(checkout.id)).legs[0] as { dealHash: `0x${string}` };
    const { chainId } = chain.chain;
    const { receipt } = chain.deployment.contracts;
    await ben.market.checkouts.confirm(
      checkout.id,
      0,
      await signConfirmation(testAccount(BUYER), dealHash, chainId, receipt),
    );
    await saleIn(checkout, { state: "settled" });
    ordered("settled");
  });

  it("has a partnership end between a quote and its payment", { timeout: 120_000 }, async () => {
    const checkout = await customer.begin([["GIFT:MUG", 1]]);
    await gift.ask("/v1/owner/partnerships/BEN/leave", { role: "granter" });
    await customer.pay(checkout);
    paid(Number(MUG), 1);
    await saleIn(checkout, { state: "paid", stock: "taken" });
    unshipped++;
    await expect(reserve(ben, "MUG", 1)).rejects.toMatchObject({ code: "HANSE_RIGHT_MISSING" });
    reserved("BEN", "refused");
    await expect(quote(ben, "MUG", 1)).rejects.toMatchObject({ code: "HANSE_RIGHT_MISSING" });
    ordered("refused");
    expect((await get(ben, "/api/v1/products")).status).toBe(403);
    polled("BEN", "refused");
  });

  it("ends by time: one parcel nobody complained about is paid, and what was not shipped is paid back", {
    timeout: 300_000,
  }, async () => {
    await makePartners(gift, ben, RIGHTS);
    const silent = await shipped();
    expect(unshipped).toBeGreaterThan(10);
    // An hour to ship, and two to deliver and complain.
    await chain.pass(7_300);
    await saleIn(silent.checkout, { state: "settled" });
    ordered("settled");
    ordered("refunded", unshipped);
    await waitFor(async () =>
      expect(
        await gift.database.kysely.selectFrom("sales").select("id").where("state", "=", "paid").execute(),
      ).toEqual([]),
    );
  });
});

describe("its metrics", () => {
  beforeAll(async () => {
    read = await scrape(gift.endpoint);
  });

  it.each([
    "federation_inventory_polls_total",
    "federation_reservations_total",
    "federation_orders_received_total",
  ])("%s has each that was counted, and no other", (family) => {
    expect(read.types.get(family)).toBe("counter");
    expect(seriesOf(family)).toEqual(expectedOf(family));
  });

  it("federation_order_value_usd_total is what was paid, each order rounded once", () => {
    const values = read.samples.filter(({ name }) => name === "federation_order_value_usd_total");
    expect(values.map(({ labels }) => labels.partner)).toEqual(["BEN"]);
    expect(values[0]?.value).toBeCloseTo(dollars, 6);
  });

  it("federation_request_duration_seconds has each request, by a route that names nothing", () => {
    const counts = read.samples.filter(({ name }) => name === "federation_request_duration_seconds_count");
    const byRoute = Object.groupBy(ledger, ({ route }) => route);
    const wire = Object.entries(byRoute).map(([route, entries]) => [route, entries?.length]);
    expect(Object.fromEntries(counts.map(({ labels, value }) => [labels.route, value]))).toEqual(
      Object.fromEntries(wire),
    );
  });

  it("polls are those that went over the wire", () => {
    const polls = ledger.filter(({ route, status }) => route === "/api/v1/products" && status !== 401);
    const by = Object.entries(Object.groupBy(polls, ({ partner }) => partner));
    const all = read.samples.filter(({ name }) => name === "federation_inventory_polls_total");
    for (const [partner, entries] of by) {
      const sum = all
        .filter(({ labels }) => labels.partner === partner)
        .reduce((total, { value }) => total + value, 0);
      expect(sum, partner).toBe(entries?.length);
    }
    expect(by.map(([partner]) => partner).sort()).toEqual(["BEN", "CARL", "DORA"]);
  });
});

describe("the dashboard", () => {
  const dashboardSchema = z.looseObject({
    panels: z.array(
      z.looseObject({ title: z.string(), targets: z.array(z.looseObject({ expr: z.string() })).min(1) }),
    ),
  });
  /** What a query selects: a metric, its matchers, and the labels that sums are kept by. */
  const partsOf = (expr: string) => ({
    metrics: [...expr.matchAll(/\b(federation_\w+)(?:\{([^}]*)\})?/g)].map(
      ([, name = "", matchers = ""]) => ({
        name,
        matchers: [...matchers.matchAll(/(\w+)(=~?)"([^"]*)"/g)].map(
          ([, label = "", how = "", text = ""]) => ({
            label,
            fits: (value: string) => (how === "=" ? value === text : new RegExp(`^(?:${text})$`).test(value)),
          }),
        ),
      }),
    ),
    by: [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(/,\s*/)),
  });

  it("asks each panel's question of what a shop tells, and has an answer", async () => {
    const file = new URL("../../docs/grafana/dashboards/shops.json", import.meta.url);
    const { panels } = dashboardSchema.parse(JSON.parse(await readFile(file, "utf8")));
    const asked = new Set<string>();
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const { metrics, by } = partsOf(expr);
        expect(metrics.length, title).toBeGreaterThan(0);
        for (const { name, matchers } of metrics) {
          const series = read.samples.filter(
            (sample) =>
              sample.name === name && matchers.every(({ label, fits }) => fits(sample.labels[label] ?? "")),
          );
          expect(series.length, `${title}: ${name}`).toBeGreaterThan(0);
          for (const label of by) expect(series[0]?.labels, `${title}: ${label}`).toHaveProperty(label);
          asked.add(name.replace(/_bucket$/, ""));
        }
      }
    }
    const families = [...read.types.keys()].filter((family) => family.startsWith("federation_"));
    expect([...asked].sort(), "each family has a panel").toEqual(families.sort());
  });
});
