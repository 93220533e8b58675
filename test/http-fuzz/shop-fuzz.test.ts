import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorBodySchema } from "#src/http/error-body.ts";
import { RIGHTS } from "#src/identity/grant.ts";
import { signRequest } from "#src/identity/http-signature.ts";
import { isErrorCode } from "#src/kernel/error-codes.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "../shop/support/market-shops.ts";
import { introduce, makePartners, OWNER_TOKEN } from "../shop/support/test-shops.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { type OpenApi, operationsOf } from "./openapi-requests.ts";
import { type RawRequest, sendRaw } from "./raw-request.ts";

// Given a shop with its market, a partner that has every right, and whatever is sent to any operation of the shop's own
// document, signed as the partner, with the owner's token, or neither, then
// - nothing is answered with a 5xx
// - every refusal has the error shape, with one of our codes
// - stock is never below what is reserved, and the shop goes on

const DEEP = process.env.HANSE_TEST_DEEP === "1";
const RUNS = Number(process.env.HANSE_FUZZ_RUNS ?? (DEEP ? 600 : 20));
const seed = Number(process.env.HANSE_FUZZ_SEED ?? 20_261_128);

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let chain: GoodsChain;
let anna: MarketShop;
let ben: MarketShop;

beforeAll(async () => {
  [postgres, chain] = await Promise.all([startTestPostgres(), startGoodsChain()]);
  anna = await startMarketShop({ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh() });
  ben = await startMarketShop({ code: "BEN", owner: 6, chain, databaseUrl: await postgres.fresh() });
  await introduce(anna, ben);
  await makePartners(anna, ben, RIGHTS);
  await anna.stock.put(
    ["SOCK", "HAT"].map((sku) => ({
      ...{ internalId: sku, sku, name: sku, description: "", imageUrl: "", categories: [] },
      ...{ priceMinor: 500n, onHand: 40n },
    })),
  );
  await anna.market.syncCatalogue();
}, 120_000);
afterAll(async () => {
  await anna?.stop();
  await ben?.stop();
  await Promise.all([postgres?.stop(), chain?.stop()]);
});

/** As the partner signs it: what of it cannot be signed goes unsigned. */
async function signed(request: RawRequest): Promise<RawRequest> {
  const { method, path, headers = {}, body } = request;
  const url = URL.parse(`${anna.endpoint}${path}`);
  if (url === null || `${url.pathname}${url.search}` !== path) return request;
  const own = body === undefined ? headers : { "content-type": "application/json", ...headers };
  try {
    const all = await signRequest(
      { method, url: url.href, headers: own, ...(body === undefined ? {} : { body }) },
      ben,
      "ANNA",
    );
    return { ...request, headers: all };
  } catch {
    return request;
  }
}

const ways = {
  "as anybody": async (request: RawRequest) => request,
  "as a partner with every right": signed,
  "as the owner": async (request: RawRequest) => ({
    ...request,
    headers: { ...request.headers, authorization: `Bearer ${OWNER_TOKEN}` },
  }),
};

describe.each(Object.entries(ways))("a shop, asked %s", (way, prepare) => {
  it("answers every request to what it documents", { timeout: DEEP ? 900_000 : 180_000 }, async () => {
    const document = (await (await fetch(`${anna.endpoint}/docs/openapi.json`)).json()) as OpenApi;
    const operations = operationsOf(document);
    expect(operations.length).toBeGreaterThan(30);
    const met = { sent: 0, letIn: 0 };
    for (const { method, path, requests } of operations) {
      await fc.assert(
        fc.asyncProperty(requests, async (request) => {
          const { status, body } = await sendRaw(anna.endpoint, await prepare(request));
          expect(status, `${method} ${path}: ${body.slice(0, 400)}`).toBeLessThan(500);
          met.sent++;
          if (status !== 401) met.letIn++;
          if (status < 400 || method === "HEAD") return;
          expect(isErrorCode(errorBodySchema.parse(JSON.parse(body)).code), body).toBe(true);
        }),
        { seed, numRuns: RUNS },
      );
    }
    expect(met.letIn / met.sent, "how many got past the door").toBeGreaterThan(
      way === "as anybody" ? 0.1 : 0.3,
    );
    expect((await fetch(`${anna.endpoint}/healthz`)).status).toBe(200);
    const over = anna.log.filter((line) => line.includes('"level":"error"'));
    expect(over).toEqual([]);
  });
});

it("serves the document that is checked in", async () => {
  const document = await (await fetch(`${anna.endpoint}/docs/openapi.json`)).json();
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot("../../docs/openapi/shop.json");
});
