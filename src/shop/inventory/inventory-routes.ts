import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import {
  availabilitySchema,
  type FeedItem,
  feedQuerySchema,
  idempotencyKeySchema,
  piecesSchema,
  productFeedSchema,
  productIdSchema,
  type ReservationView,
  reservationPostSchema,
  reservationSchema,
} from "#src/client/shop-schema.ts";
import { refusalsOf } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { RIGHTS, type Right } from "#src/identity/grant.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { ShopMetrics } from "../shop-metrics.ts";
import { signerOf } from "../shop-signature.ts";
import { type Catalogue, type ProductRow, readCursor } from "./catalogue.ts";
import { ownSku } from "./own-product.ts";
import type { Reservation, ReservationDesk } from "./reservation-desk.ts";

export interface InventoryRoutesDeps {
  /** This shop. */
  readonly code: string;
  /** ISO 4217, of all prices here. */
  readonly currency: string;
  readonly catalogue: Catalogue;
  readonly reservations: ReservationDesk;
  readonly rightsOf: (partner: string) => Promise<readonly Right[]>;
  /** Minor units to US dollars, for display. */
  readonly inDollars: (minor: bigint) => Promise<number>;
  readonly metrics: ShopMetrics;
}

const refusals = refusalsOf(400, 401, 403, 404, 409, 429, 503);
const productParams = z.object({ id: productIdSchema });
const keyHeaders = z.object({ "idempotency-key": idempotencyKeySchema });

