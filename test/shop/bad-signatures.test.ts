import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { signRequest } from "#src/identity/http-signature.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { introduce, makePartners, startTestShop, type TestShop } from "./support/test-shops.ts";

const MOST = 10;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let anna: TestShop;
let ben: TestShop;
beforeAll(async () => {
  postgres = await startTestPostgres();
  anna = await startTestShop({
    ...{ code: "ANNA", databaseUrl: await postgres.fresh(), options: { badRequestsPerMinute: MOST } },
  });
  ben = await startTestShop({ code: "BEN", databaseUrl: await postgres.fresh() });
  await introduce(anna, ben);
  await makePartners(anna, ben, ["share-inventory"]);
}, 60_000);
afterAll(async () => {
  for (const shop of [anna, ben]) await shop?.stop();
  await postgres?.stop();
});

const PRODUCTS = "/api/v1/products";
const CHANGES = "/v1/federation/changes";

/** One request from one of this machine's loopback addresses. */
async function ask(
  from: string,
  { path = PRODUCTS, key = ben.key, body }: { path?: string; key?: TestShop["key"]; body?: string } = {},
): Promise<{ status: number; code: string | undefined; retryAfter: string | undefined }> {
  const url = `${anna.endpoint}${path}`;
  const method = body === undefined ? "GET" : "POST";
  const own: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  const parts = { method, url, headers: own, ...(body === undefined ? {} : { body }) };
  const headers = { ...own, ...(await signRequest(parts, { code: "BEN", key }, "ANNA")) };
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, localAddress: from, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += String(chunk)));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          code: (JSON.parse(text) as { code?: string }).code,
          retryAfter: response.headers["retry-after"],
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

it("of one address are looked at so many in a minute, and nobody at another waits for it", async () => {
  const stranger = generateShopKey().key;
  // To whichever signed part they go, and with whatever is wrong.
  const bad = [
    () => ask("127.0.0.2", { key: stranger }),
    () => ask("127.0.0.2", { path: CHANGES, body: "{}" }),
    () => ask("127.0.0.2", { path: CHANGES, body: "{" }),
  ];
  for (let times = 0; times < MOST; times++) {
    const { status } = await (bad[times % bad.length] as (typeof bad)[number])();
    expect([400, 401]).toContain(status);
  }
  for (const again of bad) {
    const refused = await again();
    expect(refused).toMatchObject({ status: 429, code: "HANSE_RATE_LIMITED" });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
  }
  expect((await ask("127.0.0.3")).status, "a partner elsewhere").toBe(200);
  expect((await ask("127.0.0.3", { key: stranger })).status, "and a stranger there").toBe(401);
});

it("good requests use nothing up, nor does what a partner may not do", async () => {
  for (let times = 0; times <= MOST; times++) expect((await ask("127.0.0.4")).status).toBe(200);
  for (let times = 0; times <= MOST; times++)
    expect((await ask("127.0.0.4", { path: `${PRODUCTS}?featured=true` })).status).toBe(403);
  expect((await ask("127.0.0.4")).status).toBe(200);
});
