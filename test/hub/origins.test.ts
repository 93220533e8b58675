import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { ShopPage, ShopView } from "#src/client/hub-schema.ts";
import { findShop } from "#src/hub/feed.ts";
import { hubMigrations } from "#src/hub/hub-migrations.ts";
import type { HubTables } from "#src/hub/hub-tables.ts";
import { createOriginShops } from "#src/hub/origin-shops.ts";
import { createShopStore } from "#src/hub/shop-store.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "../store/test-database.ts";

const [A, B] = ["https://a.example", "https://b.example"] as const;
const { publicKey: key } = generateShopKey().key;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<HubTables>;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});
beforeEach(async () => {
  await database?.close();
  database = await openDatabase<HubTables>(
    { logger: silent },
    { url: await postgres.fresh(), schema: "hub" },
  );
  await migrate({ database: database as unknown as Database<unknown>, logger: silent }, "hub", hubMigrations);
  const bound = { chain_id: 1n, hub: `0x${"1".repeat(40)}`, genesis_hash: "0x" } as const;
  await database.kysely.insertInto("feed").values(bound).execute();
});

const follow = (...urls: readonly string[]) => createOriginShops(database, { urls });
const factsAt = (endpoint: string) => ({
  ...({ owner: `0x${"a".repeat(40)}`, key, endpoint, profile: "", stake: "1" } as const),
});
const told = (code: string, standing: ShopView["standing"], of: string): ShopView => ({
  ...{ code, standing, sequence: "1", changedAt: new Date().toISOString() },
  ...(standing === "member" || standing === "leaving" ? { shop: factsAt(`${of}/${code}`) } : {}),
});
const page = (shops: readonly ShopView[], next = "1", feed = "1"): ShopPage => ({
  ...{ feed, next, more: false, shops: [...shops] },
});
const listed = async (code: string) => {
  const row = await findShop(database.kysely, code);
  return row && { standing: row.standing, origin: row.origin, endpoint: row.facts.endpoint };
};

it("a shop that two origins list stays while one of them does, the more trusted one's first", async () => {
  const shops = follow(A, B);
  await shops.take(B, page([told("SHOE", "member", B)]));
  expect(await listed("SHOE")).toMatchObject({ origin: B });
  await shops.take(A, page([told("SHOE", "member", A)]));
  expect(await listed("SHOE")).toEqual({ standing: "member", origin: A, endpoint: `${A}/SHOE` });
  await shops.take(A, page([told("SHOE", "left", A)], "2"));
  expect(await listed("SHOE")).toEqual({ standing: "member", origin: B, endpoint: `${B}/SHOE` });
  await shops.take(B, page([told("SHOE", "leaving", B)], "2"));
  expect(await listed("SHOE")).toMatchObject({ standing: "leaving", origin: B });
  await shops.take(B, page([told("SHOE", "left", B)], "3"));
  expect(await listed("SHOE")).toMatchObject({ standing: "gone" });
});

it("a shop stays where the origin that is followed no more was not the only one to list it", async () => {
  const both = follow(A, B);
  await both.take(A, page([told("SHOE", "member", A), told("HATS", "member", A)]));
  await both.take(B, page([told("SHOE", "member", B)]));
  await follow(B).forgetOthers();
  expect(await listed("SHOE")).toMatchObject({ standing: "member", origin: B });
  expect(await listed("HATS")).toMatchObject({ standing: "gone" });
});

it("an origin whose list begins anew keeps what it lists again, and nothing else", async () => {
  const shops = follow(A, B);
  await shops.take(A, page([told("SHOE", "member", A), told("HATS", "member", A)]));
  const { sequence } = (await findShop(database.kysely, "SHOE")) as { sequence: bigint };
  await shops.beginAnew(A);
  await shops.take(A, { ...page([told("SHOE", "member", A)], "1", "2"), more: true });
  expect(await listed("HATS"), "until its list has come to its end").toMatchObject({ standing: "member" });
  await shops.take(A, page([], "2", "2"));
  expect(await listed("HATS")).toMatchObject({ standing: "gone" });
  expect(await findShop(database.kysely, "SHOE"), "what is as it was is no change").toMatchObject({
    sequence,
  });
});

it("a code of our own Hub is never another's, unless its joining is undone", async () => {
  const shops = follow(A);
  await shops.take(A, page([told("SHOE", "member", A)]));
  const store = createShopStore(database, async () => undefined, shops);
  const facts = factsAt("https://ours.example");
  const join = {
    ...{ code: "SHOE", logIndex: 0, type: "joined" as const },
    apply: () => ({ standing: "member" as const, facts }),
  };
  await store.apply({ number: 2n, hash: "0x2" }, [join], { isNews: false });
  await shops.take(A, page([told("SHOE", "member", A)], "2"));
  expect(await listed("SHOE")).toEqual({ standing: "member", origin: null, endpoint: facts.endpoint });
  await store.rewind({ number: 1n, hash: "0x1" });
  expect(await listed("SHOE")).toEqual({ standing: "member", origin: A, endpoint: `${A}/SHOE` });
});

it("what an origin has from others is theirs to tell", async () => {
  const shops = follow(A, B);
  await shops.take(A, page([{ ...told("SHOE", "member", A), origin: B }]));
  expect(await listed("SHOE")).toBeUndefined();
});
