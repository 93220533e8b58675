import { afterAll, beforeAll, expect, it } from "vitest";
import { signRequest } from "#src/identity/http-signature.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { introduce, makePartners, startTestShop, type TestShop } from "./support/test-shops.ts";

const LIMIT = 30;

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let [anna, ben, carl]: TestShop[] = [];

beforeAll(async () => {
  postgres = await startTestPostgres();
  anna = await startTestShop({
    ...{ code: "ANNA", databaseUrl: await postgres.fresh() },
    options: { partnerRequestsPerMinute: LIMIT },
  });
  ben = await startTestShop({ code: "BEN", databaseUrl: await postgres.fresh() });
  carl = await startTestShop({ code: "CARL", databaseUrl: await postgres.fresh() });
  await introduce(anna, ben, carl);
  for (const partner of [ben, carl]) await makePartners(anna, partner, ["share-inventory"]);
}, 60_000);
afterAll(async () => {
  for (const shop of [anna, ben, carl]) await shop?.stop();
  await postgres?.stop();
});

/** One signed request for products; all partners ask from the same address. */
async function ask(partner: TestShop | undefined) {
  if (anna === undefined || partner === undefined) throw new Error("no shops");
  const { code, key } = partner;
  const url = `${anna.endpoint}/api/v1/products`;
  const answer = await fetch(url, {
    headers: await signRequest({ method: "GET", url, headers: {} }, { code, key }, anna.code),
  });
  const { code: refusal } = (await answer.json()) as { code?: string };
  return { status: answer.status, refusal, retryAfter: Number(answer.headers.get("retry-after")) };
}

it("a partner that floods is slowed down, by itself: others from the same address are served", async () => {
  const flood = await Promise.all(Array.from({ length: 3 * LIMIT }, () => ask(ben)));
  const served = flood.filter(({ status }) => status === 200);
  const slowed = flood.filter(({ status }) => status === 429);
  expect(served.length + slowed.length, JSON.stringify(flood.at(-1))).toBe(flood.length);
  // Some of its minute went into becoming a partner.
  expect(served.length).toBeLessThanOrEqual(LIMIT);
  expect(served.length).toBeGreaterThan(LIMIT / 2);
  for (const { refusal, retryAfter } of slowed) {
    expect(refusal).toBe("HANSE_RATE_LIMITED");
    expect(retryAfter).toBeGreaterThan(0);
  }
  for (let request = 0; request < LIMIT / 2; request++) expect((await ask(carl)).status).toBe(200);
  expect((await ask(ben)).status, "still").toBe(429);
  expect((await fetch(`${anna?.endpoint}/healthz`)).status).toBe(200);
});
