import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { z } from "zod";
import { availabilitySchema, productFeedSchema, reservationSchema } from "#src/client/shop-schema.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { signRequest } from "#src/identity/http-signature.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { createListings } from "#src/shop/federation/listings.ts";
import { pollFeed } from "#src/shop/federation/poll-feed.ts";
import type { CatalogueProduct } from "#src/shop/inventory/catalogue.ts";
import { freePort } from "#src/store/free-port.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";
import { introduce, makePartners, pendingIdAt, startTestShop, type TestShop } from "../support/test-shops.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let anna: TestShop;
let ben: TestShop;

beforeAll(async () => {
  postgres = await startTestPostgres();
  anna = await startTestShop({
    code: "ANNA",
    databaseUrl: await postgres.fresh(),
    options: { reservation: { holdMs: 60_000, mostHeld: 60 } },
  });
  ben = await startTestShop({ code: "BEN", databaseUrl: await postgres.fresh() });
  await introduce(anna, ben);
}, 60_000);
afterAll(async () => {
  await anna?.stop();
  await ben?.stop();
  await postgres?.stop();
});
beforeEach(async () => {
  await Promise.all([anna.forget(), ben.forget()]);
  await anna.service.catalogue.put([product("SOCK", 3n), product("HAT", null), product("SHOE", 5n)]);
});

const ALL = ["share-inventory", "sell"];
const partners = (rights: readonly string[] = ALL) => makePartners(anna, ben, rights);
const refused = (code: string) => expect.objectContaining({ code });

function product(sku: string, onHand: bigint | null, more: Partial<CatalogueProduct> = {}): CatalogueProduct {
  return {
    ...{ internalId: `internal ${sku}`, sku, name: `A ${sku}`, description: "Of cotton", imageUrl: "" },
    ...{ categories: ["things"], priceMinor: 9_999n, onHand },
    ...more,
  };
}

const get = <Schema extends z.ZodType>(path: string, schema: Schema, headers: Record<string, string> = {}) =>
  ben.service.post.call("ANNA", path, { schema, headers });
const feed = (query = "") => get(`/api/v1/products${query}`, productFeedSchema);
const reserve = (sku: string, quantity: unknown, key = randomUUID()) =>
  ben.service.post.call("ANNA", "/api/v1/reservations", {
    body: { product: `ANNA:${sku}`, quantity },
    headers: { "idempotency-key": key },
    schema: reservationSchema,
  });
const left = async (sku: string) => {
  const { on_hand, reserved } = await anna.service.catalogue.find(sku);
  return on_hand === null ? null : on_hand - reserved;
};

describe("rights are asked at every call", () => {
  it("nothing is told to a member that is no partner", async () => {
    await expect(feed()).rejects.toEqual(refused("HANSE_RIGHT_MISSING"));
    await expect(get("/api/v1/product/ANNA:HAT", availabilitySchema)).rejects.toEqual(
      refused("HANSE_RIGHT_MISSING"),
    );
    await expect(reserve("HAT", 1)).rejects.toEqual(refused("HANSE_RIGHT_MISSING"));
    expect(
      await anna.metric("federation_inventory_polls_total", { partner: "BEN", result: "refused" }),
    ).toBeGreaterThan(0);
  });

  it("who may look may not reserve; who may reserve may not see what is for promoters", async () => {
    await partners(["share-inventory"]);
    await expect(feed()).resolves.toMatchObject({ more: false });
    await expect(reserve("HAT", 1)).rejects.toEqual(refused("HANSE_RIGHT_MISSING"));
    await expect(feed("?featured=true")).rejects.toEqual(refused("HANSE_RIGHT_MISSING"));
  });

  it("and end when the granter says so", async () => {
    await partners();
    await feed();
    await anna.ask("/v1/owner/partnerships/BEN/leave", { role: "granter" });
    await expect(feed()).rejects.toEqual(refused("HANSE_RIGHT_MISSING"));
  });

  it("exact stock is for those who share data, what is featured for those who promote", async () => {
    await partners(["share-inventory"]);
    const plain = (await feed()).products.find(({ id }) => id === "ANNA:SOCK");
    expect(plain).not.toHaveProperty("quantity");
    expect(plain).not.toHaveProperty("featured");
    await anna.service.catalogue.put([product("SOCK", 3n, { featured: true })]);
    await ben.ask("/v1/owner/partnerships/ANNA/refresh", {
      rights: ["share-inventory", "share-data", "co-promote"],
      until: new Date(Date.now() + 1e9).toISOString(),
    });
    const answers = await pendingIdAt(anna, "BEN");
    await anna.ask("/v1/owner/partnerships/BEN/refreshAccept", { role: "granter", answers });
    expect((await feed("?featured=true")).products).toMatchObject([
      { id: "ANNA:SOCK", featured: true, quantity: 3n },
    ]);
  });
});

