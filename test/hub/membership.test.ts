import { type Hex, zeroHash } from "viem";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { type HubChainFixture, STAKE, startHubChain, UNBONDING_S } from "./support/hub-chain.ts";
import { startTestHub, type TestHub, until } from "./support/test-hub.ts";
import { startTestShop, type TestShop } from "./support/test-shop.ts";

// Account 1 has the shop, 2 is a stranger.
const OWNER = 1;
const STRANGER = 2;

let chain: HubChainFixture;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let hub: TestHub;
let shop: TestShop;
let token: string;
let code: string;
let count = 0;

beforeAll(async () => {
  [chain, postgres] = await Promise.all([startHubChain([OWNER, STRANGER]), startTestPostgres()]);
  hub = await startTestHub(chain, await postgres.fresh());
  token = (await hub.client.signIn(testAccount(OWNER))).accessToken;
}, 120_000);
afterAll(async () => {
  await hub?.stop();
  await postgres?.stop();
  await chain?.stop();
});

beforeEach(async () => {
  code = `SHOP${++count}`;
  shop = await startTestShop({ chainId: 31_337, hub: chain.hub, owner: testAccount(OWNER).address, code });
});
afterEach(() => shop.stop());

const wanted = () => ({ code, key: shop.key.publicKey, endpoint: shop.endpoint });
const join = (change: object = {}, by = token) => hub.client.join(by, { ...wanted(), ...change });

/** As a wallet would. */
async function send(prepared: Awaited<ReturnType<typeof join>>): Promise<void> {
  for (const { to, data } of prepared.transactions) {
    const { viem } = chain.chain;
    const account = testAccount(OWNER);
    const prepare = await viem.prepareTransactionRequest({ account, to: to as Hex, data, chain: null });
    const hash = await viem.sendRawTransaction({
      serializedTransaction: await account.signTransaction(prepare as never),
    });
    expect((await viem.waitForTransactionReceipt({ hash })).status).toBe("success");
  }
}

describe("joining is refused", () => {
  it("without a log-in", async () => {
    await expect(join({}, "")).rejects.toMatchObject({ code: "HANSE_UNAUTHORIZED" });
  });

  it.each([
    ["a code in lower case", { code: "wines" }],
    ["a code of one character", { code: "W" }],
    ["no key", { key: zeroHash }],
    ["a key under which anybody's signature is good", { key: `0x01${"00".repeat(31)}` }],
    ["an endpoint with credentials", { endpoint: "http://me:secret@127.0.0.1:1" }],
    ["an endpoint with a query", { endpoint: "http://127.0.0.1:1?x" }],
    ["an endpoint that ends in a slash", { endpoint: "http://127.0.0.1:1/" }],
    ["an endpoint below a path", { endpoint: "http://127.0.0.1:1/shop" }],
    ["an endpoint that is a file", { endpoint: "file:///etc/passwd" }],
    ["an endpoint that is long", { endpoint: `http://${"a".repeat(250)}` }],
    ["something more", { rights: "all" }],
  ])("with %s", async (_, change) => {
    await expect(join(change)).rejects.toMatchObject({ code: "HANSE_REQUEST_INVALID" });
  });

  it.each<[string, (said: TestShop["said"]) => object]>([
    ["chain", () => ({ chainId: 1 })],
    ["Hub", () => ({ hub: testAccount(9).address })],
    ["owner", () => ({ owner: testAccount(STRANGER).address })],
    ["code", () => ({ code: "OTHER" })],
    ["endpoint", () => ({ endpoint: "https://other.example" })],
  ])("where the endpoint speaks for another %s", async (_, change) => {
    Object.assign(shop.said, change(shop.said));
    await expect(join()).rejects.toMatchObject({ code: "HANSE_STATEMENT_MISMATCH" });
  });

  it("where the endpoint has another key than the one named", async () => {
    await expect(join({ key: generateShopKey().key.publicKey })).rejects.toMatchObject({
      code: "HANSE_STATEMENT_SIGNATURE_INVALID",
    });
  });

  it("to a stranger who names somebody else's shop", async () => {
    const stranger = (await hub.client.signIn(testAccount(STRANGER))).accessToken;
    await expect(join({}, stranger)).rejects.toMatchObject({ code: "HANSE_STATEMENT_MISMATCH" });
  });

  it("where nobody answers, or something else", async () => {
    await expect(join({ endpoint: "http://127.0.0.1:9" })).rejects.toMatchObject({
      code: "HANSE_PEER_UNREACHABLE",
    });
    await expect(join({ endpoint: `${hub.url}` })).rejects.toMatchObject({ code: "HANSE_NOT_FOUND" });
  });

  it("with a code that is taken", async () => {
    await chain.join(OWNER, wanted());
    await expect(join()).rejects.toMatchObject({ code: "HANSE_CONFLICT" });
  });
});

