import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Partnership, PartnershipStanding } from "#src/client/shop-schema.ts";
import { type Grant, type Right, signGrant } from "#src/identity/grant.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import type { PartnershipState } from "#src/shop/partnership/partnership-course.ts";
import { reconciled } from "#src/shop/partnership/partnership-reconciliation.ts";
import type { PartnershipRecord } from "#src/shop/partnership/partnership-store.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import {
  inDays,
  introduce,
  makePartners,
  pendingIdAt,
  startTestShop,
  type TestShop,
} from "../support/test-shops.ts";

// Two shops that do not agree about a partnership any more: one was never told, one forgot, one was set up from a backup. No state
// of one and no state of the other is a lock: each gets out of it by a call of its own.

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let anna: TestShop;
let ben: TestShop;

beforeAll(async () => {
  postgres = await startTestPostgres();
  anna = await startTestShop({ code: "ANNA", databaseUrl: await postgres.fresh() });
  ben = await startTestShop({ code: "BEN", databaseUrl: await postgres.fresh() });
  await introduce(anna, ben);
}, 60_000);
afterAll(async () => {
  await anna?.stop();
  await ben?.stop();
  await postgres?.stop();
});
beforeEach(() => Promise.all([anna.forget(), ben.forget()]));

const rights: Right[] = ["share-inventory", "sell"];
const refused = (code: string) => expect.objectContaining({ code });
const own = (shop: TestShop, path: string, body: unknown = {}) =>
  shop.ask(`/v1/owner/partnerships/${path}`, body);
const request = (more: object = {}) => own(ben, "ANNA/request", { rights, until: inDays(30), ...more });
const accept = async () => own(anna, "BEN/accept", { answers: await pendingIdAt(anna, "BEN", "granter") });

/** What either has of the direction in which Anna grants. */
async function stands() {
  const [granter] = (await anna.service.partnerships.list()).filter(({ role }) => role === "granter");
  const [grantee] = (await ben.service.partnerships.list()).filter(({ role }) => role === "grantee");
  return { granter, grantee };
}
const said = (of: Partnership | undefined) => ({
  ...{ state: of?.state ?? "none", rights: of?.rights ?? [], until: of?.until ?? null },
  ...{ pendingRights: of?.pendingRights ?? null, pendingUntil: of?.pendingUntil ?? null },
});
async function expectAgreed(state: PartnershipState, message?: string) {
  const { granter, grantee } = await stands();
  expect(said(grantee), message).toEqual(said(granter));
  expect(granter?.state, message).toBe(state);
}
const rows = (shop: TestShop) => shop.database.kysely.updateTable("partnerships");
const forgetAt = (shop: TestShop) => shop.database.kysely.deleteFrom("partnerships").execute();

/** Anna takes her rights back while Ben is away, and gives up telling it. */
async function endUnheard() {
  await makePartners(anna, ben, rights);
  await anna.database.kysely.updateTable("peers").set({ endpoint: "http://127.0.0.1:1" }).execute();
  expect(await own(anna, "BEN/leave", { role: "granter" })).toMatchObject({ delivered: false });
  await anna.database.kysely.deleteFrom("deliveries").execute();
  await introduce(anna, ben);
  expect(await ben.service.partnerships.rightsFrom("ANNA"), "not heard").toEqual(rights);
}

describe("a grantee that never heard that it is over", () => {
  it("hears it with the refusal of its next call", async () => {
    await endUnheard();
    await expect(own(ben, "ANNA/refresh", { rights, until: inDays(60) })).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_STATE"),
    );
    expect(await ben.service.partnerships.rightsFrom("ANNA")).toEqual([]);
    await expectAgreed("ended");
  });

  it("may request anew, and has no rights until that is granted", async () => {
    await endUnheard();
    await request();
    await expectAgreed("requested");
    expect(await ben.service.partnerships.rightsFrom("ANNA")).toEqual([]);
    await accept();
    await expectAgreed("active");
  });

  it("may leave, be told again, and be offered anew", async () => {
    await endUnheard();
    expect(await own(ben, "ANNA/leave", { role: "grantee" })).toMatchObject({ state: "ended" });
    await endUnheard();
    expect(await own(anna, "BEN/leave", { role: "granter" })).toMatchObject({ delivered: true });
    await expectAgreed("ended");
    await endUnheard();
    await own(anna, "BEN/offer", { rights: ["sell"], until: inDays(5) });
    await expectAgreed("offered");
    expect(await ben.service.partnerships.rightsFrom("ANNA")).toEqual([]);
  });
});

