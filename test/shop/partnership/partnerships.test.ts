import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { partnershipAnswerSchema } from "#src/client/shop-schema.ts";
import { signGrant } from "#src/identity/grant.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import {
  inDays,
  introduce,
  makePartners,
  pendingIdAt,
  startTestShop,
  type TestShop,
} from "../support/test-shops.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let [anna, ben]: TestShop[] = [];

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
beforeEach(() => Promise.all([anna, ben].map((shop) => shop?.forget())));

const rights = ["share-inventory", "sell"];
const own = (shop: TestShop | undefined, path: string, body: unknown = {}) =>
  shop?.ask(`/v1/owner/partnerships/${path}`, body);
/** Has an owner answer what it sees waiting. */
const answered = async (shop: TestShop | undefined, path: string, body: Record<string, unknown> = {}) =>
  own(shop, path, {
    answers: await pendingIdAt(shop as TestShop, path.split("/")[0] as string),
    ...body,
  });

/** Calls as `from` would, without its own idea of what may be said. */
function say(from: TestShop | undefined, to: string, call: string, body: Record<string, unknown>) {
  return from?.service.post.call(to, `/v1/partnerships/${call}`, {
    body: { callId: randomUUID(), exchange: randomUUID(), role: "grantee", ...body },
    schema: partnershipAnswerSchema,
  });
}

const refused = (code: string) => expect.objectContaining({ code });

describe("a partnership", () => {
  it("is asked for, granted, used by its rights, and left", async () => {
    expect(await own(ben, "ANNA/request", { rights, until: inDays(30) })).toMatchObject({
      state: "requested",
    });
    expect(await anna?.service.partnerships.rightsOf("BEN"), "nothing before it is granted").toEqual([]);
    expect(await answered(anna, "BEN/accept")).toMatchObject({ state: "active", rights, delivered: true });
    expect(await anna?.service.partnerships.rightsOf("BEN"), "granter").toEqual(rights);
    expect(await ben?.service.partnerships.rightsFrom("ANNA"), "grantee").toEqual(rights);
    expect(await ben?.service.partnerships.rightsOf("ANNA"), "the other direction is another matter").toEqual(
      [],
    );
    expect(await own(anna, "BEN/leave", { role: "granter" })).toMatchObject({ state: "ended", rights: [] });
    expect(await anna?.service.partnerships.rightsOf("BEN")).toEqual([]);
    expect(await ben?.service.partnerships.rightsFrom("ANNA")).toEqual([]);
  });

  it("is granted for less than was asked, never for more", async () => {
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    await expect(answered(anna, "BEN/accept", { rights: ["co-promote"] })).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_TERMS"),
    );
    await answered(anna, "BEN/accept", { rights: ["sell"], until: inDays(2) });
    expect(await ben?.service.partnerships.rightsFrom("ANNA")).toEqual(["sell"]);
  });

  it("is granted for as long as was asked, or shorter, never longer", async () => {
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    await expect(answered(anna, "BEN/accept", { until: inDays(31) })).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_TERMS"),
    );
    expect(await anna?.service.partnerships.rightsOf("BEN")).toEqual([]);
    await answered(anna, "BEN/accept", { until: inDays(3) });
    await own(ben, "ANNA/refresh", { rights, until: inDays(30) });
    const longer = { role: "granter", until: inDays(300) };
    await expect(answered(anna, "BEN/refreshAccept", longer)).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_TERMS"),
    );
    expect(await answered(anna, "BEN/refreshAccept", { role: "granter" })).toMatchObject({ state: "active" });
  });

  it("carries a word to the other's owner, who sees the last; the next call without one takes it away", async () => {
    const note = "We met at the fair.";
    await own(ben, "ANNA/request", { rights, until: inDays(30), note });
    const seen = async (shop: TestShop | undefined) => (await shop?.service.partnerships.list())?.[0]?.note;
    expect(await seen(anna)).toBe(note);
    expect(await seen(ben), "its own is no word to itself").toBeNull();
    await answered(anna, "BEN/accept", { note: "Welcome!" });
    expect(await seen(ben)).toBe("Welcome!");
    await own(ben, "ANNA/leave", { role: "grantee" });
    expect(await seen(anna)).toBeNull();
    await expect(
      own(ben, "ANNA/request", { rights, until: inDays(30), note: "x".repeat(501) }),
    ).rejects.toEqual(refused("HANSE_REQUEST_INVALID"));
  });

  it("is offered and taken, or declined", async () => {
    await own(anna, "BEN/offer", { rights, until: inDays(5) });
    expect(await answered(ben, "ANNA/rejectOffer")).toMatchObject({ state: "declined" });
    await own(anna, "BEN/offer", { rights: ["sell"], until: inDays(5) });
    expect(await answered(ben, "ANNA/acceptOffer")).toMatchObject({ state: "active", rights: ["sell"] });
    expect(await anna?.service.partnerships.rightsOf("BEN")).toEqual(["sell"]);
  });

  it("is renewed from either side; what is denied leaves what was granted", async () => {
    if (anna === undefined || ben === undefined) throw new Error("no shops");
    await makePartners(anna, ben, rights);
    await own(ben, "ANNA/refresh", { rights: ["sell"], until: inDays(60) });
    expect(await anna.service.partnerships.rightsOf("BEN"), "while it is asked").toEqual(rights);
    expect(await answered(anna, "BEN/refreshReject", { role: "granter" })).toMatchObject({
      state: "active",
      rights,
    });
    await own(anna, "BEN/refreshOffer", { rights: ["sell"], until: inDays(90) });
    const taken = await answered(ben, "ANNA/refreshAccept", { role: "grantee" });
    expect(taken).toMatchObject({ state: "active", rights: ["sell"] });
    expect(new Date(String(taken?.until)).getTime()).toBeGreaterThan(Date.now() + 80 * 86_400_000);
  });

  it("that was denied may be asked for again after a pause", async () => {
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    expect(await answered(anna, "BEN/reject")).toMatchObject({ state: "denied" });
    await expect(own(ben, "ANNA/request", { rights, until: inDays(30) })).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_PAUSED"),
    );
    await anna?.database.kysely.updateTable("partnerships").set({ ask_again_at: new Date() }).execute();
    expect(await own(ben, "ANNA/request", { rights, until: inDays(30) })).toMatchObject({
      state: "requested",
    });
  });

  it("ends with its time, though nobody says so", async () => {
    if (anna === undefined || ben === undefined) throw new Error("no shops");
    await makePartners(anna, ben, rights);
    await anna.database.kysely
      .updateTable("partnerships")
      .set({ until: new Date(Date.now() - 1_000) })
      .execute();
    expect(await anna.service.partnerships.rightsOf("BEN")).toEqual([]);
  });

  it("that is taken back counts at once, also while the other is away", async () => {
    if (anna === undefined || ben === undefined) throw new Error("no shops");
    await makePartners(anna, ben, rights);
    const { endpoint } = ben;
    await anna.database.kysely.updateTable("peers").set({ endpoint: "http://127.0.0.1:1" }).execute();
    expect(await own(anna, "BEN/leave", { role: "granter" })).toMatchObject({
      state: "ended",
      delivered: false,
    });
    expect(await anna.service.partnerships.rightsOf("BEN")).toEqual([]);
    const { count } = await anna.database.kysely
      .selectFrom("deliveries")
      .select((of) => of.fn.countAll<bigint>().as("count"))
      .executeTakeFirstOrThrow();
    expect(count, "it is written down").toBe(1n);
    await anna.database.kysely.updateTable("peers").set({ endpoint }).execute();
    await anna.database.kysely.updateTable("deliveries").set({ due_at: new Date() }).execute();
    await expect.poll(() => ben?.service.partnerships.rightsFrom("ANNA"), { timeout: 5_000 }).toEqual([]);
  });
});