/** What partners may ask of this shop's inventory; on a part of the server whose requests are signed. */
export function registerInventoryRoutes(scope: HttpServer, deps: InventoryRoutesDeps): void {
  const { code, currency, catalogue, reservations, rightsOf, inDollars, metrics } = deps;

  scope.get(
    "/api/v1/products",
    {
      schema: {
        summary: "Products of this shop that changed; cheap where none did",
        description: "With the right share-inventory. Send the ETag of the last answer as If-None-Match.",
        querystring: feedQuerySchema,
        response: { 200: productFeedSchema, 304: z.void(), ...refusals },
      },
    },
    async (request, reply) => {
      const partner = signerOf(request);
      const { since, limit, featured } = request.query;
      const rights = await demand(
        partner,
        ["share-inventory", ...(featured ? (["co-promote"] as const) : [])],
        () => metrics.polled(partner, "refused"),
      );
      const feed = await catalogue.feed();
      if (since !== undefined && readCursor(since).sequence > feed.sequence) {
        // A database that was set back has not given this cursor yet, and does not know what it told after. Under another
        // name, so that the partner begins again and drops what it is not told then.
        metrics.polled(partner, "changed");
        return { products: [], gone: [], cursor: since, feed: `${feed.id}.back`, more: true };
      }
      const known = since !== undefined;
      // What is told depends on the partner's rights too.
      const etag = `"${feed.id}.${feed.sequence}.${RIGHTS.map((right) => Number(rights.includes(right))).join("")}${featured ? ".f" : ""}"`;
      if (known && isUnchanged(request, reply, etag)) {
        metrics.polled(partner, "unchanged");
        return;
      }
      const page = await catalogue.page(since, limit);
      metrics.polled(partner, page.rows.length === 0 ? "unchanged" : "changed");
      const isTold = (row: ProductRow) => !row.gone && (row.featured || !featured);
      // To whoever shows what is featured, what is so no more is gone; who has just begun has never seen it.
      const gone = known ? page.rows.filter((row) => !isTold(row)) : [];
      return {
        products: await Promise.all(page.rows.filter(isTold).map((row) => itemOf(row, rights))),
        gone: gone.map(({ sku }) => `${code}:${sku}`),
        cursor: page.cursor,
        feed: feed.id,
        more: page.more,
      };
    },
  );

  scope.get(
    "/api/v1/product/:id",
    {
      schema: {
        summary: "Whether a product is there; with `reserve`, so many pieces are kept for the caller",
        description: "With the right share-inventory; to reserve, sell, and an Idempotency-Key.",
        params: productParams,
        querystring: z.object({ reserve: piecesSchema.optional() }),
        headers: keyHeaders.partial(),
        response: { 200: availabilitySchema, ...refusals },
      },
    },
    async (request) => {
      const partner = signerOf(request);
      const { reserve } = request.query;
      const rights = await demand(
        partner,
        ["share-inventory", ...(reserve === undefined ? [] : (["sell"] as const))],
        reserve === undefined ? undefined : () => metrics.reserved(partner, "refused"),
      );
      const sku = ownSku(code, request.params.id);
      if (reserve === undefined) return await itemOf(await catalogue.find(sku), rights);
      const key = request.headers["idempotency-key"];
      if (key === undefined)
        throw new HanseError("HANSE_REQUEST_INVALID", "Reserving takes an Idempotency-Key");
      const reservation = await take(partner, sku, reserve, key);
      return { ...(await itemOf(await catalogue.find(sku), rights)), reservation: viewOf(reservation) };
    },
  );

  scope.post(
    "/api/v1/reservations",
    {
      schema: {
        summary: "Keep pieces of a product for the caller, for a time",
        description: "With the right sell.",
        headers: keyHeaders,
        body: reservationPostSchema,
        response: { 201: reservationSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const partner = signerOf(request);
      await demand(partner, ["sell"], () => metrics.reserved(partner, "refused"));
      const { product, quantity } = request.body;
      const reservation = await take(
        partner,
        ownSku(code, product),
        quantity,
        request.headers["idempotency-key"],
      );
      return reply.code(201).send(viewOf(reservation));
    },
  );

  const reservationParams = z.object({ id: z.uuid() });
  scope.get(
    "/api/v1/reservations/:id",
    {
      schema: {
        summary: "A reservation of the caller's",
        params: reservationParams,
        response: { 200: reservationSchema, ...refusals },
      },
    },
    async (request) => viewOf(await reservations.find(signerOf(request), request.params.id)),
  );
  scope.delete(
    "/api/v1/reservations/:id",
    {
      schema: {
        summary: "Give a reservation back",
        params: reservationParams,
        response: { 200: reservationSchema, ...refusals },
      },
    },
    async (request) => {
      const partner = signerOf(request);
      return viewOf(await reservations.release(partner, request.params.id));
    },
  );

  async function take(
    partner: string,
    sku: string,
    quantity: bigint,
    idempotencyKey: string,
  ): Promise<Reservation> {
    try {
      return await reservations.reserve({ partner, sku, quantity, idempotencyKey });
    } catch (error) {
      metrics.reserved(partner, isHanseError(error, "HANSE_OUT_OF_STOCK") ? "out_of_stock" : "refused");
      throw error;
    }
  }

  /** @throws HANSE_RIGHT_MISSING */
  async function demand(
    partner: string,
    wanted: readonly Right[],
    onRefusal?: () => void,
  ): Promise<readonly Right[]> {
    const rights = await rightsOf(partner);
    const missing = wanted.filter((right) => !rights.includes(right));
    if (missing.length === 0) return rights;
    onRefusal?.();
    throw new HanseError(
      "HANSE_RIGHT_MISSING",
      `${code} does not grant ${partner} ${missing.join(" and ")} now`,
      {
        details: { partner, missing },
      },
    );
  }

  async function itemOf(row: ProductRow, rights: readonly Right[]): Promise<FeedItem> {
    const left = row.on_hand === null ? undefined : row.on_hand - row.reserved;
    return {
      id: `${code}:${row.sku}`,
      ...{
        name: row.name,
        description: row.description,
        price: await inDollars(row.price_minor),
        imageURL: row.image_url,
      },
      ...{ currency, priceMinor: row.price_minor, categories: row.categories },
      available: left === undefined || left > 0n,
      ...(rights.includes("co-promote") ? { featured: row.featured } : {}),
      ...(rights.includes("share-data") && left !== undefined ? { quantity: left } : {}),
    };
  }

  function viewOf({ id, sku, quantity, state, expires_at }: Reservation): ReservationView {
    return { id, product: `${code}:${sku}`, quantity, state, expiresAt: expires_at.toISOString() };
  }
}

/** Answers 304 where the caller has seen this. */
function isUnchanged(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.header("etag", etag).header("cache-control", "private, no-cache");
  if (request.headers["if-none-match"] !== etag) return false;
  void reply.code(304).send();
  return true;
}
