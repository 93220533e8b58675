import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { type ShopView, shopJwksSchema } from "#src/client/hub-schema.ts";
import type { HubTables } from "#src/hub/hub-tables.ts";
import { generateShopKey, publicJwk } from "#src/identity/shop-key.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import { openDatabase } from "#src/store/database.ts";
import { silent, startTestPostgres } from "../store/test-database.ts";
import { deployHub, type HubChainFixture, startHubChain, UNBONDING_S } from "./support/hub-chain.ts";
import { startTestHub, type TestHub, until } from "./support/test-hub.ts";

const OWNER = 1;
let chain: HubChainFixture;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let hub: TestHub;

beforeAll(async () => {
  [chain, postgres] = await Promise.all([startHubChain([OWNER]), startTestPostgres()]);
  hub = await startTestHub(chain, await postgres.fresh());
}, 120_000);
afterAll(async () => {
  await hub?.stop();
  await postgres?.stop();
  await chain?.stop();
});

function newShop(code: string) {
  return { code, key: generateShopKey().key.publicKey, endpoint: `https://${code.toLowerCase()}.example` };
}

/** How many changes of a shop there were. */
async function statesOf(code: string): Promise<number> {
  const states = await hub.database.kysely
    .selectFrom("shop_states")
    .select("block")
    .where("code", "=", code)
    .execute();
  return states.length;
}

/** As a peer keeps it: from the beginning, page by page, and then what changed. */
function follower(of: TestHub) {
  const shops = new Map<string, ShopView>();
  let since: string | undefined;
  return {
    shops,
    members: () =>
      [...shops.values()]
        .filter(({ standing }) => standing === "member")
        .map(({ code }) => code)
        .sort(),
    async pull(limit = 2) {
      for (let more = true; more; ) {
        const page = await of.client.shops({ limit, ...(since === undefined ? {} : { since }) });
        for (const shop of page.shops) shops.set(shop.code, shop);
        since = page.next;
        more = page.more;
      }
    },
  };
}