describe("where only public addresses may be called", () => {
  let strict: TestHub;
  let strictToken: string;
  beforeAll(async () => {
    strict = await startTestHub(chain, await postgres.fresh(), { allowPrivate: false });
    strictToken = (await strict.client.signIn(testAccount(OWNER))).accessToken;
  });
  afterAll(() => strict.stop());

  it.each([
    "https://127.0.0.1",
    "https://[::1]",
    "https://localhost",
    "https://10.0.0.1",
    "https://192.168.1.1:8443",
    "https://169.254.169.254",
    "https://[fd00::1]",
    "https://[::ffff:127.0.0.1]",
    "https://0x7f.1",
    "https://2130706433",
  ])("a shop is not at %s", async (endpoint) => {
    const asked = strict.client.join(strictToken, { ...wanted(), endpoint });
    await expect(asked).rejects.toMatchObject({ code: "HANSE_ADDRESS_FORBIDDEN" });
  });

  it("a shop is not at http", async () => {
    const asked = strict.client.join(strictToken, wanted());
    await expect(asked).rejects.toMatchObject({ code: "HANSE_REQUEST_INVALID" });
  });
});

describe("a shop", () => {
  it("joins by what is prepared, with its stake, and another one beside it", async () => {
    const prepared = await join({ profile: "ipfs://wines" });
    expect(prepared.transactions.at(-1)?.to.toLowerCase()).toBe(chain.hub.toLowerCase());
    await send(prepared);
    await hub.until(code, "member");
    const { shop: listed } = await hub.client.shop(code);
    expect(listed).toEqual({
      ...{ owner: testAccount(OWNER).address, key: shop.key.publicKey, endpoint: shop.endpoint },
      ...{ profile: "ipfs://wines", stake: String(STAKE) },
    });
    const second = await startTestShop({ ...shop.said, code: `${code}B` });
    try {
      await send(
        await join({ code: second.said.code, key: second.key.publicKey, endpoint: second.endpoint }),
      );
      await hub.until(second.said.code, "member");
    } finally {
      await second.stop();
    }
  });

  it("rotates its key only by its owner, to one it has, and within the longest overlap", async () => {
    await chain.join(OWNER, wanted());
    const next = generateShopKey().key;
    const rotate = (by: string, overlapS: number, key = next.publicKey) =>
      hub.client.rotateKey(by, code, { key, overlapS });
    const stranger = (await hub.client.signIn(testAccount(STRANGER))).accessToken;
    await expect(rotate(stranger, 60)).rejects.toMatchObject({ code: "HANSE_FORBIDDEN" });
    await expect(rotate(token, 3_601)).rejects.toMatchObject({ code: "HANSE_REQUEST_INVALID" });
    await expect(rotate(token, 60)).rejects.toMatchObject({ code: "HANSE_STATEMENT_SIGNATURE_INVALID" });
    await expect(rotate(token, 60, zeroHash)).rejects.toMatchObject({ code: "HANSE_REQUEST_INVALID" });
    shop.signer = next;
    await send(await rotate(token, 60));
    await until(
      "the new key is listed",
      async () => (await hub.client.shop(code)).shop?.key === next.publicKey,
    );
    expect((await hub.client.shop(code)).shop).toMatchObject({
      previousKey: shop.key.publicKey,
      overlapEnds: expect.any(String),
    });
    // Revoked at once: the one before is named no more.
    shop.signer = generateShopKey().key;
    await send(await rotate(token, 0, shop.signer.publicKey));
    await until(
      "the last key is listed",
      async () => (await hub.client.shop(code)).shop?.key === shop.signer.publicKey,
    );
    expect((await hub.client.shop(code)).shop?.previousKey).toBeUndefined();
  });

  it("leaves only by its owner, once, and its stake is released", async () => {
    await chain.join(OWNER, wanted());
    await hub.until(code, "member");
    const stranger = (await hub.client.signIn(testAccount(STRANGER))).accessToken;
    await expect(hub.client.leave(stranger, code)).rejects.toMatchObject({ code: "HANSE_FORBIDDEN" });
    await expect(hub.client.leave(token, "NOBODY")).rejects.toMatchObject({ code: "HANSE_NOT_FOUND" });
    await send(await hub.client.leave(token, code));
    await hub.until(code, "leaving");
    // It has deals to end, and is told of until it has.
    expect((await hub.client.shop(code)).shop).toMatchObject({ endpoint: shop.endpoint });
    await expect(hub.client.leave(token, code)).rejects.toMatchObject({ code: "HANSE_CONFLICT" });
    await chain.command("evm_increaseTime", [UNBONDING_S + 1]);
    const args = [shopCodeToHex(code)] as const;
    await chain.senderOf(STRANGER).send({ address: chain.hub, abi: hubAbi, functionName: "release", args });
    await hub.until(code, "left");
    expect((await hub.client.shop(code)).shop).toBeUndefined();
  });
});