describe("a grantee that forgot everything", () => {
  it("has the granter's signed grant by its next call", async () => {
    await makePartners(anna, ben, rights);
    await forgetAt(ben);
    await expect(request()).rejects.toEqual(refused("HANSE_PARTNERSHIP_STATE"));
    await expectAgreed("active");
    expect(await ben.service.partnerships.rightsFrom("ANNA")).toEqual(rights);
  });

  it("may give up what it does not know of", async () => {
    await makePartners(anna, ben, rights);
    await forgetAt(ben);
    await own(ben, "ANNA/leave", { role: "grantee" });
    expect(await anna.service.partnerships.rightsOf("BEN")).toEqual([]);
  });

  it("is not taken for a partner by a granter whose grant it refused", async () => {
    await request();
    await forgetAt(ben);
    expect(await accept(), "Ben knows of no request").toMatchObject({ state: "ended", rights: [] });
    expect(await anna.service.partnerships.rightsOf("BEN")).toEqual([]);
    await request();
    await accept();
    await expectAgreed("active");
  });
});

describe("a granter that forgot everything", () => {
  it("grants nothing, and the grantee finds out", async () => {
    await makePartners(anna, ben, rights);
    await forgetAt(anna);
    await expect(own(ben, "ANNA/refresh", { rights, until: inDays(60) })).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_STATE"),
    );
    expect(await ben.service.partnerships.rightsFrom("ANNA")).toEqual([]);
  });
});

describe("a grant whose key was changed before it was heard of", () => {
  /** What a grant says, signed with a key that nobody knows any more. */
  async function withLostKey(jwt: string): Promise<string> {
    const grant = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as Grant;
    return await signGrant(generateShopKey().key, grant);
  }

  it("is signed anew and told again", async () => {
    await request();
    await anna.database.kysely.updateTable("peers").set({ endpoint: "http://127.0.0.1:1" }).execute();
    expect(await accept()).toMatchObject({ state: "active", delivered: false });
    const { id, body } = await anna.database.kysely
      .selectFrom("deliveries")
      .selectAll()
      .executeTakeFirstOrThrow();
    const told = JSON.parse(body) as { grant: string };
    await anna.database.kysely
      .updateTable("deliveries")
      .set({ body: JSON.stringify({ ...told, grant: await withLostKey(told.grant) }), due_at: new Date() })
      .where("id", "=", id)
      .execute();
    await introduce(anna, ben);
    await expect.poll(() => ben.service.partnerships.rightsFrom("ANNA"), { timeout: 15_000 }).toEqual(rights);
    await expectAgreed("active");
  });

  it("comes with the answer once more, signed anew", async () => {
    await own(anna, "BEN/offer", { rights, until: inDays(5) });
    const offered = await ben.database.kysely
      .selectFrom("partnerships")
      .selectAll()
      .executeTakeFirstOrThrow();
    const answers = await pendingIdAt(ben, "ANNA", "grantee");
    await own(ben, "ANNA/acceptOffer", { answers });
    await rows(ben).set(offered).execute();
    const kept = anna.database.kysely.selectFrom("partnership_answers").selectAll();
    const { answer, call_id } = await kept.where("answer", "like", "%grant%").executeTakeFirstOrThrow();
    const { grant, ...rest } = JSON.parse(answer) as { grant: string };
    const lost = await withLostKey(grant);
    await anna.database.kysely
      .updateTable("partnership_answers")
      .set({ answer: JSON.stringify({ ...rest, grant: lost }) })
      .where("call_id", "=", call_id)
      .execute();
    expect(await own(ben, "ANNA/acceptOffer", { answers })).toMatchObject({ state: "active", rights });
    await expectAgreed("active");
  });
});