describe("the list", () => {
  it("is told by pages, changes with tombstones, and nothing twice for no reason", async () => {
    const peer = follower(hub);
    await peer.pull();
    expect(peer.members()).toEqual([]);
    for (const code of ["SHOPA1", "SHOPA2", "SHOPA3", "SHOPA4", "SHOPA5"])
      await chain.join(OWNER, newShop(code));
    await hub.until("SHOPA5", "member");
    await peer.pull();
    expect(peer.members()).toEqual(["SHOPA1", "SHOPA2", "SHOPA3", "SHOPA4", "SHOPA5"]);
    const before = new Map(peer.shops);
    await peer.pull();
    expect(peer.shops).toEqual(before);

    await chain.suspend("SHOPA2", true);
    await chain.leave(OWNER, "SHOPA4");
    await hub.until("SHOPA4", "leaving");
    await peer.pull();
    expect(peer.members()).toEqual(["SHOPA1", "SHOPA3", "SHOPA5"]);
    expect(peer.shops.get("SHOPA2")).toMatchObject({ standing: "suspended" });
    expect(peer.shops.get("SHOPA2")).not.toHaveProperty("shop");
    // One that leaves has deals to end: it is called, and signs, until it has left.
    expect(peer.shops.get("SHOPA4")).toMatchObject({
      ...{ standing: "leaving", shop: { endpoint: "https://shopa4.example" } },
    });
    // Who comes now is not told of shops that are none.
    const late = follower(hub);
    await late.pull(500);
    expect([...late.shops.keys()].sort()).toEqual(["SHOPA1", "SHOPA3", "SHOPA4", "SHOPA5"]);

    await chain.suspend("SHOPA2", false);
    await hub.until("SHOPA2", "member");
    await Promise.all([peer.pull(), late.pull()]);
    expect(late.members()).toEqual(["SHOPA1", "SHOPA2", "SHOPA3", "SHOPA5"]);
    expect(peer.members()).toEqual(late.members());
  });

  it("goes on whatever a shop writes of itself: the contract takes all of it", async () => {
    const [odd, plain] = [newShop("ODDONE"), newShop("AFTERODD")];
    await chain.join(OWNER, { ...odd, endpoint: `${odd.endpoint}\0`, profile: `\0${"x".repeat(2_000)}` });
    await chain.join(OWNER, plain);
    await hub.until("AFTERODD", "member");
    const { shops } = await hub.client.shops({ limit: 500 });
    const listed = shops.find(({ code }) => code === "ODDONE")?.shop;
    expect(listed?.endpoint).toBe(`${odd.endpoint}\ufffd`);
    expect(listed?.profile).toBe(`\ufffd${"x".repeat(511)}`);
  });

  it("is not sent again to whoever has it", async () => {
    const ask = (etag?: string) =>
      fetch(`${hub.url}/v1/shops`, etag === undefined ? {} : { headers: { "if-none-match": etag } });
    const first = await ask();
    const etag = first.headers.get("etag") ?? "";
    await first.text();
    for (const named of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await ask(named);
      expect(again.status, named).toBe(304);
      expect(await again.text()).toBe("");
    }
    expect((await ask('"x"')).status).toBe(200);
    await chain.join(OWNER, newShop("NEWER"));
    await hub.until("NEWER", "member");
    const changed = await ask(etag);
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).not.toBe(etag);
  });

  it.each([
    "?since=x",
    "?since=-1",
    "?limit=0",
    "?limit=501",
    `?since=${"9".repeat(30)}`,
    "?limit=x",
    "?other=1",
  ])("refuses %s", async (query) => {
    const response = await fetch(`${hub.url}/v1/shops${query}`);
    expect(response.status).toBe(400);
  });

  it("does not change where a shop tells again what it said", async () => {
    const { shop } = await hub.client.shop("SHOPA1");
    const before = await statesOf("SHOPA1");
    const update = async (endpoint: string) => {
      const args = [shopCodeToHex("SHOPA1"), endpoint, ""] as const;
      await chain.senderOf(OWNER).send({ address: chain.hub, abi: hubAbi, functionName: "update", args });
    };
    await update(shop?.endpoint ?? "");
    await update("https://moved.example");
    await until(
      "it has moved",
      async () => (await hub.client.shop("SHOPA1")).shop?.endpoint === "https://moved.example",
    );
    expect((await statesOf("SHOPA1")) - before, "one change, not two").toBe(1);
    await update("https://shopa1.example");
    await until(
      "it is back",
      async () => (await hub.client.shop("SHOPA1")).shop?.endpoint === "https://shopa1.example",
    );
  });

  it("has the keys of shops as a set of their own: that before too, until its overlap ends", async () => {
    const [turned, revoked, gone] = ["KEYTURN", "KEYREV", "KEYGONE"].map(newShop) as ReturnType<
      typeof newShop
    >[];
    for (const shop of [turned, revoked, gone]) await chain.join(OWNER, shop as ReturnType<typeof newShop>);
    const [next, other] = [generateShopKey(), generateShopKey()].map(({ key }) => key.publicKey);
    await chain.rotate(OWNER, "KEYTURN", next as `0x${string}`, 3_600);
    await chain.rotate(OWNER, "KEYREV", other as `0x${string}`, 0);
    // Suspended, and then it leaves: nobody has to hear it out.
    await chain.suspend("KEYGONE", true);
    await chain.leave(OWNER, "KEYGONE");
    await hub.until("KEYGONE", "leaving");
    const { keys } = shopJwksSchema.parse(await (await fetch(`${hub.url}/v1/shops/jwks.json`)).json());
    const of = (code: string) => keys.filter(({ kid }) => kid.startsWith(`${code}:`)).map(({ x }) => x);
    const x = (key = "0x") => publicJwk(key as `0x${string}`).x;
    expect(of("KEYTURN")).toEqual([x(next), x(turned?.key)]);
    expect(of("KEYREV")).toEqual([x(other)]);
    expect(of("KEYGONE")).toEqual([]);
    expect(await hub.client.shop("KEYGONE")).not.toHaveProperty("shop");
    expect(keys.every(({ kid, x: key }) => kid.endsWith(`:${key}`))).toBe(true);
    // None of them speaks for the service.
    expect(await hub.client.keys()).toEqual([hub.key.publicKey]);
  });

  it("of a database that was set back tells again what it lost, and never a number twice", async () => {
    const { next } = await hub.client.shops({ limit: 500 });
    const ahead = String(BigInt(next) + 1_000n);
    const page = await hub.client.shops({ since: ahead, limit: 500 });
    expect(BigInt(page.next), "whoever asks sees it fall").toBeLessThan(BigInt(ahead));
    expect(page.shops.map(({ code }) => code)).toContain("SHOPA1");
    const url = await postgres.fresh();
    const first = await startTestHub(chain, url);
    await first.until("KEYTURN", "member");
    const told = await first.client.shops({ limit: 500 });
    await first.stop();
    // As a copy of before that shop: the feed has its name still, and what came after is told anew.
    const database = await openDatabase<HubTables>({ logger: silent }, { url, schema: "hub" });
    for (const table of ["shops", "shop_states", "blocks"] as const)
      await database.kysely.deleteFrom(table).execute();
    await database.kysely.updateTable("feed").set({ sequence: 0n }).execute();
    await database.close();
    const again = await startTestHub(chain, url);
    try {
      await again.until("KEYGONE", "leaving");
      const since = await again.client.shops({ since: told.next, limit: 500 });
      expect(since.shops.map(({ code }) => code)).toEqual(expect.arrayContaining(["SHOPA1", "KEYTURN"]));
    } finally {
      await again.stop();
    }
  });

  it("counts requests by network, and those that come by a proxy by whose they are", async () => {
    const behind = await startTestHub(
      chain,
      await postgres.fresh(),
      { requestLimit: 2 },
      { trustProxy: ["127.0.0.1"] },
    );
    try {
      const from = async (address: string) =>
        (await fetch(`${behind.url}/v1/shops`, { headers: { "x-forwarded-for": address } })).status;
      expect([await from("2001:db8::1"), await from("2001:db8::2"), await from("2001:db8::3")]).toEqual([
        200, 200, 429,
      ]);
      expect(await from("2001:db8:0:1::1"), "another's network").toBe(200);
      expect(await from("192.0.2.7")).toBe(200);
    } finally {
      await behind.stop();
    }
  });

  it("is told so often, and no oftener", async () => {
    const strict = await startTestHub(chain, await postgres.fresh(), { requestLimit: 5, strictLimit: 2 });
    try {
      const statuses = [];
      for (let i = 0; i < 7; i++) statuses.push((await fetch(`${strict.url}/v1/shops`)).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
      const refused = await fetch(`${strict.url}/v1/shops`);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ code: "HANSE_RATE_LIMITED", retryable: true });
      // What watches it still may.
      for (const path of ["/healthz", "/metrics"])
        expect((await fetch(`${strict.url}${path}`)).status).toBe(200);
      const tried = [];
      for (let i = 0; i < 3; i++) {
        tried.push((await fetch(`${strict.url}/v1/auth/nonce`, { method: "POST" })).status);
      }
      expect(tried).toEqual([200, 200, 429]);
    } finally {
      await strict.stop();
    }
  });

  it("takes back a shop whose joining did not happen, and has it again when it did", async () => {
    const peer = follower(hub);
    await peer.pull(500);
    const head = await chain.chain.viem.getBlockNumber();
    await chain.join(OWNER, newShop("UNDONE"));
    await hub.until("UNDONE", "member");
    await peer.pull();
    expect(peer.members()).toContain("UNDONE");
    const depth = Number((await chain.chain.viem.getBlockNumber()) - head);
    await chain.command("anvil_reorg", [depth, []]);
    await hub.until("UNDONE", "gone");
    await peer.pull();
    expect(peer.members()).not.toContain("UNDONE");
    // All that was before stands.
    expect(peer.members()).toEqual(expect.arrayContaining(["SHOPA1", "SHOPA3"]));
    // Its sender hears of it with the next transaction, and sends again what was undone.
    await chain.join(OWNER, newShop("AFTER1"));
    await hub.until("UNDONE", "member");
    await peer.pull();
    expect(peer.members()).toContain("UNDONE");
  });

  it("goes back to the key and standing before, where their change did not happen", async () => {
    const shop = newShop("TURNED");
    await chain.join(OWNER, shop);
    await hub.until("TURNED", "member");
    const head = await chain.chain.viem.getBlockNumber();
    await chain.rotate(OWNER, "TURNED", generateShopKey().key.publicKey, 60);
    await chain.leave(OWNER, "TURNED");
    await hub.until("TURNED", "leaving");
    await chain.command("anvil_reorg", [Number((await chain.chain.viem.getBlockNumber()) - head), []]);
    await hub.until("TURNED", "member");
    const { shop: listed } = await hub.client.shop("TURNED");
    expect(listed).toMatchObject({ key: shop.key });
    expect(listed).not.toHaveProperty("previousKey");
  });

  it("is refused on a database of another Hub", async () => {
    const url = await postgres.fresh();
    const one = await startTestHub(chain, url);
    await one.stop();
    const other = { ...chain, hub: await deployHub(chain.rpcUrl, chain.clerk) };
    await expect(startTestHub(other, url)).rejects.toMatchObject({ code: "HANSE_CHAIN_MISMATCH" });
  });
});

