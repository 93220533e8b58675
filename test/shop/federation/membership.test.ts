import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { createHubShopReader, type ReadHubShop } from "#src/chain/hub-shop-reader.ts";
import { signRequest } from "#src/identity/http-signature.ts";
import { generateShopKey, type ShopKey } from "#src/identity/shop-key.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { type HubChainFixture, startHubChain } from "../../hub/support/hub-chain.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import { inDays, introduce, startTestShop, type TestShop } from "../support/test-shops.ts";

const [ANNA, BEN, OTHER] = [1, 2, 3];
let chain: HubChainFixture;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let anna: TestShop;
let ben: TestShop;
let read: ReadHubShop;
/** Whether Anna's node answers. */
let away = false;
const nextKeys: ShopKey[] = [];

beforeAll(async () => {
  [chain, postgres] = await Promise.all([startHubChain([ANNA, BEN, OTHER]), startTestPostgres()]);
  read = createHubShopReader(chain.chain, { hub: chain.hub });
  const common = {
    options: { hub: chain.hub },
    readHubShop: async (code: string) => {
      if (away) throw new HanseError("HANSE_RPC_UNAVAILABLE", "nobody answers");
      return await read(code);
    },
  };
  anna = await startTestShop({
    ...{ ...common, code: "ANNA", owner: testAccount(ANNA).address },
    databaseUrl: await postgres.fresh(),
  });
  ben = await startTestShop({
    ...{ ...common, code: "BEN", owner: testAccount(BEN).address, databaseUrl: await postgres.fresh() },
    keyStore: { others: async () => nextKeys, use: async () => undefined },
  });
  await introduce(anna, ben);
}, 120_000);
afterAll(async () => {
  for (const shop of [anna, ben]) await shop?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

/** What a request of a shop is answered by Anna: whether it is let in at all. */
async function asked(key: ShopKey, code = "BEN"): Promise<string | undefined> {
  const url = `${anna.endpoint}/api/v1/products`;
  const headers = await signRequest({ method: "GET", url, headers: {} }, { code, key }, "ANNA");
  const answer = await fetch(url, { headers });
  return ((await answer.json()) as { code?: string }).code;
}
/** It is let in, and has no right. */
const IN = "HANSE_RIGHT_MISSING";
const OUT = "HANSE_SIGNATURE_KEY_UNKNOWN";
const soon = (key: ShopKey) => expect.poll(() => asked(key), { timeout: 20_000, interval: 200 });
const join = (number: number, { code, key, endpoint }: Pick<TestShop, "code" | "key" | "endpoint">) =>
  chain.join(number, { code, key: key.publicKey, endpoint });
const update = (endpoint: string) =>
  chain.senderOf(BEN).send({
    ...{ address: chain.hub, abi: hubAbi, functionName: "update" as const },
    args: [shopCodeToHex("BEN"), endpoint, ""],
  });
const call = async () => {
  const answer = await ben.service.peers.find("ANNA");
  return answer.code;
};

describe("a shop that a hub service lists", () => {
  it("is not believed to be in before the Hub has it, however well it signs", async () => {
    expect(await asked(ben.key)).toBe(OUT);
    await expect(anna.service.peers.find("BEN")).rejects.toMatchObject({ code: "HANSE_SHOP_UNKNOWN" });
    await expect(
      anna.ask("/v1/owner/partnerships/BEN/request", { rights: ["sell"], until: inDays(30) }),
    ).rejects.toMatchObject({ code: "HANSE_SHOP_UNKNOWN" });
  });

  it("is in once the Hub has it, and is called once its endpoint has proved its key", async () => {
    await join(ANNA, anna);
    await join(BEN, ben);
    await soon(ben.key).toBe(IN);
    await expect.poll(call, { timeout: 20_000 }).toBe("ANNA");
    expect(await anna.service.peers.sealingKeyOf("BEN")).toBe(ben.key.publicKey);
  });

  it("of another owner than it has in the Hub is refused", async () => {
    const owner = testAccount(OTHER).address;
    const set = (to: Hex) =>
      anna.database.kysely.updateTable("peers").set({ owner: to }).where("code", "=", "BEN").execute();
    await set(owner);
    expect(await asked(ben.key)).toBe(OUT);
    await expect(anna.service.peers.find("BEN")).rejects.toMatchObject({ code: "HANSE_SHOP_UNPROVED" });
    await set(ben.owner);
    await soon(ben.key).toBe(IN);
  });

  it("is called where the Hub has it, and not where a hub service says", async () => {
    const set = (endpoint: string) =>
      anna.database.kysely.updateTable("peers").set({ endpoint }).where("code", "=", "BEN").execute();
    await set("https://elsewhere.example");
    expect((await anna.service.peers.find("BEN")).endpoint).toBe(ben.endpoint);
    await set(ben.endpoint);
  });

  it("that names another's endpoint is not called there", async () => {
    await update(anna.endpoint);
    await expect
      .poll(() => anna.service.peers.find("BEN").then(String, ({ code }) => code), { timeout: 40_000 })
      .toBe("HANSE_SHOP_UNPROVED");
    await expect(
      anna.service.post.call("BEN", "/v1/partnerships/leave", { schema: z.unknown() }),
    ).rejects.toMatchObject({
      code: "HANSE_SHOP_UNPROVED",
    });
    expect(await anna.service.peers.sealingKeyOf("BEN"), "the last that it proved").toBe(ben.key.publicKey);
    await update(ben.endpoint);
    await soon(ben.key).toBe(IN);
  });
});

describe("a key", () => {
  it("that is revoked in the Hub is good no more, though every hub service still lists it", async () => {
    const next = generateShopKey().key;
    await chain.rotate(BEN, "BEN", next.publicKey, 0);
    await soon(ben.key).toBe(OUT);
    expect(await asked(next), "and the next is not before its endpoint has proved it").toBe(OUT);
    nextKeys.push(next);
    await soon(next).toBe(IN);
    expect(await anna.service.peers.sealingKeyOf("BEN")).toBe(next.publicKey);
  });

  it("that was good when the chain went away is so while it is away", async () => {
    const [next] = nextKeys;
    away = true;
    expect(await asked(next as ShopKey)).toBe(IN);
    // What changed meanwhile cannot be confirmed: the other asks again.
    await introduce(anna, ben);
    await anna.database.kysely.updateTable("peers").set({ seen_at: new Date() }).execute();
    expect(await asked(next as ShopKey)).toBe("HANSE_RPC_UNAVAILABLE");
    away = false;
    await soon(next as ShopKey).toBe(IN);
  });
});

describe("a shop that the Hub suspends", () => {
  it("is let in no more, nor called, though every hub service still lists it, until that is lifted", async () => {
    const [next] = nextKeys;
    await chain.suspend("BEN", true);
    await soon(next as ShopKey).toBe(OUT);
    await expect(anna.service.peers.find("BEN")).rejects.toMatchObject({ code: "HANSE_SHOP_UNKNOWN" });
    await chain.suspend("BEN", false);
    await soon(next as ShopKey).toBe(IN);
  });
});

describe("a shop that leaves", () => {
  it("ends what is under way, and begins nothing new", async () => {
    await chain.leave(BEN, "BEN");
    const { standing } = await read("BEN");
    expect(standing).toBe("leaving");
    await anna.database.kysely
      .updateTable("peers")
      .set({ standing: "leaving" })
      .where("code", "=", "BEN")
      .execute();
    const [next] = nextKeys;
    expect(await asked(next as ShopKey)).toBe(IN);
    expect((await anna.service.peers.find("BEN")).endpoint).toBe(ben.endpoint);
    const wish = { rights: ["sell"], until: inDays(30) };
    await expect(anna.ask("/v1/owner/partnerships/BEN/request", wish)).rejects.toMatchObject({
      code: "HANSE_SHOP_LEAVING",
    });
  });

  it("while it is suspended says nothing more that counts", async () => {
    const carl = { code: "CARL", key: generateShopKey().key, endpoint: ben.endpoint };
    await join(OTHER, carl);
    await chain.suspend("CARL", true);
    await chain.leave(OTHER, "CARL");
    await anna.database.kysely
      .insertInto("peers")
      .values({
        ...{ code: "CARL", owner: testAccount(OTHER).address, endpoint: carl.endpoint },
        ...{ key: carl.key.publicKey, previous_key: null, previous_key_until: null },
        ...{ standing: "leaving", origin: "test", seen_at: new Date() },
      })
      .execute();
    expect(await read("CARL")).toMatchObject({ standing: "leaving", suspended: true });
    expect(await asked(carl.key, "CARL")).toBe(OUT);
    await expect(anna.service.peers.find("CARL")).rejects.toMatchObject({ code: "HANSE_SHOP_UNKNOWN" });
  });
});
