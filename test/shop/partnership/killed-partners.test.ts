import { afterAll, beforeAll, expect, it } from "vitest";
import type { PartnershipState } from "#src/shop/partnership/partnership-course.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import { type MortalShop, startMortalShop } from "../support/mortal-shop.ts";
import { inDays, introduce, makePartners, pendingIdAt } from "../support/test-shops.ts";

// Given two shops that are about to be partners, or to part: whichever of them dies at whichever moment of a call – before or after
// a transaction, before or after a request – once it lives again both end in the same state, and go on from there.

const RIGHTS = ["share-inventory", "sell"];
/** More than any call has; a call that has fewer is over before. */
const MOMENTS = 12;

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let anna: MortalShop;
let ben: MortalShop;

beforeAll(async () => {
  postgres = await startTestPostgres();
  anna = await startMortalShop({ code: "ANNA", databaseUrl: await postgres.fresh() });
  ben = await startMortalShop({ code: "BEN", databaseUrl: await postgres.fresh() });
  await introduce(anna.shop, ben.shop);
  // Their keys are proved: what follows is about nothing else.
  await makePartners(anna.shop, ben.shop, RIGHTS);
}, 60_000);
afterAll(async () => {
  await anna?.stop();
  await ben?.stop();
  await postgres?.stop();
});

type Call = () => Promise<unknown>;
const own = ({ shop }: MortalShop, path: string, body: unknown = {}) =>
  shop.ask(`/v1/owner/partnerships/${path}`, body);
const request: Call = () => own(ben, "ANNA/request", { rights: RIGHTS, until: inDays(30) });
const accept: Call = async () =>
  own(anna, "BEN/accept", { answers: await pendingIdAt(anna.shop, "BEN", "granter") });
const offer: Call = () => own(anna, "BEN/offer", { rights: RIGHTS, until: inDays(30) });
const acceptOffer: Call = async () =>
  own(ben, "ANNA/acceptOffer", { answers: await pendingIdAt(ben.shop, "ANNA", "grantee") });
const leave =
  (role: "granter" | "grantee"): Call =>
  () =>
    role === "granter" ? own(anna, "BEN/leave", { role }) : own(ben, "ANNA/leave", { role });

const partners: Call = async () => {
  await request();
  await accept();
};
const nothing: Call = async () => undefined;

/** What either has of the direction in which Anna grants. */
async function stands() {
  const [granter, grantee] = await Promise.all([
    anna.shop.service.partnerships.list(),
    ben.shop.service.partnerships.list(),
  ]);
  const of = (all: typeof granter) => {
    const { state = "none", rights = [], until = null, pendingRights = null } = all[0] ?? {};
    return { state, rights, until, pendingRights };
  };
  return { granter: of(granter), grantee: of(grantee) };
}
async function untold(): Promise<number> {
  const counts = await Promise.all(
    [anna, ben].map(({ shop }) => shop.database.kysely.selectFrom("deliveries").select("id").execute()),
  );
  const asking = await ben.shop.database.kysely
    .selectFrom("partnerships")
    .select("asking")
    .where("asking", "is not", null)
    .where("asking", "not like", '%"failed":true%')
    .execute();
  return counts.flat().length + asking.length;
}

const calls: readonly (readonly [string, Call, Call, PartnershipState])[] = [
  ["a request", nothing, request, "requested"],
  ["an acceptance", request, accept, "active"],
  ["an offer", nothing, offer, "offered"],
  ["the taking of an offer", offer, acceptOffer, "active"],
  ["the granter's leaving", partners, leave("granter"), "ended"],
  ["the grantee's leaving", partners, leave("grantee"), "ended"],
];

it.each(calls)("either dies at any moment of %s", { timeout: 240_000 }, async (_, before, call, state) => {
  for (const victim of [anna, ben]) {
    let deaths = 0;
    for (let moment = 0; moment < MOMENTS; moment++) {
      await Promise.all([anna.shop.forget(), ben.shop.forget()]);
      await before();
      const outcome = Promise.withResolvers<boolean>();
      const dying = victim.dieAt(moment, outcome.promise);
      void call().then(
        () => outcome.resolve(true),
        () => outcome.resolve(false),
      );
      const dead = await dying;
      if (dead) await victim.rise();
      const answered = await outcome.promise;
      if (dead) deaths++;
      const told = `${victim.shop.code} dead at moment ${moment}`;
      await expect.poll(untold, { timeout: 20_000, interval: 50, message: told }).toBe(0);
      // An owner who had no answer does it again, if that is not what stands by now.
      if (!answered && (await stands()).granter.state !== state) await call();
      const { granter, grantee } = await stands();
      expect(grantee, told).toEqual(granter);
      expect(granter.state, told).toBe(state);
      if (!dead) break;
    }
    // Both have steps in each of these calls.
    expect(deaths, victim.shop.code).toBeGreaterThanOrEqual(2);
    expect(deaths, victim.shop.code).toBeLessThan(MOMENTS);
  }
  if (state === "ended") await partners();
});
