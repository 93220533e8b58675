import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { erc20Abi } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { developmentKey } from "#src/chain/development-keys.ts";
import { stringifyJson } from "#src/http/json.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { until } from "../hub/support/test-hub.ts";
import { createCustomer, product } from "../shop/support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "../shop/support/market-shops.ts";
import { introduce, makePartners, OWNER_TOKEN } from "../shop/support/test-shops.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { type CliWorld, cliError, cliJson, runCli } from "./support/run-cli.ts";
import { startTestBroker } from "./support/test-broker.ts";

// A dispute that drawn jurors rule: from governance's order of the question to money in accounts, by what people type, with a
// broker that seals what they sign. Each chapter refuses first.

const HANSE = 10n ** 9n;
const [GOVERNANCE, ANNA, BEN, BUYER, BROKER, POOL, STRANGER] = [0, 5, 7, 9, 4, 3, 2];
const JURORS = [10, 11, 12, 13, 14];
const STAKE = 20n * HANSE;
const PRICE = 8n * HANSE;
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const amount = z.string().regex(/^\d+$/);
const goodsSchema = z.looseObject({ deal: hash, stage: z.string() });
const signedSchema = z.looseObject({ hash, account: z.string(), published: z.string() });
const seatSchema = z.looseObject({ seat: z.number(), juror: z.string(), earned: amount });
const caseSchema = z.looseObject({
  ...{ task: hash, stage: z.enum(["vote", "reveal", "over", "settled"]), round: z.number() },
  drawn: z.array(z.number()),
  votes: z.array(z.looseObject({ seat: z.number(), juror: z.string(), answer: z.string().optional() })),
});

let chain: GoodsChain;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let broker: Awaited<ReturnType<typeof startTestBroker>>;
let anna: MarketShop;
let ben: MarketShop;
let folder: string;
let env: Record<string, string>;
let pool: string;
let deal: `0x${string}`;
/** Of the same kind, for another dispute: quotes are told by a clock that the chain runs away from. */
let second: `0x${string}`;
/** The seat that each juror has. */
const seatOf = new Map<number, number>();
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [chain, postgres, folder] = await Promise.all([
    // Whoever is asked has time: this machine's, not the chain's.
    startGoodsChain({
      juryCategories: [{ roundBlocks: 800, deadlineBlocks: 4_000 }],
      receipt: {
        ...{ answerTime: 3_600, rulingTime: 86_400, bondShare: 500, minBond: "0.01" },
        ...{ juryCategory: 0, juryTrust: 10, juryMinSeats: 4, juryMinSeatStake: "10" },
      },
    }),
    startTestPostgres(),
    mkdtemp(join(tmpdir(), "hanse-jury-")),
  ]);
  broker = await startTestBroker(chain, {
    databaseUrl: await postgres.fresh(),
    key: developmentKey(BROKER),
  });
  stops.push(broker.stop);
  const manifest = join(folder, "deployment.json");
  await writeFile(manifest, stringifyJson(chain.deployment));
  env = {
    ...{ HANSE_RPC_URL: chain.rpcUrl, HANSE_DEPLOYMENT: manifest, HANSE_BROKER_URL: broker.url },
    ...{ HANSE_WALLETS: join(folder, "wallets") },
  };
  for (const account of [ANNA, BEN, BUYER, POOL]) await chain.fund(account, 1_000n);
  // Jurors have money in their wallets, and none in the Clerk.
  for (const juror of JURORS) {
    await chain.senderOf(GOVERNANCE).send({
      ...{ address: chain.deployment.contracts.token, abi: erc20Abi, functionName: "transfer" },
      args: [testAccount(juror).address, 100n * HANSE],
    });
  }
}, 180_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const as = (account: number, more: CliWorld = {}): CliWorld => ({
  ...more,
  env: { ...env, HANSE_PRIVATE_KEY: developmentKey(account), ...more.env },
});
const moneyOf = async (account: number) => (await chain.moneyOf(testAccount(account).address)).free;
const accountOf = (address: string) =>
  JURORS.find((juror) => testAccount(juror).address === address) ?? Number.NaN;
const showCase = () => cliJson(caseSchema, ["juror", "show", deal], as(STRANGER));

