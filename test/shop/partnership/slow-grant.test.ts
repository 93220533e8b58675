import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { PartnershipCallBody } from "#src/client/shop-schema.ts";
import { signGrant } from "#src/identity/grant.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { createPartnerships } from "#src/shop/partnership/partnerships.ts";
import { shopMigrations } from "#src/shop/shop-migrations.ts";
import type { ShopTables } from "#src/shop/shop-tables.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "../../store/test-database.ts";
import { inDays } from "../support/test-shops.ts";

it("whoever answers slowly for its key holds up nobody else: no lock, and no connection to the database", async () => {
  const postgres = await startTestPostgres();
  const url = await postgres.fresh();
  const database = await openDatabase<ShopTables>({ logger: silent }, { url, schema: "shop" });
  const proof = Promise.withResolvers<boolean>();
  try {
    await migrate(
      { database: database as unknown as Database<unknown>, logger: silent },
      "shop",
      shopMigrations,
    );
    let request: PartnershipCallBody | undefined;
    const ben = createPartnerships({
      ...{ database, code: "BEN", keys: { present: generateShopKey().key } },
      peers: { assertStays: async () => undefined, isKeyOf: () => proof.promise } as never,
      post: {
        onRefusal: () => undefined,
        ask: async (_peer: string, _path: string, body: PartnershipCallBody) => {
          request = body;
          return { state: "requested", rights: [], until: null };
        },
      } as never,
    });
    await ben.make("ANNA", "request", { rights: ["sell"], until: inDays(30) });
    const iat = Math.floor(Date.now() / 1_000);
    const grant = await signGrant(generateShopKey().key, {
      ...{ iss: "ANNA", aud: "BEN", jti: randomUUID(), iat, exp: iat + 86_400 },
      rights: ["sell"],
    });
    // As many as there are connections, and one more.
    const told = Array.from({ length: 11 }, () =>
      ben.receive("ANNA", "accept", {
        ...{ callId: randomUUID(), exchange: request?.exchange ?? "", grant },
        role: "granter",
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const others = await Promise.race([
      database.ping().then(() => "served"),
      new Promise((resolve) => setTimeout(() => resolve("held up"), 2_000)),
    ]);
    expect(others).toBe("served");
    proof.resolve(false);
    for (const outcome of await Promise.allSettled(told))
      expect(outcome).toMatchObject({ reason: { code: "HANSE_GRANT_KEY_UNKNOWN" } });
    expect(await ben.list()).toMatchObject([{ state: "requested" }]);
  } finally {
    proof.resolve(false);
    await database.close();
    await postgres.stop();
  }
}, 60_000);
