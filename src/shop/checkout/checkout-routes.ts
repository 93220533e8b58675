import { z } from "zod";
import {
  checkoutListSchema,
  checkoutPostSchema,
  checkoutSchema,
  confirmPostSchema,
  listingsQuerySchema,
  listingsSchema,
  ownCheckoutPostSchema,
  payOwnPostSchema,
  signaturesPostSchema,
  syncedSchema,
} from "#src/client/shop-schema.ts";
import { refusalsOf } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import type { Listings } from "../federation/listings.ts";
import type { Checkouts } from "./checkouts.ts";

const refusals = refusalsOf(400, 401, 403, 404, 409, 422, 429, 502, 503, 504);
const idParams = z.object({ id: z.uuid() });

export interface CheckoutRoutesDeps {
  readonly checkouts: Checkouts;
  readonly listings: Listings;
  /** Asks a partner for its products now. */
  readonly inDollars: (minor: bigint, currency: string) => Promise<number>;
}

/** What customers ask: products of partners, and to buy. Whoever has the id of a checkout goes on with it. */
export function registerCheckoutRoutes(
  scope: HttpServer,
  { checkouts, listings, inDollars }: CheckoutRoutesDeps,
): void {
  scope.get(
    "/v1/listings",
    {
      schema: {
        summary: "Products of partners that can be bought here, a page at a time",
        querystring: listingsQuerySchema,
        response: { 200: listingsSchema, ...refusals },
      },
    },
    async (request) => {
      const { partner, after, limit } = request.query;
      const rows = await listings.list(partner, {
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      const products = await Promise.all(
        rows.slice(0, limit).map(async (row) => ({
          ...{
            id: `${row.partner}:${row.sku}`,
            name: row.name,
            description: row.description,
            imageURL: row.image_url,
          },
          ...{
            currency: row.currency,
            priceMinor: row.price_minor,
            categories: row.categories,
            available: row.available,
          },
          price: await inDollars(row.price_minor, row.currency),
        })),
      );
      return { products, next: rows.length > limit ? products.at(-1)?.id : undefined };
    },
  );
  scope.post(
    "/v1/checkouts",
    {
      schema: {
        summary: "Keep and quote what a customer wants to buy, of this shop and its partners",
        body: checkoutPostSchema,
        response: { 201: checkoutSchema, ...refusals },
      },
    },
    async (request, reply) => reply.code(201).send(await checkouts.begin(request.body, request.ip)),
  );
  scope.get(
    "/v1/checkouts/:id",
    {
      schema: {
        summary: "How a checkout stands",
        params: idParams,
        response: { 200: checkoutSchema, ...refusals },
      },
    },
    (request) => checkouts.find(request.params.id),
  );
  scope.post(
    "/v1/checkouts/:id/signatures",
    {
      schema: {
        summary: "The buyer's signatures of all purchases: they are sealed together, or none is",
        params: idParams,
        body: signaturesPostSchema,
        response: { 200: checkoutSchema, ...refusals },
      },
    },
    (request) => checkouts.sign(request.params.id, request.body.signatures),
  );
  scope.post(
    "/v1/checkouts/:id/confirm",
    {
      schema: {
        summary: "The buyer's signed confirmation that a parcel came: the seller is paid",
        params: idParams,
        body: confirmPostSchema,
        response: { 200: checkoutSchema, ...refusals },
      },
    },
    (request) => checkouts.confirm(request.params.id, request.body.leg, request.body.signature),
  );
}

/** What the owner buys for the shop, and sees of its customers; on a part of the server that asks for the owner's token. */
export function registerCheckoutManagement(
  scope: HttpServer,
  { checkouts, listings }: CheckoutRoutesDeps,
): void {
  scope.get(
    "/v1/owner/checkouts",
    {
      schema: {
        summary: "What was bought here, newest first",
        response: { 200: checkoutListSchema, ...refusals },
      },
    },
    async () => ({ checkouts: [...(await checkouts.list())] }),
  );
  scope.post(
    "/v1/owner/checkouts",
    {
      schema: {
        summary: "Buy from partners as merchant of record",
        body: ownCheckoutPostSchema,
        response: { 201: checkoutSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { pay, mostNano, ...wish } = request.body;
      const quoted = await checkouts.beginOwn(wish, mostNano);
      return reply
        .code(201)
        .send(pay && mostNano !== undefined ? await checkouts.payOwn(quoted.id, mostNano) : quoted);
    },
  );
  scope.post(
    "/v1/owner/checkouts/:id/pay",
    {
      schema: {
        summary: "Sign and seal what the shop buys for itself, if it costs no more than this",
        params: idParams,
        body: payOwnPostSchema,
        response: { 200: checkoutSchema, ...refusals },
      },
    },
    (request) => checkouts.payOwn(request.params.id, request.body.mostNano),
  );
  scope.post(
    "/v1/owner/listings/:code/sync",
    {
      schema: {
        summary: "Take over what changed at a partner, now",
        params: z.object({ code: z.string().max(8) }),
        response: { 200: syncedSchema, ...refusals },
      },
    },
    (request) => listings.sync(request.params.code),
  );
}