describe("from any state of one and any of the other", () => {
  const STATES: PartnershipState[] = [
    ...(["none", "requested", "offered", "active", "renewal-requested"] as const),
    ...(["renewal-offered", "denied", "declined", "ended"] as const),
  ];

  /** A record as the course would have left it, about an exchange of its own. */
  async function put(shop: TestShop, peer: string, role: "granter" | "grantee", state: PartnershipState) {
    const runs = state === "active" || state.startsWith("renewal");
    const waits = state === "requested" || state === "offered" || state.startsWith("renewal");
    const end = new Date(inDays(20));
    end.setMilliseconds(0);
    await shop.database.kysely.deleteFrom("partnerships").execute();
    await shop.database.kysely
      .insertInto("partnerships")
      .values({
        ...{ peer, role, state, exchange: randomUUID(), changed_at: new Date() },
        ...{ rights: runs ? rights : [], until: runs ? end : null, grant_id: runs ? randomUUID() : null },
        ...(waits ? { pending_rights: ["sell"], pending_grant_until: end, pending_until: end } : {}),
      } as never)
      .execute();
  }

  it("one request brings both to agree", async () => {
    for (const granter of STATES)
      for (const grantee of STATES) {
        await put(anna, "BEN", "granter", granter);
        await put(ben, "ANNA", "grantee", grantee);
        const agreed = ["none", "denied", "declined", "ended", "requested"].includes(granter);
        const outcome = await request().catch((error: { code: string }) => error.code);
        const told = `${granter} and ${grantee}: ${JSON.stringify(outcome)}`;
        await expectAgreed(agreed ? "requested" : granter, told);
      }
  }, 120_000);

  it("whoever leaves has left, whatever the other thought", async () => {
    const isOver = (state: unknown) => ["none", "denied", "declined", "ended"].includes(String(state));
    for (const [at, granter] of STATES.entries())
      for (const role of ["granter", "grantee"] as const) {
        // Of a Latin square: each state of one meets some of the other.
        const grantee = STATES[(at * 2 + (role === "granter" ? 1 : 4)) % STATES.length] as PartnershipState;
        await put(anna, "BEN", "granter", granter);
        await put(ben, "ANNA", "grantee", grantee);
        const told = `${role} leaves, ${granter} and ${grantee}`;
        await (role === "granter" ? own(anna, "BEN/leave", { role }) : own(ben, "ANNA/leave", { role }));
        const { granter: one, grantee: other } = await stands();
        expect(isOver(one?.state ?? "none"), told).toBe(true);
        // A request that the granter never heard of is none of what it takes back.
        expect(isOver(other?.state ?? "none") || (role === "granter" && grantee === "requested"), told).toBe(
          true,
        );
        expect(other?.rights ?? [], told).toEqual([]);
      }
  }, 120_000);
});

describe("what is told with a refusal", () => {
  const now = Date.now();
  const record: PartnershipRecord = {
    ...{ peer: "ANNA", role: "grantee", state: "ended", exchange: "an exchange", rights: [], until: null },
    ...{
      pending_rights: null,
      pending_grant_until: null,
      pending_until: null,
      grant_jwt: null,
      grant_id: null,
    },
    ...{ ask_again_at: null, note: null, asking: null, changed_at: new Date(0) },
  };
  const standing = (
    state: PartnershipState,
    role: "granter" | "grantee" = "granter",
  ): PartnershipStanding => ({
    ...{ role, state, exchange: "another one", pendingRights: null, pendingUntil: null, askAgainAt: null },
  });
  const unsigned = () => {
    throw new Error("no grant");
  };

  it("gives no right that is not signed", () => {
    for (const state of ["active", "renewal-requested", "renewal-offered"] as const)
      expect(reconciled(record, standing(state), unsigned, now)).toEqual(record);
  });

  it("gives a granter nothing to grant, whatever the grantee says", () => {
    const granter: PartnershipRecord = { ...record, peer: "BEN", role: "granter" };
    for (const state of ["active", "requested", "offered", "ended", "renewal-offered"] as const)
      expect(reconciled(granter, standing(state, "grantee"), unsigned, now)).toEqual(granter);
  });

  it("leaves a granter's grant where the grantee has not said that it is over", () => {
    const granter: PartnershipRecord = {
      ...{ ...record, peer: "BEN", role: "granter", state: "active", rights, until: new Date(now + 60_000) },
    };
    for (const state of ["active", "requested", "offered", "renewal-offered"] as const)
      expect(reconciled(granter, standing(state, "grantee"), unsigned, now)).toEqual(granter);
    expect(reconciled(granter, standing("ended", "grantee"), unsigned, now)).toMatchObject({
      ...{ state: "ended", rights: [] },
    });
  });
});
