import { z } from "zod";
import type { ShopView } from "#src/client/hub-schema.ts";
import {
  codeParamSchema,
  shopJwksSchema,
  shopPageSchema,
  shopQuerySchema,
  shopViewSchema,
} from "#src/client/hub-schema.ts";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { isShopKey, publicJwk } from "#src/identity/shop-key.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { findShop, lastSequence, listShops } from "./feed.ts";
import type { HubDatabase, ShopRow } from "./hub-tables.ts";

/** The list, for everybody. */
export function registerShopRoutes(
  server: HttpServer,
  {
    database,
    feed,
    clock,
  }: { readonly database: HubDatabase; readonly feed: string; readonly clock: Pick<Clock, "now"> },
): void {
  server.get(
    "/v1/shops",
    {
      schema: {
        summary: "Shops, or what changed since an earlier answer; takes If-None-Match",
        querystring: shopQuerySchema,
        response: {
          200: shopPageSchema,
          304: z.undefined(),
          400: errorBodySchema,
          429: errorBodySchema,
          503: errorBodySchema,
        },
      },
    },
    async (request, reply) => {
      const { since, limit } = request.query;
      const { kysely } = database;
      // Before the list: all up to it is visible by then, and what comes meanwhile is told again.
      const newest = await lastSequence(kysely);
      // An answer depends on what was asked, and on the list alone.
      const etag = `"${feed}-${newest}"`;
      reply.header("etag", etag).header("cache-control", "no-cache");
      if (isNamedIn(request.headers["if-none-match"], etag)) return reply.code(304).send(undefined);
      const asked = since === undefined ? undefined : BigInt(since);
      // A database that was set back has not told this yet: from the beginning, and whoever asks sees `next` fall.
      const known = asked !== undefined && asked <= newest;
      const rows = await listShops(kysely, { since: known ? asked : undefined, limit });
      const last = rows.at(-1)?.sequence ?? 0n;
      const isFull = rows.length === limit;
      const next = isFull || last > newest ? last : newest;
      return { feed, shops: rows.map(viewOf), next: String(next), more: isFull };
    },
  );

  server.get(
    "/v1/shops/jwks.json",
    {
      schema: {
        summary:
          "The keys that are good for shops' signatures now, with those before until their overlap ends",
        response: { 200: shopJwksSchema, 429: errorBodySchema, 503: errorBodySchema },
      },
    },
    async (_request, reply) => {
      const rows = await listShops(database.kysely, { since: undefined });
      reply.header("cache-control", "no-cache");
      return { keys: rows.flatMap((row) => keysOf(row, clock.now())) };
    },
  );

  server.get(
    "/v1/shops/:code",
    {
      schema: {
        summary: "One shop",
        params: codeParamSchema,
        response: { 200: shopViewSchema, 400: errorBodySchema, 404: errorBodySchema, 503: errorBodySchema },
      },
    },
    async ({ params: { code } }) => {
      const row = await findShop(database.kysely, code);
      if (row === undefined) throw new HanseError("HANSE_NOT_FOUND", `There is no shop ${code}`);
      return viewOf(row);
    },
  );
}

/** Of a shop that is neither a member nor brings to its end what it began, only that is told. */
export function viewOf({ code, standing, sequence, changed_at, origin, facts }: ShopRow): ShopView {
  const { overlapEnds, previousKey, suspended = false, ...shop } = facts;
  return {
    ...{ code, standing, sequence: String(sequence), changedAt: changed_at.toISOString() },
    ...(origin === null ? {} : { origin }),
    ...(standing === "member" || (standing === "leaving" && !suspended)
      ? {
          shop: {
            ...shop,
            ...(previousKey === undefined || overlapEnds === undefined
              ? {}
              : { previousKey, overlapEnds: new Date(overlapEnds * 1000).toISOString() }),
          },
        }
      : {}),
  };
}

function keysOf({ code, facts }: ShopRow, now: number): z.output<typeof shopJwksSchema>["keys"] {
  const { key, previousKey, overlapEnds = 0, suspended = false } = facts;
  if (suspended) return [];
  const good = previousKey === undefined || overlapEnds * 1_000 < now ? [key] : [key, previousKey];
  // The Hub takes any bytes for a key; what nobody can sign with is none.
  return good.filter(isShopKey).map((each) => {
    const jwk = publicJwk(each);
    return { ...jwk, kid: `${code}:${jwk.x}`, use: "sig", alg: "EdDSA" };
  });
}

function isNamedIn(header: string | undefined, etag: string): boolean {
  return (header ?? "").split(",").some((each) => {
    const named = each.trim().replace(/^W\//, "");
    return named === etag || named === "*";
  });
}