describe("another hub service", () => {
  it("is followed: its shops are listed with their origin, and never in the place of one of ours", async () => {
    const theirHub = await deployHub(chain.rpcUrl, chain.clerk);
    const theirChain = { ...chain, hub: theirHub };
    const them = await startTestHub(theirChain, await postgres.fresh());
    const joinThem = async (shop: ReturnType<typeof newShop>) => {
      const sender = chain.senderOf(OWNER);
      const allow = [theirHub, 10n ** 12n / 2n] as const;
      await sender.send({ address: chain.clerk, abi: clerkAbi, functionName: "allowCertifier", args: allow });
      const args = [shopCodeToHex(shop.code), shop.key, shop.endpoint, ""] as const;
      await sender.send({ address: theirHub, abi: hubAbi, functionName: "join", args });
    };
    // SHOPA1 is ours, and a stranger's there.
    for (const code of ["SHOPA1", "THEIRS", "LATER"])
      await joinThem({ ...newShop(code), endpoint: `https://${code}.there.example` });
    await them.until("LATER", "member");
    const url = await postgres.fresh();
    const us = await startTestHub(chain, url, { origins: [them.url] });
    try {
      await us.until("THEIRS", "member");
      await us.until("SHOPA1", "member");
      expect(await us.client.shop("THEIRS")).toMatchObject({ origin: them.url });
      expect(await us.client.shop("SHOPA1")).not.toHaveProperty("origin");
      expect((await us.client.shop("SHOPA1")).shop?.endpoint).toBe("https://shopa1.example");

      // One of theirs joins ours: it is ours from then on.
      await chain.join(OWNER, newShop("LATER"));
      await until("LATER is ours", async () => (await us.client.shop("LATER")).origin === undefined);
      expect((await us.client.shop("LATER")).shop?.endpoint).toBe("https://later.example");

      // What leaves there is gone here, and what they do with a code of ours changes nothing.
      for (const code of ["LATER", "SHOPA1", "THEIRS"]) {
        const args = [shopCodeToHex(code)] as const;
        await chain.senderOf(OWNER).send({ address: theirHub, abi: hubAbi, functionName: "leave", args });
      }
      await us.until("THEIRS", "leaving");
      await chain.command("evm_increaseTime", [UNBONDING_S + 1]);
      await chain.command("evm_mine");
      const released = [shopCodeToHex("THEIRS")] as const;
      await chain
        .senderOf(OWNER)
        .send({ address: theirHub, abi: hubAbi, functionName: "release", args: released });
      await us.until("THEIRS", "gone");
      expect((await us.client.shop("SHOPA1")).standing).toBe("member");
      expect((await us.client.shop("LATER")).standing).toBe("member");

      // It is away: the list stays, and is gone on with.
      await joinThem({ ...newShop("AGAIN"), endpoint: "https://again.there.example" });
      await us.until("AGAIN", "member");
      await them.stop();
      await until("a failed look is counted", async () =>
        (await us.metrics.getSingleMetricAsString("hub_origin_polls_total")).includes('result="failed"'),
      );
      expect((await us.client.shop("AGAIN")).standing).toBe("member");
    } finally {
      await us.stop();
    }
    // It is followed no more: nothing of it is listed.
    const alone = await startTestHub(chain, url);
    try {
      await alone.until("AGAIN", "gone");
      expect((await alone.client.shop("SHOPA1")).standing).toBe("member");
    } finally {
      await alone.stop();
    }
  }, 90_000);
});