describe("requests", () => {
  const parts = (path: string) => ({ method: "GET", url: `${anna.endpoint}${path}`, headers: {} });
  const send = (headers: Record<string, string>, path = "/api/v1/products") =>
    fetch(`${anna.endpoint}${path}`, { headers });
  const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;

  it("unsigned are refused", async () => {
    const answer = await send({});
    expect(answer.status).toBe(401);
    expect(await codeOf(answer)).toBe("HANSE_SIGNATURE_MISSING");
  });

  it("replayed are refused", async () => {
    await partners();
    const headers = await signRequest(parts("/api/v1/products"), ben, "ANNA");
    expect((await send(headers)).status).toBe(200);
    expect(await codeOf(await send(headers))).toBe("HANSE_SIGNATURE_REPLAYED");
  });

  it("replayed after the shop was started anew are refused, and signed anew they are taken", async () => {
    const [key, port, databaseUrl] = [generateShopKey().key, await freePort(), await postgres.fresh()];
    const setup = { code: "LATE", key, port, databaseUrl };
    const first = await startTestShop(setup);
    await introduce(first, ben);
    await makePartners(first, ben, ["share-inventory"]);
    const request = { method: "GET", url: `${first.endpoint}/api/v1/products`, headers: {} };
    const headers = await signRequest(request, ben, "LATE");
    expect((await fetch(request.url, { headers })).status).toBe(200);
    // By a clock that is as far ahead as one may be: it is signed after the next process begins.
    const ahead = { now: () => Date.now() + 25_000 };
    const later = await signRequest(request, ben, "LATE", { clock: ahead });
    expect((await fetch(request.url, { headers: later })).status).toBe(200);
    await first.stop();
    const again = await startTestShop(setup);
    try {
      for (const taken of [headers, later])
        expect(await codeOf(await fetch(request.url, { headers: taken }))).toBe("HANSE_SIGNATURE_REPLAYED");
      // Signatures tell whole seconds.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      const anew = await signRequest(request, ben, "LATE", { clock: ahead });
      expect((await fetch(request.url, { headers: anew })).status).toBe(200);
    } finally {
      await again.stop();
    }
  });

  it("for another target, another shop or with another body are refused", async () => {
    await partners();
    const headers = await signRequest(parts("/api/v1/product/ANNA:HAT"), ben, "ANNA");
    expect(await codeOf(await send(headers, "/api/v1/product/ANNA:SOCK"))).toBe("HANSE_SIGNATURE_INVALID");
    const elsewhere = await signRequest(
      { ...parts(""), url: "https://other.example/api/v1/products" },
      ben,
      "ANNA",
    );
    expect(await codeOf(await send(elsewhere))).toBe("HANSE_SIGNATURE_INVALID");
    const body = JSON.stringify({ product: "ANNA:HAT", quantity: 1 });
    const url = `${anna.endpoint}/api/v1/reservations`;
    const own = { "content-type": "application/json", "idempotency-key": randomUUID() };
    const signed = await signRequest({ method: "POST", url, headers: own, body }, ben, "ANNA");
    const changed = await fetch(url, {
      method: "POST",
      headers: { ...own, ...signed },
      body: body.replace("1}", "9}"),
    });
    expect(await codeOf(changed)).toBe("HANSE_SIGNATURE_DIGEST_MISMATCH");
  });

  it("expired, and signed by a stranger's or a revoked key, are refused", async () => {
    await partners();
    const past = { now: () => Date.now() - 120_000 };
    expect(
      await codeOf(await send(await signRequest(parts("/api/v1/products"), ben, "ANNA", { clock: past }))),
    ).toBe("HANSE_SIGNATURE_EXPIRED");
    const forged = await signRequest(
      parts("/api/v1/products"),
      { code: "BEN", key: generateShopKey().key },
      "ANNA",
    );
    expect(await codeOf(await send(forged))).toBe("HANSE_SIGNATURE_KEY_UNKNOWN");
    const { key } = ben;
    await anna.database.kysely.updateTable("peers").set({ key: generateShopKey().key.publicKey }).execute();
    expect(
      await codeOf(await send(await signRequest(parts("/api/v1/products"), { code: "BEN", key }, "ANNA"))),
    ).toBe("HANSE_SIGNATURE_KEY_UNKNOWN");
    await anna.database.kysely.updateTable("peers").set({ key: key.publicKey }).execute();
    expect((await send(await signRequest(parts("/api/v1/products"), ben, "ANNA"))).status).toBe(200);
  });

  it("of a shop that is suspended, or whose endpoint does not speak for its key, are refused", async () => {
    await partners();
    await anna.database.kysely.updateTable("peers").set({ standing: "suspended" }).execute();
    expect(await codeOf(await send(await signRequest(parts("/api/v1/products"), ben, "ANNA")))).toBe(
      "HANSE_SIGNATURE_KEY_UNKNOWN",
    );
    const carl = generateShopKey().key;
    await anna.database.kysely
      .updateTable("peers")
      .set({ standing: "member", key: carl.publicKey })
      .execute();
    // The list says it, Ben's own endpoint does not.
    expect(
      await codeOf(
        await send(await signRequest(parts("/api/v1/products"), { code: "BEN", key: carl }, "ANNA")),
      ),
    ).toBe("HANSE_SIGNATURE_KEY_UNKNOWN");
    await introduce(anna, ben);
  });

  it("with fractions, signs, nothing, too much or another shop's product are refused", async () => {
    await partners();
    for (const quantity of [0, -1, 1.5, "1.5", "-2", "1e3", "", null, 10_000_000, "99999999"]) {
      await expect(reserve("HAT", quantity), String(quantity)).rejects.toEqual(
        refused("HANSE_REQUEST_INVALID"),
      );
    }
    await expect(get("/api/v1/product/BEN:HAT", availabilitySchema)).rejects.toEqual(
      refused("HANSE_PRODUCT_UNKNOWN"),
    );
    await expect(get("/api/v1/product/ANNA:NONE", availabilitySchema)).rejects.toEqual(
      refused("HANSE_PRODUCT_UNKNOWN"),
    );
    await expect(feed("?since=what")).rejects.toEqual(refused("HANSE_REQUEST_INVALID"));
  });

  it("of 10 MB are refused", async () => {
    const body = JSON.stringify({ product: "ANNA:HAT", quantity: 1, padding: "x".repeat(10_000_000) });
    const url = `${anna.endpoint}/api/v1/reservations`;
    const signed = await signRequest(
      { method: "POST", url, headers: { "content-type": "application/json" }, body },
      ben,
      "ANNA",
    );
    // The answer may come before the body is sent, and the connection be closed on it.
    const status = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...signed },
      body,
    }).then(
      (answer) => answer.status,
      () => 413,
    );
    expect(status).toBe(413);
  });
});

