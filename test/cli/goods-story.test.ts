import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { erc20Abi } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { developmentKey } from "#src/chain/development-keys.ts";
import { createHubClient } from "#src/client/hub-client.ts";
import {
  checkoutSchema,
  importedSchema,
  listingsSchema,
  ownerAnswerSchema,
  partnershipListSchema,
  saleListSchema,
  saleSchema,
  stockSchema,
  supplySchema,
  syncedSchema,
} from "#src/client/shop-schema.ts";
import { stringifyJson } from "#src/http/json.ts";
import { arbiterAccount } from "#src/protocol/goods-orders.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestHub, type TestHub, until } from "../hub/support/test-hub.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "../shop/support/market-shops.ts";
import { OWNER_TOKEN } from "../shop/support/test-shops.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { type CliWorld, cliError, cliJson, runCli } from "./support/run-cli.ts";

// Two shops and a customer, from joining to a review, by what people type; each chapter refuses first.

const HANSE = 10n ** 9n;
const [ANNA, BEN, ARBITER, BUYER, POOR] = [5, 7, 4, 9, 3];
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const amount = z.string().regex(/^\d+$/);
const boughtSchema = z.strictObject({
  ...{ checkout: z.uuid(), state: z.literal("sealed"), totalNano: amount },
  legs: z.array(
    z.looseObject({
      leg: z.number(),
      seller: z.string(),
      deal: hash,
      currency: z.string(),
      totalNano: amount,
    }),
  ),
});
const goodsSchema = z.looseObject({ deal: hash, stage: z.string(), price: amount });
const dealsSchema = z.strictObject({ deals: z.array(goodsSchema) });
const ratedSchema = z.strictObject({
  ...{ deal: hash, seller: z.string(), stars: z.number() },
  ...{ review: z.string().optional(), transaction: hash.optional() },
});