describe("an owner's answer", () => {
  it("is to what it saw: whoever asks for more meanwhile gets nothing unseen", async () => {
    await own(ben, "ANNA/request", { rights: ["share-inventory"], until: inDays(30) });
    const answers = await pendingIdAt(anna as TestShop, "BEN");
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    for (const call of ["accept", "reject"]) {
      await expect(own(anna, `BEN/${call}`, { answers }), call).rejects.toEqual(
        refused("HANSE_PARTNERSHIP_CHANGED"),
      );
    }
    expect(await anna?.service.partnerships.rightsOf("BEN")).toEqual([]);
    expect(await answered(anna, "BEN/accept")).toMatchObject({ state: "active", rights });
  });

  it("is to other rights or another end than were asked for, also under the same exchange", async () => {
    const exchange = randomUUID();
    const asked = { exchange, rights: ["share-inventory"], until: inDays(30) };
    for (const more of [{ rights }, { until: inDays(300) }]) {
      await say(ben, "ANNA", "request", asked);
      const answers = await pendingIdAt(anna as TestShop, "BEN");
      await say(ben, "ANNA", "request", { ...asked, ...more });
      await expect(own(anna, "BEN/accept", { answers }), JSON.stringify(more)).rejects.toEqual(
        refused("HANSE_PARTNERSHIP_CHANGED"),
      );
    }
  });

  it("is to the renewal, or the offer, that it saw", async () => {
    await makePartners(anna as TestShop, ben as TestShop, ["share-inventory"]);
    const before = await own(ben, "ANNA/refresh", { rights: ["sell"], until: inDays(60) });
    for (const call of ["refreshAccept", "refreshReject"]) {
      await expect(own(anna, `BEN/${call}`, { role: "granter", answers: "another" }), call).rejects.toEqual(
        refused("HANSE_PARTNERSHIP_CHANGED"),
      );
    }
    await own(anna, "BEN/refreshOffer", { rights, until: inDays(60) });
    for (const call of ["refreshAccept", "refreshReject"]) {
      const wish = { role: "grantee", answers: before?.pendingId };
      await expect(own(ben, `ANNA/${call}`, wish), call).rejects.toEqual(
        refused("HANSE_PARTNERSHIP_CHANGED"),
      );
    }
    expect(await ben?.service.partnerships.rightsFrom("ANNA")).toEqual(["share-inventory"]);
  });

  it("says what it answers", async () => {
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    for (const call of ["accept", "reject"]) {
      await expect(own(anna, `BEN/${call}`), call).rejects.toEqual(refused("HANSE_PARTNERSHIP_TERMS"));
    }
  });
});

