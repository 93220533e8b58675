import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { zeroAddress } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { dealAccountSchema, poolAccountSchema } from "#src/client/pool-schema.ts";
import { earningsSchema } from "#src/client/worker-schema.ts";
import { appModulePath } from "../../apps/build.ts";
import { eventually } from "../broker/support/test-broker.ts";
import { addressOf, type CliMarket, HASTY, type Role, startCliMarket } from "./support/market.ts";
import { cliError, cliJson, runCli } from "./support/run-cli.ts";

// One market, from its first registration to a claim, by what people type; each chapter refuses first.

const amount = z.string().regex(/^\d+$/);
const bytes32 = z.string().regex(/^0x[0-9a-f]{64}$/);
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

const bondSchema = z.strictObject({ allowance: amount, bonded: amount });
const accountSchema = z.strictObject({
  ...{ address, free: amount, locked: amount, epoch: amount, wallet: amount },
  certifiers: z.strictObject({ poco: bondSchema, jury: bondSchema, receipt: bondSchema, hub: bondSchema }),
});
const balanceSchema = z.strictObject({ address, balance: amount, coinWei: amount });
const assetSchema = z.strictObject({
  ...{ id: bytes32, kind: z.enum(["app", "dataset", "pool"]), owner: address, checksum: bytes32 },
  uri: z.string(),
});
const registeredSchema = assetSchema.extend({ registered: z.boolean(), transaction: bytes32.optional() });
const signedSchema = z.strictObject({
  hash: bytes32,
  account: address,
  operator: address.optional(),
  order: z.looseObject({ type: z.string(), signature: z.string(), order: z.looseObject({}) }),
  output: z.string().optional(),
  published: z.string().optional(),
});
const checkSchema = z.strictObject({
  ...{ hash: bytes32, type: z.string(), volume: z.number(), tried: z.number() },
  reasons: z.array(
    z.strictObject({
      ...{ leg: z.string(), refusal: z.string(), matches: z.number() },
      ...{ message: z.string(), hint: z.string(), code: z.string().optional() },
    }),
  ),
});

let market: CliMarket;
let app: string;
let dataset: string;
let pool: string;
let poolUrl: string;

beforeAll(async () => {
  market = await startCliMarket();
}, 120_000);
afterAll(() => market?.stop());

const as = (role: Role, more = {}) => market.as(role, more);
const reasonsOf = (check: z.output<typeof checkSchema>) =>
  check.reasons.map(({ leg, refusal }) => `${leg} ${refusal}`);