describe("governance", () => {
  it("lets the question be asked for nothing, and nobody else can", { timeout: 60_000 }, async () => {
    const { app, owner, uri } = await cliJson(
      z.looseObject({ app: hash, owner: z.string(), uri: z.string() }),
      ["juror", "question"],
      as(STRANGER),
    );
    expect(owner).toBe(testAccount(GOVERNANCE).address);
    expect(decodeURIComponent(uri)).toContain("Answer 1 when the seller is to be paid");
    const sign = ["order", "sign", "app", "--app", app, "--price", "0", "--certifier", "jury"];
    const offer = [...sign, "--volume", "1000", "--publish"];
    expect(await cliError(offer, as(STRANGER))).toMatchObject({ code: "HANSE_ORDER_SIGNATURE_INVALID" });
    const signed = await cliJson(signedSchema, offer, as(GOVERNANCE));
    expect(signed).toMatchObject({ published: "open", account: owner });
  });
});

describe("a pool of jurors", () => {
  it("is opened, seated and offered", { timeout: 120_000 }, async () => {
    const description = join(folder, "pool.json");
    await writeFile(description, JSON.stringify({ name: "Jurors of the harbour" }));
    const uri = ["--uri", "data:application/json,{}"];
    const registered = await cliJson(
      z.looseObject({ id: hash }),
      ["pool", "register", description, ...uri],
      as(POOL),
    );
    pool = registered.id;
    expect((await cliError(["juror", "leave", pool], as(JURORS[0] as number))).code).toBe("HANSE_NOT_FOUND");
    const terms = ["pool", "open", pool, "--seat-stake", "20", "--share", "5", "--jury"];
    expect((await cliError(terms, as(STRANGER))).hint).toContain(testAccount(POOL).address);
    const opened = z.looseObject({ opened: z.boolean(), liveSeats: z.number() });
    expect(await cliJson(opened, terms, as(POOL))).toMatchObject({ opened: true, liveSeats: 0 });
    for (const juror of JURORS) {
      const seat = await cliJson(seatSchema, ["juror", "enrol", pool], as(juror));
      expect(seat).toMatchObject({ juror: testAccount(juror).address, earned: "0" });
      seatOf.set(juror, seat.seat);
    }
    expect((await cliError(["juror", "enrol", pool], as(JURORS[0] as number))).hint).toContain("already");
    expect(await cliJson(opened, ["pool", "show", pool, "--jury"], as(STRANGER))).toMatchObject({
      liveSeats: 5,
    });
    const offer = ["order", "sign", "pool", "--pool", pool, "--price", "8", "--trust", "100"];
    const more = ["--certifier", "jury", "--volume", "100", "--publish"];
    expect(await cliJson(signedSchema, [...offer, ...more], as(POOL))).toMatchObject({ published: "open" });
  });
});

describe("a sale that both sides see differently", () => {
  it("is disputed and contested", { timeout: 120_000 }, async () => {
    const terms = { arbiter: pool as `0x${string}` };
    const start = async (code: string, owner: number) => {
      const shop = await startMarketShop({ code, owner, chain, terms, databaseUrl: await postgres.fresh() });
      stops.push(shop.stop);
      return shop;
    };
    anna = await start("ANNA", ANNA);
    ben = await start("BEN", BEN);
    await introduce(anna, ben);
    await makePartners(anna, ben, ["share-inventory", "sell"]);
    await anna.stock.put([product("SOCK", 10n, 1_000n)]);
    await anna.market.syncCatalogue();
    const { receipt } = chain.deployment.contracts;
    const customer = createCustomer(ben, testAccount(BUYER), { chainId: chain.chain.chainId, receipt });
    /** Has Ben's customer buy of Anna, and Anna ship it. */
    const shipped = async (parcel: string) => {
      const { legs } = await customer.pay(await customer.begin([["ANNA:SOCK", 2]]));
      const sold = legs[0]?.deal as `0x${string}`;
      await until("Anna may ship it", async () => {
        const sale = (await anna.market.sales.list()).find((each) => each.deal === sold);
        return sale?.packed === true;
      });
      const owner = as(ANNA, {
        env: { HANSE_SHOP_URL: anna.endpoint, HANSE_SHOP_OWNER_TOKEN: OWNER_TOKEN },
      });
      await cliJson(z.looseObject({}), ["parcel", "ship", sold, parcel], owner);
      await until("the chain has it", async () => {
        const shown = await cliJson(goodsSchema, ["dispute", "show", sold], as(BUYER));
        return shown.stage === "Shipped";
      });
      return sold;
    };
    deal = await shipped("parcel 1");
    second = await shipped("parcel 2");
    const summon = ["dispute", "summon", deal, "--max-price", "8"];
    expect(await cliError(summon, as(BUYER)), "nothing to rule").toMatchObject({ exitCode: 4 });
    expect((await cliError(["juror", "show", deal], as(STRANGER))).hint).toContain("hanse dispute summon");
    const open = ["dispute", "open", deal, "--complaint", "not-as-agreed", "--evidence", "torn"];
    await cliJson(goodsSchema, open, as(BUYER));
    const contested = await cliJson(goodsSchema, ["dispute", "contest", deal], as(ANNA));
    expect(contested.stage).toBe("Contested");
  });
});