describe("refuses", () => {
  it("calls that are none for where it stands", async () => {
    for (const call of ["accept", "reject", "refreshAccept", "refreshReject"]) {
      await expect(own(anna, `BEN/${call}`, { role: "granter" }), call).rejects.toEqual(
        refused("HANSE_PARTNERSHIP_STATE"),
      );
    }
    for (const call of ["acceptOffer", "rejectOffer", "refresh"]) {
      const body = { rights, until: inDays(1) };
      await expect(say(ben, "ANNA", call, body), call).rejects.toEqual(refused("HANSE_PARTNERSHIP_STATE"));
    }
  });

  it("a grantee that says what only a granter may say", async () => {
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    await expect(say(ben, "ANNA", "accept", {})).rejects.toEqual(refused("HANSE_PARTNERSHIP_STATE"));
    // As a granter it would give rights to Anna, who asked for none.
    const grant = await signGrant((ben as TestShop).key, {
      ...{ iss: "BEN", aud: "ANNA", jti: randomUUID(), rights: ["sell"] },
      ...{ iat: Math.floor(Date.now() / 1_000), exp: Math.floor(Date.now() / 1_000) + 60 },
    });
    await expect(say(ben, "ANNA", "accept", { role: "granter", grant })).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_STATE"),
    );
    expect(await anna?.service.partnerships.rightsOf("BEN")).toEqual([]);
  });

  it("rights in the body that the signed grant does not say: what was signed counts", async () => {
    await own(ben, "ANNA/request", { rights: ["share-inventory", "sell"], until: inDays(30) });
    const { exchange } =
      (await ben?.database.kysely.selectFrom("partnerships").select("exchange").executeTakeFirst()) ?? {};
    const now = Math.floor(Date.now() / 1_000);
    const grant = await signGrant((anna as TestShop).key, {
      ...{ iss: "ANNA", aud: "BEN", jti: randomUUID(), rights: ["share-inventory"], iat: now, exp: now + 60 },
    });
    await say(anna, "BEN", "accept", {
      role: "granter",
      exchange,
      grant,
      rights: ["share-inventory", "sell"],
      until: inDays(30),
    });
    expect(await ben?.service.partnerships.rightsFrom("ANNA")).toEqual(["share-inventory"]);
  });

  it.each([
    ["another's grant", { iss: "CARL" }, "HANSE_GRANT_WRONG_ISSUER"],
    ["a grant for another", { aud: "CARL" }, "HANSE_GRANT_WRONG_AUDIENCE"],
    ["a grant that is over", { exp: 1_700_000_000, iat: 1_600_000_000 }, "HANSE_GRANT_EXPIRED"],
  ])("%s", async (_, wrong, code) => {
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    const { exchange } =
      (await ben?.database.kysely.selectFrom("partnerships").select("exchange").executeTakeFirst()) ?? {};
    const now = Math.floor(Date.now() / 1_000);
    const grant = await signGrant((anna as TestShop).key, {
      ...{ iss: "ANNA", aud: "BEN", jti: randomUUID(), rights: ["sell"], iat: now, exp: now + 60 },
      ...wrong,
    });
    await expect(say(anna, "BEN", "accept", { role: "granter", exchange, grant })).rejects.toEqual(
      refused(code),
    );
    expect(await ben?.service.partnerships.rightsFrom("ANNA")).toEqual([]);
  });

  it("a grant signed with a key that is not the granter's", async () => {
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    const { exchange } =
      (await ben?.database.kysely.selectFrom("partnerships").select("exchange").executeTakeFirst()) ?? {};
    const now = Math.floor(Date.now() / 1_000);
    const grant = await signGrant(generateShopKey().key, {
      ...{ iss: "ANNA", aud: "BEN", jti: randomUUID(), rights: ["sell"], iat: now, exp: now + 60 },
    });
    await expect(say(anna, "BEN", "accept", { role: "granter", exchange, grant })).rejects.toEqual(
      refused("HANSE_GRANT_KEY_UNKNOWN"),
    );
  });

  it("an answer to a request that is not the last", async () => {
    await own(ben, "ANNA/request", { rights, until: inDays(30) });
    await expect(say(anna, "BEN", "reject", { role: "granter" })).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_STATE"),
    );
  });

  it("ends in the past, and for ever", async () => {
    for (const until of [inDays(-1), inDays(5_000)]) {
      await expect(say(ben, "ANNA", "request", { rights, until })).rejects.toEqual(
        refused("HANSE_PARTNERSHIP_TERMS"),
      );
    }
  });

  it("itself, and shops that are no members", async () => {
    await expect(own(anna, "ANNA/request", { rights, until: inDays(1) })).rejects.toEqual(
      refused("HANSE_PARTNERSHIP_TERMS"),
    );
    await expect(own(anna, "NOBODY/request", { rights, until: inDays(1) })).rejects.toEqual(
      refused("HANSE_SHOP_UNKNOWN"),
    );
  });

  it("whoever is not the owner", async () => {
    const answer = await fetch(`${anna?.endpoint}/v1/owner/partnerships`, {
      headers: { authorization: "Bearer guess" },
    });
    expect(answer.status).toBe(401);
  });
});

