import { afterAll, beforeAll, expect, it } from "vitest";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { signRequest } from "#src/identity/http-signature.ts";
import type { ShopKey } from "#src/identity/shop-key.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import {
  becomePartners,
  type Federation,
  keyIn,
  type ShopProcess,
  startFederation,
} from "./federation-fixture.ts";

// Given a hub service and two shops as processes that joined by it, and nothing written into their databases by hand
// - they know each other, become partners, and read each other's products
// - a shop changes its key while requests are under way: none is lost, with an overlap and without
// - the old key is good for nothing once it is revoked
// - who leaves ends what is under way and begins nothing new, and is refused once it has left

let federation: Federation;
let anna: ShopProcess;
let ben: ShopProcess;

beforeAll(async () => {
  federation = await startFederation([
    { code: "ANNA", owner: 5 },
    { code: "BEN", owner: 7 },
  ]);
  [anna, ben] = federation.shops as [ShopProcess, ShopProcess];
}, 180_000);
afterAll(async () => {
  await federation?.stop();
});

/** Sooner than shops poll: what they know they were told. */
const SOON = { timeout: 15_000, interval: 100 };
const sync = (reader: ShopProcess, of: ShopProcess) => reader.ask(`/v1/owner/listings/${of.code}/sync`, {});

/** What a request signed with a key is answered. */
async function askedWith(shop: ShopProcess, code: string, key: ShopKey): Promise<string> {
  const url = `${shop.endpoint}/api/v1/products`;
  const headers = await signRequest({ method: "GET", url, headers: {} }, { code, key }, shop.code);
  const answer = await fetch(url, { headers });
  return answer.ok ? "taken" : ((await answer.json()) as { code: string }).code;
}

/** Polls until told to stop; what failed. */
function pollOnAndOn(reader: ShopProcess, of: ShopProcess) {
  const failures: unknown[] = [];
  let polls = 0;
  let going = true;
  const done = (async () => {
    while (going) {
      await sync(reader, of).catch((error: unknown) => failures.push(error));
      polls++;
    }
  })();
  return {
    polls: () => polls,
    async stop() {
      going = false;
      await done;
      return failures;
    },
  };
}

/** The key that a shop signs its statement with. */
async function signsWith(shop: ShopProcess): Promise<unknown> {
  const answer = await fetch(`${shop.endpoint}/.well-known/hanse-shop`);
  const [, payload = ""] = (await answer.text()).split(".");
  return (JSON.parse(Buffer.from(payload, "base64url").toString()) as { key: string }).key;
}

it("they know each other by the hub service, and become partners", { timeout: 60_000 }, async () => {
  for (const [one, other] of [
    [anna, ben],
    [ben, anna],
  ] as const) {
    await expect
      .poll(
        async () =>
          (await one.database.kysely.selectFrom("peers").select("code").execute()).map(({ code }) => code),
        SOON,
      )
      .toEqual(expect.arrayContaining([one.code, other.code]));
  }
  await becomePartners(anna, ben, ["share-inventory", "sell"]);
  await becomePartners(ben, anna, ["share-inventory"]);
  for (const shop of [anna, ben]) {
    await shop.ask("/v1/owner/products/import", {
      format: "csv",
      content: "sku,name,price,quantity\nHAT,A hat,5.00,3\n",
    });
  }
  await sync(ben, anna);
  await sync(anna, ben);
  for (const shop of [anna, ben]) {
    const rows = await shop.database.kysely.selectFrom("listings").select("sku").execute();
    expect(rows, shop.code).toEqual([{ sku: "HAT" }]);
  }
});

it("a key is changed with an overlap while requests are under way", { timeout: 90_000 }, async () => {
  const old = await keyIn(ben, "shop.key");
  const next = await keyIn(ben, "shop.next.key");
  const polling = pollOnAndOn(ben, anna);
  await federation.onHub(ben, (hub, token) =>
    hub.rotateKey(token, "BEN", { key: next.publicKey, overlapS: 600 }),
  );
  await expect.poll(() => signsWith(ben), SOON).toBe(next.publicKey);
  const before = polling.polls();
  await expect.poll(() => polling.polls(), SOON).toBeGreaterThan(before + 5);
  expect(await polling.stop()).toEqual([]);
  expect((await keyIn(ben, "shop.key")).publicKey, "after a restart too").toBe(next.publicKey);
  expect((await keyIn(ben, "shop.previous.key")).publicKey).toBe(old.publicKey);
  await ben.kill();
  await ben.start();
  expect(await signsWith(ben)).toBe(next.publicKey);
  expect(await askedWith(anna, "BEN", old), "in the overlap").toBe("taken");
});

it("a key is revoked at once while requests are under way", { timeout: 90_000 }, async () => {
  const old = await keyIn(anna, "shop.key");
  const next = await keyIn(anna, "shop.next.key");
  const polling = pollOnAndOn(anna, ben);
  await federation.onHub(anna, (hub, token) =>
    hub.rotateKey(token, "ANNA", { key: next.publicKey, overlapS: 0 }),
  );
  await expect.poll(() => signsWith(anna), SOON).toBe(next.publicKey);
  await expect.poll(() => askedWith(ben, "ANNA", old), SOON).toBe("HANSE_SIGNATURE_KEY_UNKNOWN");
  const before = polling.polls();
  await expect.poll(() => polling.polls(), SOON).toBeGreaterThan(before + 5);
  expect(await polling.stop()).toEqual([]);
});

it("who leaves ends what is under way, and is refused once it has left", { timeout: 90_000 }, async () => {
  await sync(anna, ben);
  await federation.onHub(anna, (hub, token) => hub.leave(token, "ANNA"));
  const key = await keyIn(anna, "shop.key");
  const wish = { rights: ["sell"], until: new Date(Date.now() + 86_400_000).toISOString() };
  const wanted = () =>
    ben.ask("/v1/owner/partnerships/ANNA/request", wish).then(String, ({ code }) => String(code));
  await expect.poll(wanted, SOON).toBe("HANSE_SHOP_LEAVING");
  expect(await askedWith(ben, "ANNA", key)).toBe("taken");
  await sync(ben, anna);

  const { chain } = federation;
  await chain.pass(301);
  const args = [shopCodeToHex("ANNA")] as const;
  const { hub } = chain.deployment.contracts;
  await chain.senderOf(9).send({ address: hub, abi: hubAbi, functionName: "release", args });
  await expect.poll(() => askedWith(ben, "ANNA", key), SOON).toBe("HANSE_SIGNATURE_KEY_UNKNOWN");
  await expect.poll(() => sync(ben, anna).then(String, ({ code }) => code), SOON).toBe("HANSE_SHOP_UNKNOWN");
});