describe("jurors", () => {
  it("are summoned by the buyer, who pays them, and drawn", { timeout: 120_000 }, async () => {
    const summon = ["dispute", "summon", deal, "--max-price", "8"];
    const { published, request } = await cliJson(
      z.looseObject({ published: z.string(), request: hash, sponsor: z.string() }),
      summon,
      as(BUYER),
    );
    expect(published).toBe("sealed");
    const orderSchema = z.looseObject({ status: z.string(), signer: z.string() });
    await until("the broker knows it", async () => {
      const { status, signer } = await cliJson(orderSchema, ["order", "show", request], as(BUYER));
      return status === "filled" && signer === chain.deployment.contracts.receipt;
    });
    // Longer than the chain remembers by itself.
    await chain.command("anvil_mine", ["0x12c", "0x1"]);
    const { drawn, ...shown } = await showCase();
    expect(drawn).toHaveLength(4);
    expect(shown).toMatchObject({ stage: "vote", round: 1, votes: [] });
  });

  it("vote under seal, each once, and only who is drawn", { timeout: 120_000 }, async () => {
    const { drawn } = await showCase();
    const sitting = JURORS.filter((juror) => drawn.includes(seatOf.get(juror) ?? Number.NaN));
    const [absent] = JURORS.filter((juror) => !sitting.includes(juror));
    const vote = (winner: string) => ["juror", "vote", deal, winner, "--yes"];
    expect(await cliError(vote("me"), as(sitting[0] as number))).toMatchObject({ exitCode: 2 });
    expect(await cliError(vote("buyer").slice(0, -1), as(sitting[0] as number))).toMatchObject({
      code: "HANSE_NOT_CONFIRMED",
    });
    expect((await cliError(vote("buyer"), as(STRANGER))).code).toBe("HANSE_NOT_FOUND");
    expect((await cliError(vote("buyer"), as(absent as number))).hint).toContain("Another seat was drawn");
    for (const [place, juror] of sitting.entries()) {
      if (place === 1) {
        const early = await cliError(["juror", "reveal", deal], as(sitting[0] as number));
        expect(early.hint, "others have not voted").toContain("The vote goes on");
      }
      // Who leaves is drawn all the same, and would be fined for silence.
      if (place === 2) await cliJson(seatSchema, ["juror", "leave", pool], as(juror));
      await cliJson(caseSchema, vote(place === 2 ? "seller" : "buyer"), as(juror));
      if (place === 0) {
        expect((await cliError(vote("seller"), as(juror))).hint, "twice").toContain("has voted");
      }
    }
    const { stage, votes } = await showCase();
    expect(stage).toBe("reveal");
    expect(votes.map(({ juror, answer }) => [accountOf(juror), answer])).toEqual(
      sitting.map((juror) => [juror, undefined]),
    );
    expect((await cliError(vote("buyer"), as(sitting[0] as number))).hint).toContain("is over");
  });

  it("reveal, are settled, and the money moves", { timeout: 180_000 }, async () => {
    const { votes } = await showCase();
    const sitting = votes.map(({ juror }) => accountOf(juror));
    expect((await cliError(["juror", "reveal", deal], as(STRANGER))).code).toBe("HANSE_NOT_FOUND");
    const settle = ["juror", "settle", deal];
    expect((await cliError(settle, as(STRANGER))).hint, "nothing is revealed").toContain("0 of 4");
    for (const [place, juror] of sitting.entries()) {
      if (place === 3) {
        expect((await cliError(settle, as(STRANGER))).hint).toContain("2 of 4");
      }
      await cliJson(caseSchema, ["juror", "reveal", deal], as(juror));
    }
    const revealed = await showCase();
    expect(revealed.votes.map(({ answer }) => answer)).toEqual(["buyer", "buyer", "seller", "buyer"]);
    expect((await runCli(["juror", "show", deal], as(STRANGER))).out).toContain("for the seller");

    expect((await cliError(["dispute", "enforce", deal], as(STRANGER))).hint).toContain("only after");
    expect(await cliJson(caseSchema, settle, as(STRANGER))).toMatchObject({ stage: "settled" });
    const before = { buyer: await moneyOf(BUYER), seller: await moneyOf(ANNA) };
    expect(await cliJson(goodsSchema, ["dispute", "enforce", deal], as(STRANGER))).toMatchObject({
      stage: "WonByBuyer",
    });
    // The price of 80, and two bonds of 4.
    expect((await moneyOf(BUYER)) - before.buyer).toBe(88n * HANSE);
    expect(await moneyOf(ANNA)).toBe(before.seller);
    expect((await chain.moneyOf(testAccount(ANNA).address)).locked).toBe(0n);

    // The pool keeps a twentieth of 8 and what does not divide by three; the one who said otherwise loses a tenth of its stake
    // to the others.
    const each = (PRICE - PRICE / 20n + STAKE / 10n) / 3n;
    for (const [place, juror] of sitting.entries()) {
      const free = await moneyOf(juror);
      if (place === 2) {
        expect((await chain.moneyOf(testAccount(juror).address)).locked).toBe(STAKE - STAKE / 10n);
        continue;
      }
      // What a seat has earned is its juror's, also after it was left.
      if (place === 1) await cliJson(seatSchema, ["juror", "leave", pool], as(juror));
      await cliJson(seatSchema, ["juror", "collect", pool], as(juror));
      expect((await moneyOf(juror)) - free).toBe(each);
    }
    const leave = ["juror", "leave", pool];
    const left = await cliJson(seatSchema, leave, as(sitting[0] as number));
    expect(left.leftAt).toBeGreaterThan(0);
    expect((await cliError(leave, as(sitting[0] as number))).code).toBe("HANSE_NOT_FOUND");
  });
});