describe("money", () => {
  it.each([
    ["a word", ["account", "deposit", "much"]],
    ["nothing", ["account", "deposit", "0"]],
    ["too fine an amount", ["token", "transfer", zeroAddress, "0.0000000001"]],
    ["more than there is", ["account", "withdraw", "99999999"]],
    ["a short address", ["token", "transfer", "0x12", "1"]],
    ["an address with a wrong checksum", ["token", "balance", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92267"]],
    ["an unknown certifier", ["account", "allow", "judge", "5"]],
  ])("is not moved for %s", async (_, args) => {
    expect(await cliError(args, as("requester"))).toMatchObject({
      code: "HANSE_ARGUMENT_INVALID",
      exitCode: 2,
    });
  });

  it("is not moved where there is none, and it is said what to do", async () => {
    const deposit = await cliError(["account", "deposit", "5"], as("poor"));
    expect(deposit).toMatchObject({ code: "HANSE_TRANSACTION_REVERTED", exitCode: 4 });
    expect(deposit.hint).toContain("5 HANSE are needed");
    const withdraw = await cliError(["account", "withdraw", "5"], as("poor"));
    expect(withdraw).toMatchObject({ exitCode: 4 });
    expect(withdraw.hint).toContain("hanse account deposit");
  });

  it("is not asked for at a chain that is not there, or is another one", async () => {
    const away = { env: { HANSE_RPC_URL: "http://127.0.0.1:1" } };
    expect(await cliError(["account", "show"], as("requester", away))).toMatchObject({
      code: "HANSE_RPC_UNAVAILABLE",
      exitCode: 5,
    });
    const manifest = JSON.parse(await readFile(market.manifestPath, "utf8"));
    const other = await market.file("other.json", { ...manifest, genesisHash: `0x${"00".repeat(32)}` });
    expect(await cliError(["account", "show", "--deployment", other], as("requester"))).toMatchObject({
      code: "HANSE_CHAIN_MISMATCH",
      exitCode: 1,
    });
  });

  it("goes from wallet to account and back, and to others", async () => {
    for (const role of ["requester", "seller", "poolOwner", "sponsor"] as const) {
      await cliJson(accountSchema, ["account", "deposit", "500"], as(role));
    }
    const after = await cliJson(accountSchema, ["account", "withdraw", "100.5"], as("requester"));
    expect(after).toMatchObject({ free: "399500000000", wallet: "600500000000", locked: "0" });
    const forOther = await cliJson(
      accountSchema,
      ["account", "deposit", "1", "--for", addressOf("operator")],
      as("requester"),
    );
    expect(forOther).toMatchObject({ address: addressOf("operator"), free: "1000000000" });
    await cliJson(z.looseObject({}), ["token", "transfer", addressOf("poor"), "2"], as("requester"));
    const poor = await cliJson(balanceSchema, ["token", "balance"], as("poor"));
    expect(poor).toMatchObject({ address: addressOf("poor"), balance: "2000000000" });
    const allowed = await cliJson(accountSchema, ["account", "allow", "poco", "7"], as("poor"));
    expect(allowed.certifiers.poco).toEqual({ allowance: "7000000000", bonded: "0" });
  });

  it("is not sent where the person says no", async () => {
    const { exitCode, err, asked } = await runCli(
      ["token", "transfer", addressOf("poor"), "2"],
      as("requester", { typed: ["n"] }),
    );
    expect({ exitCode, asked: asked.length }).toEqual({ exitCode: 1, asked: 1 });
    expect(err).toContain("HANSE_NOT_CONFIRMED");
  });
});

describe("assets", () => {
  it("are not registered without a file, or a place for it", async () => {
    const missing = ["app", "register", join(market.folder, "none.wasm"), "--content", market.contentUrl];
    expect(await cliError(missing, as("seller"))).toMatchObject({ code: "HANSE_ARGUMENT_INVALID" });
    const file = await market.file("pool.json", { name: "Test pool" });
    expect(await cliError(["pool", "register", file], as("poolOwner"))).toMatchObject({ exitCode: 2 });
    const away = ["pool", "register", file, "--content", "http://127.0.0.1:1"];
    expect(await cliError(away, as("poolOwner"))).toMatchObject({
      code: "HANSE_PEER_UNREACHABLE",
      exitCode: 5,
    });
  });

  it("are registered once, and said to be from then on", async () => {
    const files = {
      app: await market.file("app.wasm", await readFile(appModulePath("basket-analysis"))),
      dataset: await market.file("day.csv", await readFile("data/uci-online-retail/2010-12-05.csv")),
      pool: await market.file("pool.json", { name: "Test pool" }),
    };
    const register = (kind: keyof typeof files, role: Role) =>
      cliJson(registeredSchema, [kind, "register", files[kind], "--content", market.contentUrl], as(role));
    const first = await Promise.all([register("app", "seller"), register("pool", "poolOwner")]);
    const second = await register("dataset", "seller");
    expect(first.map(({ registered }) => registered)).toEqual([true, true]);
    [app, dataset, pool] = [first[0].id, second.id, first[1].id];
    const again = await register("app", "seller");
    expect(again).toMatchObject({ id: app, registered: false });
    expect(again.transaction).toBeUndefined();
    const shown = await cliJson(assetSchema, ["dataset", "show", dataset], as("poor"));
    expect(shown).toMatchObject({ id: dataset, owner: addressOf("seller") });
  });

  it("are not shown as what they are not", async () => {
    expect(await cliError(["app", "show", pool], as("poor"))).toMatchObject({
      code: "HANSE_NOT_FOUND",
      exitCode: 3,
    });
    expect(await cliError(["app", "show", `0x01${"ab".repeat(31)}`], as("poor"))).toMatchObject({
      exitCode: 3,
    });
    expect(await cliError(["app", "show", "0x01"], as("poor"))).toMatchObject({ exitCode: 2 });
  });
});

describe("a pool", () => {
  const poolSchema = z.strictObject({
    ...{ pool: bytes32, owner: address, uri: z.string(), opened: z.boolean() },
    terms: z.strictObject({ seatStake: amount, schedulerShare: z.number(), closed: z.boolean() }).nullable(),
    ...{ liveSeats: z.number(), seats: z.number() },
  });

  it("is not opened by others, nor to terms that make no sense, nor twice", async () => {
    const open = (...more: string[]) => ["pool", "open", pool, ...more];
    expect(await cliError(open("--seat-stake", "50"), as("seller"))).toMatchObject({
      exitCode: 4,
      hint: expect.stringContaining(addressOf("poolOwner")),
    });
    expect(await cliError(open(), as("poolOwner"))).toMatchObject({ exitCode: 2 });
    expect(await cliError(open("--seat-stake", "50", "--share", "101"), as("poolOwner"))).toMatchObject({
      exitCode: 2,
    });
    expect(await cliJson(poolSchema, ["pool", "show", pool], as("poor"))).toMatchObject({
      opened: false,
      terms: null,
    });
    const opened = await cliJson(poolSchema, open("--seat-stake", "50", "--share", "2.5"), as("poolOwner"));
    expect(opened.terms).toEqual({ seatStake: "50000000000", schedulerShare: 250, closed: false });
    expect(await cliError(open("--seat-stake", "50"), as("poolOwner"))).toMatchObject({ exitCode: 4 });
  });

  it("gets workers", async () => {
    for (const key of market.workerKeys) {
      const world = as("poor", { env: { HANSE_PRIVATE_KEY: key } });
      await cliJson(accountSchema, ["account", "deposit", "100"], world);
    }
    poolUrl = await market.startPool(BigInt(pool));
    const shown = await cliJson(poolSchema, ["pool", "show", pool], as("poor"));
    expect(shown).toMatchObject({ liveSeats: market.workers.length });
  });
});

describe("an order", () => {
  const signApp = (...more: string[]) => ["order", "sign", "app", "--app", app, "--price", "1", ...more];

  it("is not signed where something is missing or wrong", async () => {
    expect(await cliError(["order", "sign", "app", "--app", app], as("seller"))).toMatchObject({
      code: "HANSE_ORDER_MALFORMED",
      exitCode: 6,
      message: expect.stringContaining("price"),
    });
    for (const more of [
      ["--price", "-1"],
      ["--tags", "gpu,magic"],
      ["--valid-for", "soon"],
      ["--volume", "1e9"],
    ]) {
      expect(await cliError(signApp(...more), as("seller"))).toMatchObject({ exitCode: 2 });
    }
    expect(await cliError(["order", "publish", "-"], as("seller", { input: "{" }))).toMatchObject({
      exitCode: 2,
    });
    expect(await cliError(["order", "publish", "-"], as("seller", { input: "{}" }))).toMatchObject({
      code: "HANSE_ORDER_MALFORMED",
    });
  });

  it("is not signed by somebody who has nothing to say, or is told no", async () => {
    const refused = await cliError(signApp(), as("operator"));
    expect(refused).toMatchObject({ code: "HANSE_ORDER_SIGNATURE_INVALID", exitCode: 6 });
    expect(refused.hint).toContain(`hanse operator set ${addressOf("operator")} --powers app-order`);
    const no = await runCli(signApp(), as("seller", { typed: ["no"] }));
    expect(no).toMatchObject({ exitCode: 1, out: "" });
    expect(no.err).toContain(`sell the use of app ${app} for 1 HANSE a task`);
  });

  it("is signed by an operator, within what it was given", async () => {
    expect(
      await cliError(["operator", "set", addressOf("seller"), "--powers", "app-order"], as("seller")),
    ).toMatchObject({
      exitCode: 4,
    });
    for (const powers of ["everything", ""]) {
      expect(
        await cliError(["operator", "set", addressOf("operator"), "--powers", powers], as("seller")),
      ).toMatchObject({
        exitCode: 2,
      });
    }
    const grantSchema = z.looseObject({ key: address, powers: z.array(z.string()), limit: amount });
    const grant = await cliJson(
      grantSchema,
      ["operator", "set", addressOf("operator"), "--powers", "app-order,sponsorship", "--limit", "10"],
      as("seller"),
    );
    expect(grant).toMatchObject({ powers: ["app-order", "sponsorship"], limit: "10000000000" });
    const signed = await cliJson(signedSchema, signApp("--volume", "100"), as("operator"));
    expect(signed).toMatchObject({ account: addressOf("seller"), operator: addressOf("operator") });
    const listSchema = z.strictObject({ account: address, operators: z.array(grantSchema) });
    const list = ["operator", "show", addressOf("seller")];
    expect((await cliJson(listSchema, list, as("poor"))).operators).toHaveLength(1);
    await cliJson(grantSchema, ["operator", "revoke", addressOf("operator")], as("seller"));
    expect((await cliJson(listSchema, list, as("poor"))).operators).toEqual([]);
    expect(await cliError(signApp(), as("operator"))).toMatchObject({
      code: "HANSE_ORDER_SIGNATURE_INVALID",
    });
  });

  it("is checked before it is published, each time for the next thing that is missing", async () => {
    const output = join(market.folder, "request.json");
    const request = (...more: string[]) => [
      ...["order", "sign", "request", "--app", app, "--dataset", dataset, "--trust", "1", "--output", output],
      ...["--max-app-price", "1", "--max-dataset-price", "1", "--max-pool-price", "4", ...more],
    ];
    const check = async () => reasonsOf(await cliJson(checkSchema, ["order", "check", output], as("poor")));
    await cliJson(signedSchema, request(), as("requester"));
    expect(await check()).toEqual(expect.arrayContaining(["app NoOrder", "dataset NoOrder", "pool NoOrder"]));

    const sell = async (kind: string, id: string, role: Role, ...more: string[]) => {
      const args = ["order", "sign", kind, `--${kind}`, id, "--volume", "1000", "--publish", ...more];
      return await cliJson(signedSchema, args, as(role));
    };
    expect(await sell("app", app, "seller", "--price", "1")).toMatchObject({ published: "open" });
    await sell("dataset", dataset, "seller", "--price", "1");
    await sell("pool", pool, "poolOwner", "--price", "5", "--trust", "4");
    expect(await check()).toEqual(["pool PriceAboveBid"]);
    await cliJson(signedSchema, request("--max-pool-price", "5", "--trust", "5"), as("requester"));
    expect(await check()).toEqual(["pool TrustNotMet"]);
    await cliJson(signedSchema, request("--max-pool-price", "5", "--volume", "9"), as("poor"));
    expect(await check()).toEqual(["request PayerUnfunded"]);
    await cliJson(signedSchema, request("--max-pool-price", "5"), as("requester"));
    const good = await cliJson(checkSchema, ["order", "check", output], as("poor"));
    expect(good).toMatchObject({ volume: 1, tried: 1, reasons: [] });
  });

  it("is listed, shown, and taken off the book, or cancelled for good", async () => {
    const listSchema = z.strictObject({
      orders: z.array(z.looseObject({ hash: bytes32, type: z.string(), status: z.string() })),
      next: z.string().optional(),
    });
    expect(await cliError(["order", "list", "--type", "wish"], as("seller"))).toMatchObject({ exitCode: 2 });
    expect(await cliError(["order", "show", bytes32Of("ab")], as("seller"))).toMatchObject({ exitCode: 3 });
    expect(await cliError(["order", "show", "0xab"], as("seller"))).toMatchObject({ exitCode: 2 });
    expect(await cliError(["order", "cancel"], as("seller"))).toMatchObject({ exitCode: 2 });
    const away = { env: { HANSE_BROKER_URL: "http://127.0.0.1:1" } };
    expect(await cliError(["order", "list"], as("seller", away))).toMatchObject({
      code: "HANSE_PEER_UNREACHABLE",
      exitCode: 5,
    });
    const { orders } = await cliJson(
      listSchema,
      ["order", "list", "--mine", "--status", "open"],
      as("seller"),
    );
    expect(orders.map(({ type }) => type).sort()).toEqual(["app", "dataset"]);

    const extra = await cliJson(signedSchema, [...signApp("--volume", "7"), "--publish"], as("seller"));
    expect(await cliError(["order", "cancel", extra.hash], as("requester"))).toMatchObject({ exitCode: 6 });
    const stateSchema = z.looseObject({ hash: bytes32, status: z.string() });
    const off = await cliJson(stateSchema, ["order", "cancel", extra.hash], as("seller"));
    expect(off.status).toBe("cancelled");
    const cancelSchema = z.strictObject({
      account: address,
      type: z.string(),
      salt: bytes32,
      transaction: bytes32,
    });
    const cancelled = await cliJson(
      cancelSchema,
      ["order", "cancel", extra.hash, "--on-chain"],
      as("seller"),
    );
    expect(cancelled).toMatchObject({ account: addressOf("seller"), type: "app" });
    const file = await market.file("extra.json", extra.order);
    expect(reasonsOf(await cliJson(checkSchema, ["order", "check", file], as("poor")))).toEqual([
      "request NoOrder",
    ]);
    const shown = await runCli(["order", "show", extra.hash], as("seller"));
    expect(shown.out).toContain("cancelled");
  });
});

describe("a task", () => {
  const dealSchema = z.looseObject({
    deal: bytes32,
    openUnits: z.number(),
    tasks: z.array(z.looseObject({ task: bytes32 })),
  });
  const taskSchema = z.strictObject({
    ...{
      task: bytes32,
      deal: bytes32,
      index: z.number(),
      pool: bytes32,
      trust: z.number(),
      status: z.string(),
    },
    timeline: z.array(z.looseObject({ type: z.string(), block: amount, says: z.string() })),
    payments: z.array(z.strictObject({ role: z.string(), to: address, amount })),
    scheduler: z.looseObject({ says: z.string() }).optional(),
  });
  let deal: string;
  let task: string;
  let output: string;

  it("is bought, and its result comes", { timeout: 180_000 }, async () => {
    output = join(market.folder, "result.json");
    const args = [
      "request",
      "--params",
      '{"days":["2010-12-05"],"top":3}',
      "--trust",
      "3",
      "--output",
      output,
    ];
    const bought = await cliJson(
      z.strictObject({
        ...{
          deal: bytes32,
          task: bytes32,
          price: amount,
          content: bytes32,
          bytes: z.number(),
          output: z.string(),
        },
      }),
      args,
      as("requester"),
    );
    expect(bought.price).toBe("7000000000");
    [deal, task] = [bought.deal, bought.task];
    expect(JSON.parse((await market.read(output)).toString())).toBeTypeOf("object");
  });

  it("is told from its seal to who was paid, to the last nano-HANSE", async () => {
    expect(await cliError(["task", "show", bytes32Of("cd")], as("poor"))).toMatchObject({ exitCode: 3 });
    expect(await cliError(["task", "show", deal, "9"], as("poor"))).toMatchObject({ exitCode: 3 });
    const shown = await cliJson(taskSchema, ["task", "show", deal, "--pool-url", poolUrl], as("poor"));
    const types = shown.timeline.map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(["sealed", "drawn"]);
    expect(types).toContain("committed");
    expect(types.at(-1)).toBe("certified");
    expect(shown.scheduler?.says).toBeDefined();
    const total = shown.payments.reduce((sum, each) => sum + BigInt(each.amount), 0n);
    expect(total).toBe(7_000_000_000n);
    expect(shown.payments).toContainEqual({
      role: "app owner",
      to: addressOf("seller"),
      amount: "1000000000",
    });
    expect(shown.payments).toContainEqual({
      role: "scheduler",
      to: addressOf("poolOwner"),
      amount: "125000000",
    });
    const byTask = await cliJson(taskSchema, ["task", "show", task], as("poor"));
    expect(byTask).toEqual({ ...shown, scheduler: undefined });
    expect((await runCli(["task", "show", task], as("poor"))).out).toMatch(/round 1: drawn seats \d/);
    expect(await cliJson(dealSchema, ["deal", "show", deal], as("poor"))).toMatchObject({
      deal,
      openUnits: 0,
    });
  });

  it("is in the books of its pool, as a whole and by itself", async () => {
    const at = ["--pool-url", poolUrl];
    for (const wrong of [
      ["12"],
      ["--from", "2026-02-30"],
      ["--to", "today"],
      [deal, "--from", "2026-01-01"],
    ]) {
      expect(await cliError(["pool", "account", ...wrong, ...at], as("poor"))).toMatchObject({ exitCode: 2 });
    }
    expect(await cliError(["pool", "account", bytes32Of("cd"), ...at], as("poor"))).toMatchObject({
      code: "HANSE_DEAL_UNKNOWN",
      exitCode: 3,
    });
    // The pool hears of the verdict a moment after whoever asked the chain.
    const one = await eventually("a task that is over", async () => {
      const told = await cliJson(dealAccountSchema, ["pool", "account", deal, ...at], as("poor"));
      return told.tasks.open === 0 ? told : undefined;
    });
    expect(one).toMatchObject({ dealId: deal, incomeNano: 125_000_000n, tasks: { certified: 1, open: 0 } });
    const all = await cliJson(poolAccountSchema, ["pool", "account", ...at], as("poor"));
    expect(all.total.incomeNano).toBe(one.incomeNano);
    expect(all.days.reduce((sum, { incomeNano }) => sum + incomeNano, 0n)).toBe(one.incomeNano);
    const later = await cliJson(
      poolAccountSchema,
      ["pool", "account", "--from", "2200-01-01", ...at],
      as("poor"),
    );
    expect(later.days).toEqual([]);
    const { out } = await runCli(["pool", "account", ...at], as("poor"));
    expect(out).toContain("1 certified, 0 failed, 0 claimed, 0 open");
    expect(out).toMatch(/^day .*income/m);
  });

  it("is in the books of the workers who did it", async () => {
    const earningsAt = (url: string, ...more: string[]) => [
      "worker",
      "earnings",
      "--worker-url",
      url,
      ...more,
    ];
    expect(await cliError(earningsAt("http://127.0.0.1:1"), as("poor"))).toMatchObject({
      code: "HANSE_PEER_UNREACHABLE",
    });
    expect(await cliError(earningsAt("http://127.0.0.1:1", "--limit", "few"), as("poor"))).toMatchObject({
      exitCode: 2,
    });
    const rewards = (await cliJson(poolAccountSchema, ["pool", "account", "--pool-url", poolUrl], as("poor")))
      .total.rewardsNano;
    // A worker hears of the verdict a moment later.
    const books = await eventually("all rewards", async () => {
      const told = await Promise.all(
        market.workerUrls.map((url) => cliJson(earningsSchema, earningsAt(url), as("poor"))),
      );
      return told.reduce((sum, { totals }) => sum + totals.earnedNano, 0n) === rewards ? told : undefined;
    });
    const at = books.findIndex(({ totals }) => totals.earnedNano > 0n);
    const url = market.workerUrls[at] ?? "";
    expect(books[at]?.tasks).toContainEqual(expect.objectContaining({ task, deal }));
    expect((await cliJson(earningsSchema, earningsAt(url, "--limit", "0"), as("poor"))).tasks).toEqual([]);
    expect((await runCli(earningsAt(url), as("poor"))).out).toMatch(new RegExp(`^${task} `, "m"));
  });

  it("has a result that is verified, and computed again to the same memory", {
    timeout: 60_000,
  }, async () => {
    const verifySchema = z.looseObject({ holds: z.boolean(), checks: z.record(z.string(), z.boolean()) });
    const wrongFile = await market.file("wrong.json", "[]");
    const wrong = await runCli(["result", "verify", deal, "--file", wrongFile], as("poor"));
    expect(wrong).toMatchObject({ exitCode: 1, out: expect.stringContaining("NO: ") });
    expect(wrong.err).toContain("HANSE_CONTENT_HASH_MISMATCH");
    const small = ["result", "verify", deal, "--recompute", "--output-bytes", "1"];
    expect((await runCli(small, as("poor"))).exitCode).toBe(1);
    const verified = await cliJson(verifySchema, ["result", "verify", task, "--recompute"], as("poor"));
    expect(verified).toMatchObject({
      holds: true,
      checks: { content: true, recomputedContent: true, recomputedMemory: true },
    });
    const copy = join(market.folder, "copy.json");
    await cliJson(
      z.looseObject({ bytes: z.number() }),
      ["result", "download", deal, "--output", copy],
      as("poor"),
    );
    expect(await market.read(copy)).toEqual(await market.read(output));
  });
});

describe("a sponsor", () => {
  it("pays for a request that names it, and for no other", async () => {
    const path = join(market.folder, "sponsored.json");
    const sign = ["order", "sign", "request", "--app", app, "--max-app-price", "1", "--max-pool-price", "5"];
    const sponsored = [...sign, "--trust", "1", "--sponsor", addressOf("sponsor"), "--output", path];
    await cliJson(signedSchema, sponsored, as("poor"));
    const plain = await market.file(
      "plain.json",
      (await cliJson(signedSchema, [...sign, "--trust", "1"], as("poor"))).order,
    );
    expect(await cliError(["sponsor", "sign", plain, "--cap", "10"], as("sponsor"))).toMatchObject({
      exitCode: 2,
    });
    expect(await cliError(["sponsor", "sign", path, "--cap", "0"], as("sponsor"))).toMatchObject({
      exitCode: 2,
    });
    const unsigned = await cliJson(checkSchema, ["order", "check", path], as("poor"));
    expect(reasonsOf(unsigned)).toEqual(["request SponsorNotSigned"]);
    const cheap = await runCli(["sponsor", "sign", path, "--cap", "2"], as("sponsor"));
    const low = await market.file("low.json", cheap.out);
    expect(reasonsOf(await cliJson(checkSchema, ["order", "check", low], as("poor")))).toEqual([
      "request SponsorCapTooLow",
    ]);
    const word = await runCli(["sponsor", "sign", path, "--cap", "10"], as("sponsor"));
    const good = await market.file("good.json", word.out);
    expect(await cliJson(checkSchema, ["order", "check", good], as("poor"))).toMatchObject({ volume: 1 });
  });
});

describe("a claim", () => {
  it("comes at its time, of one task or of all", { timeout: 60_000 }, async () => {
    expect(await cliError(["claim", bytes32Of("ee")], as("poor"))).toMatchObject({ exitCode: 3 });
    // Of a pool whose scheduler is away: nobody will work on it.
    const file = await market.file("silent.json", { name: "Silent pool" });
    const { id } = await cliJson(
      registeredSchema,
      ["pool", "register", file, "--content", market.contentUrl],
      as("poolOwner"),
    );
    await cliJson(z.looseObject({}), ["pool", "open", id, "--closed"], as("poolOwner"));
    const category = ["--category", String(HASTY), "--trust", "1"];
    const sell = [
      "order",
      "sign",
      "pool",
      "--pool",
      id,
      "--price",
      "2",
      "--volume",
      "9",
      "--publish",
      ...category,
    ];
    await cliJson(signedSchema, sell, as("poolOwner"));
    const buy = [
      "order",
      "sign",
      "request",
      "--app",
      app,
      "--max-app-price",
      "1",
      "--max-pool-price",
      "2",
      ...category,
    ];
    const signed = await cliJson(signedSchema, [...buy, "--volume", "3", "--publish"], as("requester"));
    const deal = await sealedDeal(signed.hash);
    expect(await cliError(["claim", deal], as("poor"))).toMatchObject({
      code: "HANSE_CLAIM_NOT_DUE",
      exitCode: 1,
    });
    const { sealedAtBlock, deadlineBlock } = await cliJson(
      z.looseObject({ sealedAtBlock: amount, deadlineBlock: amount }),
      ["deal", "show", deal],
      as("poor"),
    );
    expect(BigInt(deadlineBlock) - BigInt(sealedAtBlock)).toBe(13n);
    while ((await market.chain.viem.getBlockNumber()) <= BigInt(deadlineBlock)) await pause(100);
    const shown = await runCli(["deal", "show", deal], as("poor"));
    expect(shown.out).toContain(`hanse claim ${deal}`);
    const claimSchema = z.strictObject({
      claimed: z.array(z.strictObject({ deal: bytes32, index: z.number(), task: bytes32 })),
      refunded: amount,
      transactions: z.array(bytes32),
    });
    expect(await cliError(["claim", deal, "--index", "7"], as("poor"))).toMatchObject({ exitCode: 3 });
    const single = await cliJson(claimSchema, ["claim", deal, "--index", "1"], as("poor"));
    expect(single).toMatchObject({ claimed: [{ index: 1 }], refunded: "3000000000" });
    const batch = await cliJson(claimSchema, ["claim", deal], as("poor"));
    expect(batch.claimed.map(({ index }) => index)).toEqual([0, 2]);
    expect(batch.transactions).toHaveLength(1);
    expect(await cliJson(claimSchema, ["claim", deal], as("poor"))).toMatchObject({
      claimed: [],
      refunded: "0",
    });
    const told = await runCli(["task", "show", deal, "2"], as("poor"));
    expect(told.out).toContain(`refunded 3 HANSE to the payer ${addressOf("requester")}`);
    expect(await cliError(["result", "download", deal], as("poor"))).toMatchObject({
      code: "HANSE_TASK_FAILED",
    });
  });
});

describe("every order of an account", () => {
  it("is void once its epoch is raised", async () => {
    const no = await runCli(["account", "cancel-all"], as("seller", { typed: [""] }));
    expect(no.exitCode).toBe(1);
    expect(await cliJson(accountSchema, ["account", "cancel-all"], as("seller"))).toMatchObject({
      epoch: "1",
    });
    const args = ["order", "sign", "app", "--app", app, "--price", "1"];
    const { order } = await cliJson(signedSchema, args, as("seller"));
    expect(order.order.conditions).toMatchObject({ epoch: "1" });
  });
});

/** The deal a request was sealed into, once it is. */
async function sealedDeal(request: string): Promise<string> {
  const shownSchema = z.looseObject({ deals: z.array(bytes32) });
  for (;;) {
    const { deals } = await cliJson(shownSchema, ["order", "show", request], as("requester"));
    if (deals[0] !== undefined) return deals[0];
    await pause(200);
  }
}

function bytes32Of(byte: string): string {
  return `0x${byte.repeat(32)}`;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
