import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { ShopPage, ShopView } from "#src/client/hub-schema.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { createDirectory } from "#src/shop/federation/directory.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";

const [X, Y] = ["https://x.example", "https://y.example"];
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<ShopTables>;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});
beforeEach(async () => {
  await database?.close();
  database = await openDatabase<ShopTables>(
    { logger: silent },
    { url: await postgres.fresh(), schema: "shop" },
  );
  await migrate(
    { database: database as unknown as Database<unknown>, logger: silent },
    "shop",
    shopMigrations,
  );
});

/** A hub service's list, told as it tells it: from the beginning those that are in, and then each change. */
function hubService(url: string) {
  let [feed, sequence] = ["1", 0];
  const shops = new Map<string, ShopView>();
  return {
    url,
    tell(code: string, standing: ShopView["standing"], { origin, key = keyOf(code) }: Telling = {}) {
      const facts = { owner: `0x${"a".repeat(40)}`, key, endpoint: `https://${code}.example`, profile: "" };
      shops.set(code, {
        ...{ code, standing, sequence: String(++sequence), changedAt: new Date().toISOString() },
        ...(origin === undefined ? {} : { origin }),
        ...(standing === "member" || standing === "leaving"
          ? { shop: { ...facts, stake: "1" } as NonNullable<ShopView["shop"]> }
          : {}),
      });
    },
    /** With another database: what it had is not in it. */
    loseAll(next: { feed?: string; sequence: number }) {
      shops.clear();
      feed = next.feed ?? feed;
      sequence = next.sequence;
    },
    client: {
      keys: async () => [],
      async shops({ since, limit = 100 }: { since?: string; limit?: number } = {}): Promise<ShopPage> {
        const all = [...shops.values()].sort((one, other) => Number(one.sequence) - Number(other.sequence));
        const asked =
          since === undefined || Number(since) > sequence
            ? all.filter(({ standing }) => standing === "member" || standing === "leaving")
            : all.filter((shop) => Number(shop.sequence) > Number(since));
        const told = asked.slice(0, limit);
        return { feed, shops: told, next: String(sequence), more: false };
      },
    },
  };
}

interface Telling {
  readonly origin?: string;
  readonly key?: `0x${string}`;
}

const made = new Map<string, `0x${string}`>();
function keyOf(code: string): `0x${string}` {
  const key = made.get(code) ?? generateShopKey().key.publicKey;
  made.set(code, key);
  return key;
}

type HubService = ReturnType<typeof hubService>;
const listenTo = (...hubs: readonly HubService[]) =>
  createDirectory({ database, hubs, logger: silent, onSynced: async () => undefined });
const known = async (code: string) =>
  await database.kysely.selectFrom("peers").selectAll().where("code", "=", code).executeTakeFirst();

it("what one hub service tells of another's shops that we ask ourselves changes nothing", async () => {
  const [x, y] = [hubService(X), hubService(Y)];
  x.tell("BOOKS", "member");
  const directory = listenTo(x, y);
  await directory.sync();
  // It follows X, has an older copy with a key that is revoked since, and follows X no more.
  y.tell("BOOKS", "member", { origin: X, key: generateShopKey().key.publicKey });
  await directory.sync();
  expect(await known("BOOKS")).toMatchObject({ standing: "member", key: keyOf("BOOKS"), origin: X });
  y.tell("BOOKS", "gone", { origin: X });
  await directory.sync();
  expect(await known("BOOKS")).toMatchObject({ standing: "member", key: keyOf("BOOKS"), origin: X });
  // Nor does it keep one in that X lists no more.
  y.tell("BOOKS", "member", { origin: X });
  x.tell("BOOKS", "left");
  await directory.sync();
  expect(await known("BOOKS")).toMatchObject({ standing: "left" });
});

it("a shop that two list stays while one of them does, and goes when none does", async () => {
  const [x, y] = [hubService(X), hubService(Y)];
  for (const hub of [x, y]) hub.tell("SHOE", "member");
  const directory = listenTo(x, y);
  await directory.sync();
  x.tell("SHOE", "left");
  await directory.sync();
  expect(await known("SHOE")).toMatchObject({ standing: "member", origin: Y });
  y.tell("SHOE", "left");
  await directory.sync();
  expect(await known("SHOE")).toMatchObject({ standing: "left" });
});

it("one that is in a hub service's own Hub comes before one that another only heard of", async () => {
  const [x, y] = [hubService(X), hubService(Y)];
  const theirs = generateShopKey().key.publicKey;
  x.tell("SHOE", "member", { origin: "https://z.example", key: theirs });
  const directory = listenTo(x, y);
  await directory.sync();
  expect(await known("SHOE")).toMatchObject({ key: theirs, origin: "https://z.example" });
  y.tell("SHOE", "member");
  await directory.sync();
  expect(await known("SHOE")).toMatchObject({ key: keyOf("SHOE"), origin: Y });
});

it.each([
  ["another database", { feed: "2", sequence: 0 }],
  ["a database that was set back", { sequence: 1 }],
])("a hub service with %s leaves no ghosts: who is not told any more has left", async (_, after) => {
  const x = hubService(X);
  for (const code of ["GHOST", "STAYS", "GOES"]) x.tell(code, "member");
  const directory = listenTo(x);
  await directory.sync();
  x.loseAll(after);
  x.tell("STAYS", "member");
  await directory.sync();
  expect(await known("GHOST")).toMatchObject({ standing: "left" });
  expect(await known("STAYS")).toMatchObject({ standing: "member" });
  // And from there on changes are heard of.
  x.tell("GHOST", "member");
  x.tell("STAYS", "leaving");
  await directory.sync();
  expect(await known("GHOST")).toMatchObject({ standing: "member" });
  expect(await known("STAYS")).toMatchObject({ standing: "leaving", key: keyOf("STAYS") });
});

it("what was told by a hub service that is listened to no more is forgotten, also when it is again", async () => {
  const [x, y] = [hubService(X), hubService(Y)];
  x.tell("HATS", "member");
  for (const hub of [x, y]) hub.tell("SHOE", "member");
  await listenTo(x, y).sync();
  await listenTo(y).sync();
  expect(await known("HATS")).toMatchObject({ standing: "left" });
  expect(await known("SHOE")).toMatchObject({ standing: "member", origin: Y });
  await listenTo(x, y).sync();
  expect(await known("HATS")).toMatchObject({ standing: "member" });
  const nobody = new AbortController();
  const ended = listenTo().keepSyncing(nobody.signal);
  await expect.poll(() => known("HATS")).toMatchObject({ standing: "left" });
  nobody.abort();
  await ended;
});