describe("a case that nobody rules", () => {
  /** A few at a time: shops and broker follow. */
  async function mine(blocks: bigint): Promise<void> {
    for (let left = blocks; left > 0n; left -= 200n) {
      await chain.command("anvil_mine", [`0x${(left < 200n ? left : 200n).toString(16)}`, "0x1"]);
    }
  }
  const head = () => chain.chain.viem.getBlockNumber({ cacheTime: 0 });
  const [extend, claim] = ["extend", "claim"].map((word) => () => ["juror", word, deal]) as [
    () => string[],
    () => string[],
  ];
  const untilSchema = caseSchema.extend({ revealUntil: amount, deadline: amount });
  const showTimes = () => cliJson(untilSchema, ["juror", "show", deal], as(STRANGER));

  it("is put before more jurors, once the first had their time", { timeout: 240_000 }, async () => {
    // Some left; others do not sit twice.
    for (const juror of JURORS) {
      const again = await runCli(["juror", "enrol", pool, "--yes", "--json"], as(juror));
      expect([0, 4]).toContain(again.exitCode);
    }
    deal = second;
    expect((await cliError(extend(), as(STRANGER))).hint).toContain("hanse dispute summon");
    expect((await cliError(claim(), as(STRANGER))).hint).toContain("hanse dispute summon");
    const open = ["dispute", "open", deal, "--complaint", "not-as-agreed", "--evidence", "torn"];
    await cliJson(goodsSchema, open, as(BUYER));
    await cliJson(goodsSchema, ["dispute", "contest", deal], as(ANNA));
    const summoned = z.looseObject({ published: z.string(), request: hash });
    await cliJson(summoned, ["dispute", "summon", deal, "--max-price", "8"], as(BUYER));
    const { drawn, round } = await showTimes();
    expect([drawn.length, round]).toEqual([4, 1]);
    expect((await cliError(extend(), as(STRANGER))).code).toBe("HANSE_TRANSACTION_REVERTED");
    expect((await cliError(claim(), as(STRANGER))).code).toBe("HANSE_TRANSACTION_REVERTED");

    await mine(BigInt((await showTimes()).revealUntil) - (await head()) + 20n);
    expect((await showTimes()).stage).toBe("over");
    const next = await cliJson(untilSchema, extend(), as(STRANGER));
    expect(next).toMatchObject({ stage: "vote", round: 2 });
    expect(next.drawn.length, "those of before, and more").toBeGreaterThan(4);
    expect((await cliError(extend(), as(STRANGER))).code, "their time runs").toBe(
      "HANSE_TRANSACTION_REVERTED",
    );
  });

  it("is given up after its deadline: who paid has it back, and only once", {
    timeout: 120_000,
  }, async () => {
    await mine(BigInt((await showTimes()).deadline) - (await head()) + 2n);
    const before = await moneyOf(BUYER);
    expect(await cliJson(caseSchema, claim(), as(STRANGER))).toMatchObject({ stage: "settled", votes: [] });
    expect((await moneyOf(BUYER)) - before).toBeGreaterThanOrEqual(PRICE);
    expect((await cliError(claim(), as(STRANGER))).code).toBe("HANSE_TRANSACTION_REVERTED");
    expect((await cliError(["dispute", "enforce", deal], as(STRANGER))).hint, "nothing is ruled").toContain(
      "only after",
    );
  });
});
