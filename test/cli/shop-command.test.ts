import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { developmentKey } from "#src/chain/development-keys.ts";
import { type Prepared, shopViewSchema } from "#src/client/hub-schema.ts";
import { stringifyJson } from "#src/http/json.ts";
import { generateShopKey, shopKeyFromSeed } from "#src/identity/shop-key.ts";
import { freePort } from "#src/store/free-port.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { deployHub, type HubChainFixture, startHubChain, UNBONDING_S } from "../hub/support/hub-chain.ts";
import { startTestHub, type TestHub, until } from "../hub/support/test-hub.ts";
import { startTestShop, type TestShop } from "../hub/support/test-shop.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { cliError, cliJson, runCli } from "./support/run-cli.ts";

const OWNER = 1;
const sentSchema = z.strictObject({
  ...{ code: z.string(), hub: z.string() },
  transactions: z.array(z.string().regex(/^0x[0-9a-f]{64}$/)).min(1),
});
const keySchema = z.strictObject({ key: z.string(), kid: z.string(), file: z.string() });

let chain: HubChainFixture;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let hub: TestHub;
let shop: TestShop;
let directory: string;
let env: Record<string, string>;

beforeAll(async () => {
  [chain, postgres, directory] = await Promise.all([
    startHubChain([OWNER]),
    startTestPostgres(),
    mkdtemp(join(tmpdir(), "hanse-shop-")),
  ]);
  hub = await startTestHub(chain, await postgres.fresh());
  const { address: owner } = testAccount(OWNER);
  shop = await startTestShop({ chainId: 31_337, hub: chain.hub, owner, code: "WINES" });
  const manifest = join(directory, "deployment.json");
  await writeFile(manifest, stringifyJson(chain.deployment));
  env = {
    ...{
      HANSE_RPC_URL: chain.rpcUrl,
      HANSE_DEPLOYMENT: manifest,
      HANSE_HUB_URL: hub.url,
      HANSE_HUB: chain.hub,
    },
    ...{ HANSE_PRIVATE_KEY: developmentKey(OWNER), HANSE_WALLETS: join(directory, "wallets") },
  };
}, 120_000);
afterAll(async () => {
  await shop?.stop();
  await hub?.stop();
  await postgres?.stop();
  await chain?.stop();
  await rm(directory, { recursive: true, force: true });
});

const joining = (code = "WINES", key: string = shop.key.publicKey) => [
  ...["shop", "join", code, "--key", key, "--endpoint", shop.endpoint],
];

function otherKeyIn(data = ""): string {
  return data.replace(shop.key.publicKey.slice(2), "11".repeat(32));
}

/** A hub service that checks as it should, and then prepares something else. */
async function startLiar(lie: (prepared: Prepared) => unknown) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const honest = await startTestHub(chain, await postgres.fresh(), { url });
  const server = createServer(async (request, response) => {
    const { authorization } = request.headers;
    const answer = await fetch(`${honest.url}${request.url}`, {
      method: request.method ?? "GET",
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(request.method === "POST" ? { "content-type": "application/json" } : {}),
      },
      ...(request.method === "POST" ? { body: Buffer.concat(await request.toArray()) } : {}),
    });
    const told = (await answer.json()) as Prepared;
    const lied = request.url === "/v1/shops/join" ? { ...told, transactions: lie(told) } : told;
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(lied));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await honest.stop();
    },
  };
}

describe("hanse shop refuses", () => {
  it.each([["wines"], ["W"], ["ABCDEFGHI"]])("the code %s", async (code) => {
    expect(await cliError(joining(code), { env })).toMatchObject({ code: "HANSE_ARGUMENT_INVALID" });
  });

  it("a key that is none, and one that the shop has not", async () => {
    expect(await cliError(joining("WINES", "0x12"), { env })).toMatchObject({
      code: "HANSE_ARGUMENT_INVALID",
    });
    const other = generateShopKey().key.publicKey;
    expect(await cliError(joining("WINES", other), { env })).toMatchObject({
      code: "HANSE_STATEMENT_SIGNATURE_INVALID",
    });
  });

  it("a service that follows another Hub than the deployment has", async () => {
    const other = await startTestHub(
      { ...chain, hub: await deployHub(chain.rpcUrl, chain.clerk) },
      await postgres.fresh(),
    );
    const refused = await cliError([...joining(), "--hub", other.url], { env });
    await other.stop();
    expect(refused).toMatchObject({ code: "HANSE_CONFLICT" });
  });

  it("to go on where the person says no", async () => {
    const { exitCode, asked, err } = await runCli(joining(), { env, typed: ["n"] });
    expect(exitCode).not.toBe(0);
    expect(err).toContain("HANSE_NOT_CONFIRMED");
    // What is asked names the contract and the sum in our own words.
    expect(asked.at(-1)).toContain(`let the Hub ${chain.hub} hold up to 10 HANSE of yours`);
  });

  it.each<[string, (prepared: Prepared) => unknown]>([
    ["money is moved", ({ transactions: [, join] }) => [{ ...join, to: chain.deployment.contracts.token }]],
    ["another may hold it", ({ transactions: [allow, join] }) => [allow, allow, join]],
    [
      "another key joins",
      ({ transactions: [allow, join] }) => [allow, { ...join, data: otherKeyIn(join?.data) }],
    ],
    [
      "something else is called",
      ({ transactions: [allow, join] }) => [allow, { ...join, data: "0x12345678" }],
    ],
    ["nothing is", () => []],
  ])("what a service prepared by which %s", async (_, lie) => {
    const liar = await startLiar(lie);
    try {
      const nonce = await chain.chain.viem.getTransactionCount({ address: testAccount(OWNER).address });
      const refused = await cliError(joining(), { env: { ...env, HANSE_HUB_URL: liar.url } });
      expect(refused).toMatchObject({ code: "HANSE_PEER_RESPONSE_INVALID" });
      expect(await chain.chain.viem.getTransactionCount({ address: testAccount(OWNER).address })).toBe(nonce);
    } finally {
      await liar.stop();
    }
  });

  it("to leave with a shop that is somebody else's, or none", async () => {
    expect(await cliError(["shop", "leave", "NOBODY"], { env })).toMatchObject({ code: "HANSE_NOT_FOUND" });
    expect(await cliError(["shop", "show", "NOBODY"], { env })).toMatchObject({ code: "HANSE_NOT_FOUND" });
  });
});

