import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHubShopReader } from "#src/chain/hub-shop-reader.ts";
import { createHubClient } from "#src/client/hub-client.ts";
import { CHANGE_PATH, type ChangePost } from "#src/client/hub-schema.ts";
import { HUB_SIGNER, signRequest } from "#src/identity/http-signature.ts";
import { generateShopKey, type ShopKey } from "#src/identity/shop-key.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { type HubChainFixture, startHubChain } from "../../hub/support/hub-chain.ts";
import { startTestHub, type TestHub } from "../../hub/support/test-hub.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import { startTestShop, type TestShop } from "../support/test-shops.ts";

const [ANNA, BEN] = [1, 2];
let chain: HubChainFixture;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
/** The hub service that Anna listens to, and one that she does not know. */
let hub: TestHub;
let stranger: TestHub;
let anna: TestShop;

beforeAll(async () => {
  [chain, postgres] = await Promise.all([startHubChain([ANNA, BEN]), startTestPostgres()]);
  hub = await startTestHub(chain, await postgres.fresh());
  stranger = await startTestHub(chain, await postgres.fresh());
  const client = createHubClient({}, { baseUrl: hub.url });
  anna = await startTestShop({
    ...{ code: "ANNA", owner: testAccount(ANNA).address, databaseUrl: await postgres.fresh() },
    hubs: [{ url: hub.url, client }],
    options: { hub: chain.hub },
    readHubShop: createHubShopReader(chain.chain, { hub: chain.hub }),
  });
}, 120_000);
afterAll(async () => {
  await anna?.stop();
  for (const each of [hub, stranger]) await each?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

const change = (over: Partial<ChangePost> = {}): ChangePost => ({
  ...{ id: randomUUID(), hub: hub.url, type: "joined", code: "BEN", sequence: "1" },
  ...over,
});
const bodyOf = (body: unknown) => ({
  ...{ method: "POST", url: `${anna.endpoint}${CHANGE_PATH}`, body: JSON.stringify(body) },
  headers: { "content-type": "application/json" },
});
async function send(parts: ReturnType<typeof bodyOf>, headers: Record<string, string> = parts.headers) {
  const answer = await fetch(parts.url, { method: "POST", body: parts.body, headers });
  const said = (await answer.json()) as { code?: string; looking?: boolean };
  return { status: answer.status, ...said };
}
async function tell(
  body: unknown,
  { key = hub.key, code = HUB_SIGNER, to = "ANNA" }: { key?: ShopKey; code?: string; to?: string } = {},
) {
  const parts = bodyOf(body);
  return await send(parts, await signRequest(parts, { code, key }, to));
}
/** How often Anna looked because of a change. */
const looks = () => anna.log.filter((line) => line.includes("tells of a change")).length;

describe("a change is refused, and nobody looks,", () => {
  it.each<[string, string, () => ReturnType<typeof send>]>([
    ["unsigned", "HANSE_SIGNATURE_MISSING", () => send(bodyOf(change()))],
    ["of another hub service", "HANSE_SIGNATURE_KEY_UNKNOWN", () => tell(change(), { key: stranger.key })],
    [
      "of another hub service in its own name",
      "HANSE_SIGNATURE_KEY_UNKNOWN",
      () => tell(change({ hub: stranger.url }), { key: stranger.key }),
    ],
    [
      "of whoever made a key of its own",
      "HANSE_SIGNATURE_KEY_UNKNOWN",
      () => tell(change(), { key: generateShopKey().key }),
    ],
    [
      "with the hub service's key, as a shop",
      "HANSE_SIGNATURE_KEY_UNKNOWN",
      () => tell(change(), { code: "BEN" }),
    ],
    ["for another shop", "HANSE_SIGNATURE_ADDRESSEE_MISMATCH", () => tell(change(), { to: "BEN" })],
    ["of a kind that there is not", "HANSE_REQUEST_INVALID", () => tell({ ...change(), type: "sold" })],
    ["that says more than there is to say", "HANSE_REQUEST_INVALID", () => tell({ ...change(), key: "0x" })],
  ])("%s", async (_, code, ask) => {
    const before = looks();
    expect(await ask()).toMatchObject({ code });
    expect(looks()).toBe(before);
  });

  it("replayed", async () => {
    const parts = bodyOf(change());
    const headers = await signRequest(parts, { code: HUB_SIGNER, key: hub.key }, "ANNA");
    expect(await send(parts, headers)).toMatchObject({ status: 202, looking: true });
    const before = looks();
    expect(await send(parts, headers)).toMatchObject({ status: 401, code: "HANSE_SIGNATURE_REPLAYED" });
    expect(looks()).toBe(before);
  });
});

it("a change at a hub service that is not listened to is no reason to look", async () => {
  const before = looks();
  expect(await tell(change({ hub: stranger.url }))).toMatchObject({ status: 202, looking: false });
  expect(looks()).toBe(before);
});

it("a change that is told twice is the same list as told once", async () => {
  const { key } = generateShopKey();
  await chain.join(ANNA, { code: "ANNA", key: anna.key.publicKey, endpoint: anna.endpoint });
  await chain.join(BEN, { code: "BEN", key: key.publicKey, endpoint: "http://127.0.0.1:9" });
  // The hub service tells it by itself.
  const rows = () => anna.database.kysely.selectFrom("peers").selectAll().orderBy("code").execute();
  await expect.poll(async () => (await rows()).map(({ code }) => code), { timeout: 20_000 }).toContain("BEN");
  const before = {
    peers: await rows(),
    told: await anna.database.kysely.selectFrom("told_shops").selectAll().execute(),
  };
  const same = change({ sequence: (await hub.client.shop("BEN")).sequence });
  for (let times = 0; times < 3; times++) {
    expect(await tell(same)).toMatchObject({ status: 202, looking: true });
    await anna.service.directory.sync();
  }
  expect({
    peers: await rows(),
    told: await anna.database.kysely.selectFrom("told_shops").selectAll().execute(),
  }).toEqual(before);
});