let chain: GoodsChain;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let hub: TestHub;
let anna: MarketShop;
let ben: MarketShop;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  [chain, postgres, folder] = await Promise.all([
    startGoodsChain(),
    startTestPostgres(),
    mkdtemp(join(tmpdir(), "hanse-goods-")),
  ]);
  const { contracts } = chain.deployment;
  hub = await startTestHub({ ...chain, ...contracts }, await postgres.fresh());
  const hubs = [{ url: hub.url, client: createHubClient({}, { baseUrl: hub.url }) }];
  const start = async (code: string, owner: number, terms = {}) =>
    await startMarketShop({ code, owner, chain, hubs, terms, databaseUrl: await postgres.fresh() });
  anna = await start("ANNA", ANNA, { arbiter: arbiterAccount(testAccount(ARBITER).address) });
  ben = await start("BEN", BEN);
  for (const owner of [ANNA, BEN]) await chain.fund(owner);
  // The buyer has money in the wallet, and none in the Clerk.
  await chain.senderOf(0).send({
    ...{ address: contracts.token, abi: erc20Abi, functionName: "transfer" },
    args: [testAccount(BUYER).address, 1_000n * HANSE],
  });
  const manifest = await file("deployment.json", stringifyJson(chain.deployment));
  env = {
    ...{ HANSE_RPC_URL: chain.rpcUrl, HANSE_DEPLOYMENT: manifest, HANSE_WALLETS: join(folder, "wallets") },
    ...{ HANSE_HUB_URL: hub.url, HANSE_HUB: contracts.hub, HANSE_SHOP_URL: ben.endpoint },
  };
}, 120_000);
afterAll(async () => {
  await ben?.stop();
  await anna?.stop();
  await hub?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
/** Somebody's wallet, at Ben's shop. */
const as = (account: number, more: CliWorld = {}): CliWorld => ({
  ...more,
  env: { ...env, HANSE_PRIVATE_KEY: developmentKey(account), ...more.env },
});
/** The owner of a shop, at it. */
const owner = (shop: MarketShop, more: CliWorld = {}): CliWorld =>
  as(shop === anna ? ANNA : BEN, {
    ...more,
    env: { HANSE_SHOP_URL: shop.endpoint, HANSE_SHOP_OWNER_TOKEN: OWNER_TOKEN },
  });
const address = [
  ...["--name", "A Buyer", "--street", "1 Harbour Street", "--city", "Lübeck"],
  ...["--postal-code", "23552", "--country", "DE"],
];
const buy = (...goods: string[]) =>
  cliJson(boughtSchema, ["buy", ...goods, "--most", "1000", ...address], as(BUYER));
const moneyOf = async (account: number) => (await chain.moneyOf(testAccount(account).address)).free;

/** Anna's order of a deal, once she may ship it, shipped. */
async function ship(deal: string): Promise<z.output<typeof saleSchema>> {
  const taken = async () => {
    const { sales } = await cliJson(saleListSchema, ["parcel", "list"], owner(anna));
    const row = await anna.database.kysely
      .selectFrom("sales")
      .select("stock")
      .where("deal_id", "=", deal as `0x${string}`)
      .executeTakeFirst();
    return sales.some((sale) => sale.deal === deal) && row?.stock === "taken";
  };
  await until("it is out of the house", taken);
  const sale = await cliJson(saleSchema, ["parcel", "ship", deal, "parcel 1"], owner(anna));
  await until("both know that it is shipped", async () => {
    const known = await Promise.all([anna, ben].map((shop) => shop.market.deals.find(deal as `0x${string}`)));
    return known.every((each) => each?.stage === "Shipped");
  });
  return sale;
}

describe("nothing is done", () => {
  it.each<[string, string[]]>([
    ["a code that is none", ["partner", "request", "anna", "--rights", "sell"]],
    ["a right that is none", ["partner", "request", "ANNA", "--rights", "everything"]],
    ["goods that are none", ["buy", "socks", ...address]],
    ["no pieces", ["buy", "ANNA:SOCK=0", ...address]],
    ["half an address", ["buy", "ANNA:SOCK", "--name", "A Buyer"]],
    ["a deal that is none", ["dispute", "show", "0x12"]],
    ["a complaint that is none", ["dispute", "open", `0x${"1".repeat(64)}`, "--complaint", "ugly"]],
    ["a winner who is none", ["dispute", "rule", `0x${"1".repeat(64)}`, "me"]],
    ["six stars", ["rate", `0x${"1".repeat(64)}`, "--stars", "6"]],
    ["a catalogue of an unknown form", ["products", "import", "goods.xml"]],
  ])("for %s", async (_, args) => {
    expect(await cliError(args, owner(ben))).toMatchObject({ code: "HANSE_ARGUMENT_INVALID", exitCode: 2 });
  });

  it("without the owner's token, or with another", async () => {
    expect(await cliError(["partner", "list"], as(BEN))).toMatchObject({ code: "HANSE_OWNER_TOKEN_MISSING" });
    const other = await file("token", "another token of 16\n");
    expect(await cliError(["parcel", "list", "--token-file", other], as(BEN))).toMatchObject({
      ...{ code: "HANSE_UNAUTHORIZED", exitCode: 6 },
    });
  });

  it("with what nobody knows, or where nobody answers", async () => {
    const away = { env: { HANSE_SHOP_URL: "http://127.0.0.1:1", HANSE_SHOP_OWNER_TOKEN: OWNER_TOKEN } };
    expect(await cliError(["partner", "list"], as(BEN, away))).toMatchObject({ exitCode: 5 });
    expect(await cliError(["parcel", "show", crypto.randomUUID()], as(BUYER))).toMatchObject({
      ...{ code: "HANSE_CHECKOUT_UNKNOWN", exitCode: 3 },
    });
    expect(await cliError(["dispute", "show", `0x${"1".repeat(64)}`], as(BUYER))).toMatchObject({
      ...{ code: "HANSE_DEAL_UNKNOWN", exitCode: 3 },
    });
    expect(await cliError(["parcel", "ship", crypto.randomUUID(), "p"], owner(anna))).toMatchObject({
      ...{ code: "HANSE_SALE_UNKNOWN", exitCode: 3 },
    });
  });
});

describe("partners", () => {
  it("join, and hear of each other", { timeout: 60_000 }, async () => {
    for (const shop of [anna, ben]) {
      const { code, key, endpoint } = shop;
      const args = ["shop", "join", code, "--key", key.publicKey, "--endpoint", endpoint];
      await cliJson(z.looseObject({ code: z.literal(code) }), args, owner(shop));
      await hub.until(code, "member");
    }
    for (const [shop, other] of [
      [anna, "BEN"],
      [ben, "ANNA"],
    ] as const) {
      await shop.service.directory.sync(hub.url);
      await until(`${shop.code} knows ${other}`, () =>
        shop.service.peers.find(other).then(
          () => true,
          () => false,
        ),
      );
    }
  });

  it("ask, deny, grant, offer, renew and leave", { timeout: 60_000 }, async () => {
    const call = (shop: MarketShop, ...args: string[]) =>
      cliJson(ownerAnswerSchema, ["partner", ...args], owner(shop));
    expect(await cliError(["partner", "accept", "BEN"], owner(anna))).toMatchObject({
      ...{ code: "HANSE_PARTNERSHIP_STATE", exitCode: 6 },
    });
    expect(await cliError(["partner", "leave", "BEN"], owner(anna))).toMatchObject({ exitCode: 2 });
    const offered = await call(anna, "offer", "BEN", "--rights", "co-promote", "--for", "1d");
    expect(offered).toMatchObject({ state: "offered", role: "granter", pendingRights: ["co-promote"] });
    expect(await call(ben, "reject-offer", "ANNA")).toMatchObject({ state: "declined" });

    const rights = ["--rights", "share-inventory,sell,earn-commission"];
    expect(await call(ben, "request", "ANNA", ...rights)).toMatchObject({
      state: "requested",
      delivered: true,
    });
    const narrow = ["--rights", "share-inventory,sell", "--for", "10d"];
    const seen = await cliJson(partnershipListSchema, ["partner", "show", "BEN"], owner(anna));
    const pendingId = seen.partnerships[0]?.pendingId as string;
    expect((await runCli(["partner", "show", "BEN"], owner(anna))).out).toContain(pendingId);
    await call(ben, "request", "ANNA", ...rights, "--for", "300d");
    expect(await cliError(["partner", "accept", "BEN", "--answers", pendingId], owner(anna))).toMatchObject({
      ...{ code: "HANSE_PARTNERSHIP_CHANGED", exitCode: 6 },
    });
    const asked = await runCli(["partner", "accept", "BEN"], { ...owner(anna), typed: ["n"] });
    expect(asked.err, "what would be granted").toMatch(/share-inventory, sell, earn-commission/);
    expect(asked.exitCode, "and it was not").not.toBe(0);
    expect(await call(anna, "accept", "BEN", ...narrow)).toMatchObject({
      state: "active",
      rights: ["share-inventory", "sell"],
    });
    await call(ben, "refresh", "ANNA", ...rights, "--for", "20d");
    expect((await cliError(["partner", "refresh-accept", "BEN"], owner(anna))).code, "nobody saw it").toBe(
      "HANSE_NOT_CONFIRMED",
    );
    const renewed = await call(anna, "refresh-accept", "BEN", "--yes");
    expect(renewed).toMatchObject({ state: "active", role: "granter" });
    expect(renewed.rights).toContain("earn-commission");
    await call(anna, "refresh-offer", "BEN", "--rights", "sell", "--for", "30d");
    expect(await call(ben, "refresh-reject", "ANNA")).toMatchObject({ state: "active", role: "grantee" });
    const { partnerships } = await cliJson(partnershipListSchema, ["partner", "list"], owner(ben));
    expect(partnerships).toMatchObject([{ peer: "ANNA", role: "grantee", state: "active" }]);
    expect((await runCli(["partner", "list"], owner(ben))).out).toContain("grants us");

    await call(ben, "offer", "ANNA", "--rights", "sell");
    await call(anna, "accept-offer", "BEN");
    expect(await cliError(["partner", "leave", "BEN"], owner(anna)), "which direction?").toMatchObject({
      code: "HANSE_ARGUMENT_INVALID",
    });
    expect(await call(anna, "leave", "BEN", "--as", "grantee")).toMatchObject({ state: "ended" });
    await call(anna, "request", "BEN", "--rights", "sell");
    expect(await call(ben, "reject", "ANNA")).toMatchObject({ state: "denied" });
  });
});

describe("products", () => {
  it("are imported, and sold by partners", async () => {
    const wrong = await file("wrong.csv", "sku,name,price\nSOCK,Socks,about ten\n");
    expect(await cliError(["products", "import", wrong], owner(anna))).toMatchObject({
      ...{ code: "HANSE_CATALOGUE_INVALID", exitCode: 6 },
    });
    const csv = "sku,name,price,quantity\nSOCK,Wool socks,15.00,50\nHAT,Hat,3.33,50\n";
    const path = await file("goods.csv", csv);
    expect(await cliJson(importedSchema, ["products", "import", path], owner(anna))).toEqual({
      ...{ products: 2, added: 2, removed: 0 },
    });
    const { products: own } = await cliJson(stockSchema, ["products", "stock"], owner(anna));
    expect(own.map(({ sku, price, quantity }) => [sku, price, quantity])).toEqual([
      ["HAT", "3.33", "50"],
      ["SOCK", "15.00", "50"],
    ]);
    expect(
      await cliJson(syncedSchema.extend({ partner: z.string() }), ["products", "sync", "ANNA"], owner(ben)),
    ).toMatchObject({ partner: "ANNA", gone: 0 });
    const { products } = await cliJson(
      listingsSchema.pick({ products: true }),
      ["products", "list", "--partner", "ANNA"],
      as(BUYER),
    );
    expect(products.map(({ id }) => id)).toEqual(["ANNA:HAT", "ANNA:SOCK"]);
    expect((await runCli(["products", "list"], as(BUYER))).out).toContain("15.00 USD");
  });
});

describe("a customer", () => {
  it("is told all terms and both amounts before anything is signed, and may say no", async () => {
    const before = await chain.moneyOf(testAccount(BUYER).address);
    const { exitCode, asked, err } = await runCli(
      ["buy", "ANNA:SOCK=2", ...address],
      as(BUYER, { typed: ["n"] }),
    );
    expect(exitCode).not.toBe(0);
    expect(err).toContain("HANSE_NOT_CONFIRMED");
    for (const told of [
      "2 × ANNA:SOCK Wool socks at 15.00 USD: 30.00 USD",
      "120 HANSE",
      "1 HANSE is 0.25 USD",
    ])
      expect(err).toContain(told);
    expect(err).toContain(`${testAccount(ARBITER).address.toLowerCase()} decides disputes`);
    expect(err, "Ben's commission").toContain("of it 6 HANSE");
    const { receipt } = chain.deployment.contracts;
    expect(asked.at(-1)).toBe(
      `Deposit 120 HANSE from the wallet, then let the Receipt ${receipt} hold up to 120 HANSE of yours, then pay 30.00 USD, that is 120 HANSE, into escrow. Go on? (y/N) `,
    );
    expect(await chain.moneyOf(testAccount(BUYER).address)).toEqual(before);
  });

  it("pays what somebody saw, or no more than was said before", async () => {
    const before = await chain.moneyOf(testAccount(BUYER).address);
    const hat = ["buy", "ANNA:HAT=3", ...address];
    expect(await cliError([...hat, "--yes"], as(BUYER))).toMatchObject({
      ...{ code: "HANSE_ARGUMENT_INVALID", exitCode: 2 },
    });
    expect((await cliError(hat, as(BUYER))).code, "nobody is there to ask").toBe("HANSE_NOT_CONFIRMED");
    const dear = await cliError([...hat, "--yes", "--most", "39.959999999"], as(BUYER));
    expect(dear).toMatchObject({ code: "HANSE_CHECKOUT_ABOVE_MOST", exitCode: 6 });
    expect(dear.message).toContain("9.99 USD, that is 39.96 HANSE");
    expect(await chain.moneyOf(testAccount(BUYER).address)).toEqual(before);
  });

  it("is refused what is not there, and what cannot be paid", async () => {
    expect(await cliError(["buy", "ANNA:SOCK=51", ...address], as(BUYER))).toMatchObject({
      ...{ code: "HANSE_OUT_OF_STOCK", exitCode: 6 },
    });
    expect(await cliError(["buy", "ANNA:SHOE", ...address], as(BUYER))).toMatchObject({
      ...{ code: "HANSE_PRODUCT_UNKNOWN", exitCode: 3 },
    });
    const poor = await cliError(["buy", "ANNA:SOCK", "--most", "60", ...address], as(POOR));
    expect(poor).toMatchObject({ code: "HANSE_TRANSACTION_REVERTED", exitCode: 4 });
    expect(poor.hint).toContain("60 HANSE are needed");
  });

  it("buys, gets a parcel, confirms it by signature, and rates it", { timeout: 60_000 }, async () => {
    const bought = await buy("ANNA:SOCK=2");
    expect(bought).toMatchObject({
      totalNano: String(120n * HANSE),
      legs: [{ seller: "ANNA", currency: "USD" }],
    });
    const deal = bought.legs[0]?.deal as string;
    const confirm = ["parcel", "confirm", bought.checkout, "--yes"];
    expect(await cliError(confirm, as(BUYER)), "nothing is under way").toMatchObject({
      ...{ code: "HANSE_CHECKOUT_STATE", exitCode: 6 },
    });
    const rate = ["rate", deal, "--stars", "5", "--review", "Warm, and they fit"];
    expect((await cliError(rate, as(BUYER))).hint).toContain("hanse parcel confirm");

    const sale = await ship(deal);
    const shown = await runCli(["parcel", "show", sale.id], owner(anna));
    expect(shown.out).toContain("Lübeck");
    expect(await cliJson(checkoutSchema, ["parcel", "show", bought.checkout], as(BUYER))).toMatchObject({
      legs: [{ stage: "Shipped" }],
    });
    expect((await runCli(["parcel", "show", deal], as(BUYER))).out).toContain(
      "may be complained about until",
    );
    expect(await cliError(confirm, as(ARBITER)), "another's wallet").toMatchObject({ exitCode: 2 });
    expect(
      await cliError(confirm.slice(0, -1), as(BUYER)),
      "for good: a program has to say so",
    ).toMatchObject({
      code: "HANSE_NOT_CONFIRMED",
    });
    const before = await moneyOf(ANNA);
    expect(await cliJson(dealsSchema, confirm, as(BUYER))).toMatchObject({
      deals: [{ deal, stage: "Paid" }],
    });
    expect((await moneyOf(ANNA)) - before).toBe(114n * HANSE);

    expect((await cliError(rate, as(BEN))).hint).toContain("use that wallet");
    const rated = await cliJson(ratedSchema, rate, as(BUYER));
    expect(rated).toMatchObject({ stars: 5, review: "Warm, and they fit" });
    expect(rated.transaction).toBeDefined();
    const again = await cliJson(ratedSchema, rate, as(BUYER));
    expect({ ...again, transaction: rated.transaction }, "only sent again").toEqual(rated);
    expect(await cliError([...rate.slice(0, -1), "Something else"], as(BUYER))).toMatchObject({
      ...{ code: "HANSE_REVIEW_UNRATED", exitCode: 6 },
    });
    expect((await cliError(rate.slice(0, 4), as(BUYER))).hint).toContain("rated once");
    await until("Anna has it too", async () => {
      const kept = await anna.market.reviews.list({ seller: testAccount(ANNA).address });
      return kept[0]?.text === "Warm, and they fit";
    });
  });

  it("follows a parcel to its end", { timeout: 60_000 }, async () => {
    const args = ["buy", "ANNA:HAT=3", "--most", "100", "--follow", "--timeout", "1m", ...address];
    const following = runCli(args, as(BUYER));
    let deal = "";
    await until("it is bought", async () => {
      const { sales } = await cliJson(saleListSchema, ["parcel", "list"], owner(anna));
      deal = sales.find(({ lines, deal: of }) => lines[0]?.product === "ANNA:HAT" && of !== null)?.deal ?? "";
      return deal !== "";
    });
    await ship(deal);
    // Of a deal, by a transaction of the buyer's own.
    await cliJson(dealsSchema, ["parcel", "confirm", deal, "--yes"], as(BUYER));
    const { exitCode, err, out } = await following;
    expect({ exitCode, err }).toMatchObject({ exitCode: 0 });
    for (const stage of ["Shipped", "Paid"]) expect(err).toContain(`ANNA: ${stage}`);
    expect(out).toContain(`39.96 HANSE, deal ${deal}, Paid`);
  });

  it("gets its money back for what is called off, or sent back", { timeout: 60_000 }, async () => {
    const before = await moneyOf(BUYER);
    const first = (await buy("ANNA:HAT")).legs[0]?.deal as string;
    const second = (await buy("ANNA:HAT")).legs[0]?.deal as string;
    await ship(second);
    await cliJson(saleSchema, ["parcel", "cancel", first], owner(anna));
    await cliJson(saleSchema, ["parcel", "refund", second, "--restock"], owner(anna));
    await until("all of it", async () => {
      const stages = await Promise.all(
        [first, second].map(
          async (deal) => (await cliJson(goodsSchema, ["parcel", "show", deal], as(BUYER))).stage,
        ),
      );
      return stages.every((stage) => stage === "Refunded");
    });
    // What it deposited for them is free now.
    expect((await moneyOf(BUYER)) - before).toBeGreaterThan(0n);
  });
});

describe("a dispute", () => {
  let deal: string;
  const open = () => ["dispute", "open", deal, "--complaint", "not-as-agreed", "--evidence", "torn"];

  it("is opened by the buyer, contested by the seller, ruled by the arbiter", {
    timeout: 60_000,
  }, async () => {
    deal = (await buy("ANNA:SOCK=2")).legs[0]?.deal as string;
    expect((await cliError(open(), as(BUYER))).hint, "not shipped").toContain("Sealed");
    await ship(deal);
    const early = ["dispute", "open", deal, "--complaint", "not-arrived"];
    expect((await cliError(early, as(BUYER))).hint).toContain("only after 20");
    expect((await cliError(open(), as(BEN))).hint).toContain(testAccount(BUYER).address);
    const opened = await cliJson(goodsSchema, open(), as(BUYER));
    expect(opened).toMatchObject({ stage: "Disputed", complaint: "NotAsAgreed" });

    expect((await cliError(["dispute", "enforce", deal], as(BUYER))).hint).toContain("only after 20");
    const contest = ["dispute", "contest", deal, "--evidence", "the carrier's receipt"];
    const asked = await runCli(contest, owner(anna, { typed: ["y"] }));
    expect(asked.asked.at(-1)).toContain("put up 6 HANSE, which the loser pays");
    expect(asked.out).toContain("may be ruled until");

    const rule = ["dispute", "rule", deal, "buyer", "--yes"];
    expect((await cliError(rule, as(BEN))).hint).toContain("Only the arbiter");
    expect((await cliError(["dispute", "summon", deal, "--max-price", "1"], as(BUYER))).hint).toContain(
      "no pool of jurors",
    );
    expect(await cliError(rule.slice(0, -1), as(ARBITER))).toMatchObject({ code: "HANSE_NOT_CONFIRMED" });
    const before = await moneyOf(BUYER);
    expect(await cliJson(goodsSchema, rule, as(ARBITER))).toMatchObject({ stage: "WonByBuyer" });
    // The price, and both bonds.
    expect((await moneyOf(BUYER)) - before).toBe(132n * HANSE);
    expect((await cliError(["rate", deal, "--stars", "1"], as(BUYER))).hint).toContain("paid in full");
  });

  it("or both agree, each by a signature", { timeout: 60_000 }, async () => {
    deal = (await buy("ANNA:SOCK")).legs[0]?.deal as string;
    await ship(deal);
    const split = ["dispute", "split", deal, "20"];
    expect(await cliError(split, as(BEN))).toMatchObject({ code: "HANSE_ARGUMENT_INVALID" });
    const signed = await cliJson(
      z.strictObject({ deal: hash, side: z.literal("seller"), toBuyer: amount, signature: z.string() }),
      [...split, "--yes"],
      owner(anna),
    );
    const other = ["dispute", "split", deal, "21", "--signature", signed.signature];
    expect((await cliError(other, as(BUYER))).hint).toContain("sign the very same");
    const done = await cliJson(goodsSchema, [...split, "--signature", signed.signature], as(BUYER));
    expect(done.stage).toBe("Split");
    expect((await runCli(["dispute", "show", deal], as(BUYER))).out).toContain("Split");
  });
});

describe("a shop", () => {
  it("buys as merchant of record, and names what it sells on", { timeout: 60_000 }, async () => {
    const args = ["buy", "ANNA:SOCK=4", "--as-shop", ...address];
    expect(await cliError(args, as(BEN))).toMatchObject({ code: "HANSE_OWNER_TOKEN_MISSING" });
    const refused = await runCli(args, owner(ben, { typed: ["n"] }));
    expect(refused.err).toContain("HANSE_NOT_CONFIRMED");
    expect(refused.asked.at(-1)).toContain("The shop pays 60.00 USD, that is 240 HANSE,");
    expect((await cliError(args, owner(ben))).code, "nobody is there to ask").toBe("HANSE_NOT_CONFIRMED");
    expect(await cliError([...args, "--most", "239"], owner(ben))).toMatchObject({
      ...{ code: "HANSE_CHECKOUT_ABOVE_MOST", exitCode: 6 },
    });
    const { legs } = await cliJson(boughtSchema, [...args, "--most", "240"], owner(ben));
    const deal = legs[0]?.deal as string;
    expect(await cliJson(goodsSchema, ["parcel", "show", deal], as(BEN))).toMatchObject({
      content: { buyer: testAccount(BEN).address },
    });
    const path = await file(
      "own.json",
      JSON.stringify([{ sku: "CAP", name: "Cap", price: "20", quantity: 4 }]),
    );
    await cliJson(importedSchema, ["products", "import", path], owner(ben));
    await until(
      "Ben knows the deal",
      async () => (await ben.market.deals.find(deal as `0x${string}`)) !== undefined,
    );
    expect(await cliError(["products", "supply", "ANNA:SOCK", deal], owner(ben))).toMatchObject({
      ...{ code: "HANSE_PRODUCT_UNKNOWN", exitCode: 3 },
    });
    expect(await cliJson(supplySchema, ["products", "supply", "BEN:CAP", deal], owner(ben))).toEqual({
      ...{ product: "BEN:CAP", deal },
    });
    expect(await cliJson(supplySchema, ["products", "supply", "BEN:CAP", "none"], owner(ben))).toMatchObject({
      deal: null,
    });
  });
});