describe("hanse shop update and add-stake refuse", () => {
  it.each([
    [["update", "WINES"], "HANSE_ARGUMENT_INVALID"],
    [["update", "WINES", "--endpoint", "shop.example"], "HANSE_ARGUMENT_INVALID"],
    [["update", "WINES", "--endpoint", "file:///etc"], "HANSE_ARGUMENT_INVALID"],
    [["update", "NOBODY", "--endpoint", "https://shop.example"], "HANSE_SHOP_UNKNOWN"],
    [["add-stake", "WINES", "-1"], "HANSE_ARGUMENT_INVALID"],
    [["add-stake", "NOBODY", "1"], "HANSE_SHOP_UNKNOWN"],
  ])("%j", async (args, code) => {
    expect(await cliError(["shop", ...args, "--yes"], { env })).toMatchObject({ code });
  });
});

describe("hanse shop", () => {
  it("makes a key once, and shows it again", async () => {
    const file = join(directory, "shop.key");
    const made = await cliJson(keySchema, ["shop", "key", file], { env });
    expect(await cliJson(keySchema, ["shop", "key", file], { env })).toEqual(made);
    const seed = (await readFile(file, "utf8")).trim() as `0x${string}`;
    expect(shopKeyFromSeed(seed).publicKey).toBe(made.key);
    expect((await runCli(["shop", "key", file], { env })).out).not.toContain(seed);
  });

  it("joins, lists, rotates, leaves and releases", { timeout: 60_000 }, async () => {
    const joined = await cliJson(sentSchema, joining(), { env });
    expect(joined.transactions).toHaveLength(2);
    await hub.until("WINES", "member");
    const listed = z.strictObject({ shops: z.array(shopViewSchema) });
    const { shops } = await cliJson(listed, ["shop", "list"], { env });
    expect(shops.map(({ code }) => code)).toEqual(["WINES"]);
    expect((await runCli(["shop", "list"], { env })).out).toContain(shop.endpoint);
    expect(await cliError(joining(), { env })).toMatchObject({ code: "HANSE_CONFLICT" });

    shop.signer = generateShopKey().key;
    const key = shop.signer.publicKey;
    await cliJson(sentSchema, ["shop", "rotate-key", "WINES", "--key", key, "--overlap", "5m"], { env });
    await until("the key is listed", async () => (await hub.client.shop("WINES")).shop?.key === key);
    expect((await cliJson(shopViewSchema, ["shop", "show", "WINES"], { env })).shop?.previousKey).toBe(
      shop.key.publicKey,
    );

    const changedSchema = sentSchema.omit({ hub: true });
    const stake = async () => BigInt((await hub.client.shop("WINES")).shop?.stake ?? 0);
    const before = await stake();
    const no = await runCli(["shop", "add-stake", "WINES", "2.5"], { env, typed: ["n"] });
    expect(no.asked.at(-1)).toMatch(
      /Let the Hub 0x\w+ hold up to 12.5 HANSE.* bond 2.5 HANSE more for WINES/,
    );
    await cliJson(changedSchema, ["shop", "add-stake", "WINES", "2.5"], { env });
    await until("the stake is listed", async () => (await stake()) === before + 2_500_000_000n);

    const profile = ["shop", "update", "WINES", "--profile", "https://wines.example/about"];
    await cliJson(changedSchema, profile, { env });
    const told = async () => (await hub.client.shop("WINES")).shop;
    await until("the profile is listed", async () => (await told())?.profile === profile.at(-1));
    expect((await told())?.endpoint, "stays").toBe(shop.endpoint);
    await cliJson(changedSchema, ["shop", "update", "WINES", "--endpoint", `${shop.endpoint}/`], { env });
    await until("the endpoint is listed", async () => (await told())?.endpoint === `${shop.endpoint}/`);
    expect((await told())?.profile, "stays").toBe(profile.at(-1));

    const release = ["shop", "release", "WINES"];
    expect(await cliError(release, { env })).toMatchObject({ code: "HANSE_TRANSACTION_REVERTED" });
    await cliJson(sentSchema, ["shop", "leave", "WINES"], { env });
    await hub.until("WINES", "leaving");
    await chain.command("evm_increaseTime", [UNBONDING_S + 1]);
    await chain.command("evm_mine");
    await cliJson(z.strictObject({ code: z.string(), transaction: z.string() }), release, { env });
    await hub.until("WINES", "left");
  });
});
