import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHANGE_PATH } from "#src/client/hub-schema.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { query, startTestPostgres } from "../store/test-database.ts";
import { type HubChainFixture, startHubChain } from "./support/hub-chain.ts";
import { startTestHub, type TestHub, until } from "./support/test-hub.ts";
import { startTestShop, type TestShop } from "./support/test-shop.ts";

const OWNER = 1;
let chain: HubChainFixture;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let hub: TestHub;
let databaseUrl: string;
const shops: TestShop[] = [];

beforeAll(async () => {
  [chain, postgres] = await Promise.all([startHubChain([OWNER]), startTestPostgres()]);
  databaseUrl = await postgres.fresh();
  hub = await startTestHub(chain, databaseUrl, { deliveryRetries: 2 });
}, 120_000);
afterAll(async () => {
  await hub?.stop();
  await Promise.all(shops.map((shop) => shop.stop()));
  await postgres?.stop();
  await chain?.stop();
});

async function startShop(code: string): Promise<TestShop> {
  const { address: owner } = testAccount(OWNER);
  const shop = await startTestShop({ chainId: 31_337, hub: chain.hub, owner, code });
  shop.hubKey = hub.key.publicKey;
  shops.push(shop);
  return shop;
}

const joinAs = (shop: TestShop) =>
  chain.join(OWNER, { code: shop.said.code, key: shop.key.publicKey, endpoint: shop.endpoint });
const heard = (shop: TestShop, type: string, code: string) =>
  until(`${shop.said.code} heard that ${code} ${type}`, () =>
    shop.deliveries.some((each) => each.type === type && each.code === code),
  );

describe("members are told", () => {
  it("who joins, rotates, is suspended, and leaves, signed with the service's key", async () => {
    const [one, two] = [await startShop("FIRST"), await startShop("SECOND")];
    await joinAs(one);
    await joinAs(two);
    await heard(one, "joined", "SECOND");
    await heard(two, "joined", "SECOND");
    await chain.rotate(OWNER, "SECOND", one.key.publicKey, 60);
    await heard(one, "rotated", "SECOND");
    await chain.suspend("SECOND", true);
    await heard(one, "suspended", "SECOND");
    await chain.suspend("SECOND", false);
    await heard(one, "restored", "SECOND");
    await chain.leave(OWNER, "SECOND");
    await heard(one, "left", "SECOND");
    expect(one.refused).toEqual([]);
    // Who left is told nothing any more.
    expect(two.deliveries.some(({ type }) => type === "left")).toBe(false);
    expect(await hub.client.keys()).toEqual([hub.key.publicKey]);
    const last = one.deliveries.at(-1);
    expect(last).toMatchObject({ hub: hub.url, code: "SECOND" });
    expect(last?.sequence).toBe((await hub.client.shop("SECOND")).sequence);
  });

  it("again where they did not take it, under the same id, until an end", async () => {
    const shop = await startShop("FRAIL");
    // Fails twice, and then takes it.
    shop.answer = (attempt) => (attempt <= 2 ? 503 : 204);
    await joinAs(shop);
    await until("three deliveries", () => shop.deliveries.length === 3);
    expect(new Set(shop.deliveries.map(({ id }) => id)).size).toBe(1);
    expect(shop.refused).toEqual([]);

    const never = await startShop("NEVER");
    never.answer = () => 500;
    await joinAs(never);
    const jobs = () =>
      query<{ state: string; retry_count: number }>(
        databaseUrl,
        `select state::text, retry_count from hub_queue.job where data->>'endpoint' = '${never.endpoint}'`,
      );
    await until("it is given up", async () => (await jobs()).some(({ state }) => state === "failed"));
    expect(never.deliveries.filter(({ code }) => code === "NEVER")).toHaveLength(3);
    // Nobody else waits for it.
    await heard(shop, "joined", "NEVER");
  });

  it("also while one of them takes connections and never answers", async () => {
    const [silent, other] = [await startShop("SILENT"), await startShop("PROMPT")];
    const stillness = Promise.withResolvers<number>();
    silent.answer = () => stillness.promise;
    await joinAs(silent);
    await joinAs(other);
    // More changes than there are hands to tell of them.
    for (let i = 0; i < 9; i++) await chain.rotate(OWNER, "SILENT", generateShopKey().key.publicKey, 60);
    await until(
      "the other heard of all",
      () => other.deliveries.filter(({ code, type }) => code === "SILENT" && type === "rotated").length === 9,
    );
    expect(silent.deliveries.length).toBeLessThan(9);
    stillness.resolve(204);
  });

  it("without following where a shop redirects", async () => {
    const [goal, away] = [await startShop("GOALS"), await startShop("AWAYS")];
    away.answer = () => 308;
    await joinAs(away);
    await until("it was asked", () => away.deliveries.length > 0);
    expect(goal.deliveries).toEqual([]);
  });

  it("by nobody else: what another signs is refused by whoever looks", async () => {
    const shop = shops[0] as TestShop;
    const before = shop.deliveries.length;
    const response = await fetch(`${shop.endpoint}${CHANGE_PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(response.status).toBe(401);
    expect(shop.deliveries).toHaveLength(before);
  });

  it("not at private addresses, where those are not allowed", async () => {
    const shop = await startShop("INNER");
    const strict = await startTestHub(chain, await postgres.fresh(), {
      allowPrivate: false,
      deliveryRetries: 0,
    });
    try {
      shop.hubKey = strict.key.publicKey;
      await joinAs(shop);
      await strict.until("INNER", "member");
      await until("it is tried", async () =>
        /result="failed".*\} [1-9]/.test(
          await strict.metrics.getSingleMetricAsString("hub_deliveries_total"),
        ),
      );
      expect(shop.deliveries).toEqual([]);
    } finally {
      await strict.stop();
    }
  });
});