describe("a call that comes again", () => {
  it("is answered alike and does nothing", async () => {
    const body = { callId: randomUUID(), exchange: randomUUID(), role: "grantee", rights, until: inDays(9) };
    const first = await say(ben, "ANNA", "request", body);
    const { changed_at: before } =
      (await anna?.database.kysely.selectFrom("partnerships").selectAll().executeTakeFirst()) ?? {};
    expect(await say(ben, "ANNA", "request", body)).toEqual(first);
    const { changed_at: after } =
      (await anna?.database.kysely.selectFrom("partnerships").selectAll().executeTakeFirst()) ?? {};
    expect(after).toEqual(before);
  });

  it("after the caller forgot the answer brings the grant once more", async () => {
    await own(anna, "BEN/offer", { rights, until: inDays(5) });
    const offered = await ben?.database.kysely.selectFrom("partnerships").selectAll().executeTakeFirst();
    await answered(ben, "ANNA/acceptOffer");
    // Killed before it wrote the answer down.
    await ben?.database.kysely
      .updateTable("partnerships")
      .set(offered as never)
      .execute();
    expect(await answered(ben, "ANNA/acceptOffer")).toMatchObject({ state: "active", rights });
  });
});

describe("a grant that was", () => {
  /** What Anna granted, and about what. */
  async function granted() {
    const row = await ben?.database.kysely.selectFrom("partnerships").selectAll().executeTakeFirstOrThrow();
    return { exchange: row?.exchange ?? "", grant: row?.grant_jwt ?? "" };
  }
  /** Whoever replays it, with whatever call. */
  async function expectNothingByReplay(old: Awaited<ReturnType<typeof granted>>, now: readonly string[]) {
    const { exchange } = await granted();
    for (const about of [old.exchange, exchange]) {
      const asGranter = { role: "granter", exchange: about, grant: old.grant };
      for (const call of ["accept", "refreshAccept"])
        await expect(say(anna, "BEN", call, asGranter), `${call} of Anna's`).rejects.toEqual(
          refused("HANSE_PARTNERSHIP_STATE"),
        );
      for (const call of ["acceptOffer", "refreshAccept"])
        await expect(
          say(ben, "ANNA", call, { ...asGranter, role: "grantee" }),
          `${call} of Ben's`,
        ).rejects.toEqual(refused("HANSE_PARTNERSHIP_STATE"));
    }
    expect(await ben?.service.partnerships.rightsFrom("ANNA")).toEqual(now);
    expect(await anna?.service.partnerships.rightsOf("BEN")).toEqual(now);
  }

  it("ended gives nothing when it is shown again", async () => {
    await makePartners(anna as TestShop, ben as TestShop, rights);
    const old = await granted();
    await own(anna, "BEN/leave", { role: "granter" });
    await expectNothingByReplay(old, []);
  });

  it("was replaced gives nothing more when it is shown again", async () => {
    await makePartners(anna as TestShop, ben as TestShop, rights);
    const old = await granted();
    await own(ben, "ANNA/refresh", { rights: ["sell"], until: inDays(60) });
    await answered(anna, "BEN/refreshAccept", { role: "granter" });
    expect((await granted()).grant).not.toBe(old.grant);
    await expectNothingByReplay(old, ["sell"]);
  });
});