describe("the feed", () => {
  it("tells everything once, then what changed, and what is gone", async () => {
    await partners();
    const all = await feed();
    expect(all.products.map(({ id }) => id)).toEqual(["ANNA:HAT", "ANNA:SHOE", "ANNA:SOCK"]);
    expect(all.products[0], "the five fields, and exact money").toMatchObject({
      ...{ id: "ANNA:HAT", name: "A HAT", description: "Of cotton", price: 99.99, imageURL: "" },
      ...{ priceMinor: 9_999n, currency: "USD" },
    });
    expect(
      JSON.stringify(all, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
      "the shop's own ids stay",
    ).not.toContain("internal");
    expect(await feed(`?since=${all.cursor}`)).toMatchObject({ products: [], gone: [], cursor: all.cursor });
    await anna.service.catalogue.put([product("SOCK", 3n, { priceMinor: 500n }), product("SHOE", 5n)], {
      complete: true,
    });
    const next = await feed(`?since=${all.cursor}`);
    expect(next.products.map(({ id, priceMinor }) => [id, priceMinor])).toEqual([["ANNA:SOCK", 500n]]);
    expect(next.gone).toEqual(["ANNA:HAT"]);
  });

  it("is told by pages, without a gap or a double", async () => {
    await partners();
    await anna.service.catalogue.put(Array.from({ length: 57 }, (_, index) => product(`P${index}`, 1n)));
    const seen: string[] = [];
    for (let since = "", more = true; more; ) {
      const page: z.output<typeof productFeedSchema> = await feed(`?limit=10${since && `&since=${since}`}`);
      seen.push(...page.products.map(({ id }) => id));
      [since, more] = [page.cursor, page.more];
    }
    expect(seen).toHaveLength(60);
    expect(new Set(seen).size).toBe(60);
  });

  it("costs nothing where nothing changed: 304", async () => {
    await partners();
    const url = `${anna.endpoint}/api/v1/products?since=0:`;
    const poll = async (headers: Record<string, string>) =>
      fetch(url, {
        headers: { ...headers, ...(await signRequest({ method: "GET", url, headers: {} }, ben, "ANNA")) },
      });
    const first = await poll({});
    const etag = first.headers.get("etag") ?? "";
    expect((await poll({ "if-none-match": etag })).status).toBe(304);
    await anna.service.catalogue.put([product("HAT", null, { name: "Another hat" })]);
    expect((await poll({ "if-none-match": etag })).status).toBe(200);
    expect(
      await anna.metric("federation_inventory_polls_total", { partner: "BEN", result: "unchanged" }),
    ).toBeGreaterThan(0);
  });

  it("tells when a product is sold out, and when it is back", async () => {
    await partners();
    const { cursor } = await feed();
    const held = await reserve("SOCK", 3);
    const soldOut = await feed(`?since=${cursor}`);
    expect(soldOut.products).toMatchObject([{ id: "ANNA:SOCK", available: false }]);
    await ben.service.post.call("ANNA", `/api/v1/reservations/${held.id}`, {
      method: "DELETE",
      schema: reservationSchema,
    });
    expect((await feed(`?since=${soldOut.cursor}`)).products).toMatchObject([
      { id: "ANNA:SOCK", available: true },
    ]);
  });
});

describe("a reservation", () => {
  it("takes pieces, has an id, a quantity and an end, and gives them back", async () => {
    await partners();
    const held = await reserve("SOCK", 2);
    expect(held).toMatchObject({ product: "ANNA:SOCK", quantity: 2n, state: "held" });
    expect(new Date(held.expiresAt).getTime()).toBeGreaterThan(Date.now());
    expect(await left("SOCK")).toBe(1n);
    await expect(reserve("SOCK", 2)).rejects.toEqual(refused("HANSE_OUT_OF_STOCK"));
    const path = `/api/v1/reservations/${held.id}`;
    for (const _ of [1, 2]) {
      expect(
        await ben.service.post.call("ANNA", path, { method: "DELETE", schema: reservationSchema }),
      ).toMatchObject({ state: "released" });
    }
    expect(await left("SOCK"), "given back once").toBe(3n);
  });

  it("asked for as the first protocol had it, by a GET", async () => {
    await partners();
    const key = randomUUID();
    await expect(get("/api/v1/product/ANNA:SOCK?reserve=1", availabilitySchema)).rejects.toEqual(
      refused("HANSE_REQUEST_INVALID"),
    );
    const answer = await get("/api/v1/product/ANNA:SOCK?reserve=1", availabilitySchema, {
      "idempotency-key": key,
    });
    expect(answer.reservation).toMatchObject({ quantity: 1n, state: "held" });
  });

  it("is made once, however often it is asked for with one key", async () => {
    await partners();
    const key = randomUUID();
    const counted = (result: string) =>
      anna.metric("federation_reservations_total", { partner: "BEN", result });
    const [reserved, released] = [await counted("reserved"), await counted("released")];
    const all = await Promise.all(Array.from({ length: 5 }, () => reserve("SOCK", 1, key)));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(await left("SOCK")).toBe(2n);
    await expect(reserve("SOCK", 2, key)).rejects.toEqual(refused("HANSE_CONFLICT"));
    await reserve("SOCK", 1, key);
    expect(await counted("reserved"), "and counted once").toBe(reserved + 1);
    for (const _ of [1, 2]) await anna.service.reservations.release("BEN", all[0]?.id as string);
    expect(await counted("released"), "as is giving it back").toBe(released + 1);
    expect(await left("SOCK")).toBe(3n);
  });

  it("is never sold twice: 40 want 5", async () => {
    await partners();
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => reserve("SHOE", 1)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toEqual(refused("HANSE_OUT_OF_STOCK"));
    }
    expect(await left("SHOE")).toBe(0n);
  });

  it("expires, and what it held is there again", async () => {
    await partners();
    const held = await reserve("SOCK", 3);
    await anna.database.kysely
      .updateTable("reservations")
      .set({ expires_at: new Date(Date.now() - 1) })
      .execute();
    await expect.poll(() => left("SOCK"), { timeout: 5_000 }).toBe(3n);
    expect(await get(`/api/v1/reservations/${held.id}`, reservationSchema)).toMatchObject({
      state: "expired",
    });
    expect(
      await anna.metric("federation_reservations_total", { partner: "BEN", result: "expired" }),
    ).toBeGreaterThan(0);
  });

  it("is nobody else's to see", async () => {
    await partners();
    const { id } = await reserve("HAT", 1);
    await anna.database.kysely.updateTable("reservations").set({ partner: "CARL" }).execute();
    await expect(get(`/api/v1/reservations/${id}`, reservationSchema)).rejects.toEqual(
      refused("HANSE_RESERVATION_UNKNOWN"),
    );
  });

  it("is not had without end: a partner holds so many at a time", async () => {
    await partners();
    const many = await Promise.allSettled(Array.from({ length: 70 }, () => reserve("HAT", 1)));
    expect(many.filter(({ status }) => status === "fulfilled")).toHaveLength(60);
    expect(many.find(({ status }) => status === "rejected")).toMatchObject({
      reason: refused("HANSE_RATE_LIMITED"),
    });
  });
});

describe("the catalogue", () => {
  it("never says that less is there than is reserved", async () => {
    await partners();
    await reserve("SOCK", 2);
    await expect(anna.service.catalogue.put([product("SOCK", 1n)])).rejects.toEqual(
      refused("HANSE_STOCK_RESERVED"),
    );
    expect(await anna.service.catalogue.find("SOCK")).toMatchObject({ on_hand: 3n });
  });

  it("is taken over whole or not at all", async () => {
    const before = await anna.service.catalogue.feed();
    const same = [product("NEW", 1n), product("NEW", 2n)];
    await expect(anna.service.catalogue.put(same)).rejects.toEqual(refused("HANSE_REQUEST_INVALID"));
    await expect(anna.service.catalogue.put([product("NEW", 1n), product("BAD", -1n)])).rejects.toThrow();
    await expect(anna.service.catalogue.find("NEW")).rejects.toEqual(refused("HANSE_PRODUCT_UNKNOWN"));
    expect(await anna.service.catalogue.feed()).toEqual(before);
  });
});

describe("who follows the feed is told that it is gone", () => {
  /** As Ben's process would keep what Anna tells. */
  const follow = () => {
    const fetch = createGuardedFetch({ allowPrivate: true });
    return createListings({
      ...{ database: ben.database, peers: ben.service.peers, logger: silent },
      rightsFrom: ben.service.partnerships.rightsFrom,
      partners: async () => ["ANNA"],
      poll: (partner, endpoint, cursor, etag, signal) =>
        pollFeed(fetch, { partner, endpoint, cursor, etag, signal, signer: ben }),
    });
  };

  it("what is featured no more, where only that is told, and to nobody else", async () => {
    await partners([...ALL, "co-promote"]);
    await anna.service.catalogue.put([product("SOCK", 3n, { featured: true })]);
    const [shown, all] = [await feed("?featured=true"), await feed()];
    expect(shown).toMatchObject({ products: [{ id: "ANNA:SOCK" }], gone: [] });
    await anna.service.catalogue.put([product("SOCK", 3n)]);
    expect(await feed(`?featured=true&since=${shown.cursor}`)).toMatchObject({
      ...{ products: [], gone: ["ANNA:SOCK"] },
    });
    expect(await feed(`?since=${all.cursor}`)).toMatchObject({ products: [{ id: "ANNA:SOCK" }], gone: [] });
  });

  it("what came after the backup that the database was set back to", async () => {
    await partners();
    const listings = follow();
    for (const table of ["listings", "listing_cursors"] as const)
      await ben.database.kysely.deleteFrom(table).execute();
    const backup = await anna.database.kysely.selectFrom("feed").select("sequence").executeTakeFirstOrThrow();
    await anna.service.catalogue.put([product("LATER", 1n)]);
    await listings.sync("ANNA");
    const listed = async () => (await listings.list()).map(({ sku }) => sku);
    expect(await listed()).toEqual(["HAT", "LATER", "SHOE", "SOCK"]);

    await anna.database.kysely.deleteFrom("products").where("sku", "=", "LATER").execute();
    await anna.database.kysely.updateTable("feed").set(backup).execute();
    await listings.sync("ANNA");
    expect(await listed()).toEqual(["HAT", "SHOE", "SOCK"]);
    expect(await listings.sync("ANNA"), "and from there on as ever").toEqual({ told: 0, gone: 0 });
  });

  it("for itself alone, where it makes a cursor up", async () => {
    await partners();
    const before = await feed();
    expect(await feed("?since=999999999999:SOCK")).toMatchObject({ products: [], gone: [] });
    expect(await feed()).toEqual(before);
  });
});
