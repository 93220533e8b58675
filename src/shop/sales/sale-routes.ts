import { z } from "zod";
import {
  addressSchema,
  contestPostSchema,
  idempotencyKeySchema,
  orderPostSchema,
  quotePostSchema,
  quoteSchema,
  refundPostSchema,
  returnPostSchema,
  saleListSchema,
  saleSchema,
  shipPostSchema,
  supplyPostSchema,
  supplySchema,
} from "#src/client/shop-schema.ts";
import { refusalsOf } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import type { Right } from "#src/identity/grant.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { ShopMetrics } from "../shop-metrics.ts";
import { signerOf } from "../shop-signature.ts";
import type { Quotes } from "./quotes.ts";
import type { Sales } from "./sales.ts";
import type { Supplies } from "./supplies.ts";

const refusals = refusalsOf(400, 401, 403, 404, 409, 422, 429, 503);
const idParams = z.object({ id: z.uuid() });
const keyHeaders = z.object({ "idempotency-key": idempotencyKeySchema });

export interface SaleRoutesDeps {
  readonly code: string;
  readonly quotes: Quotes;
  readonly sales: Sales;
  readonly rightsOf: (partner: string) => Promise<readonly Right[]>;
  readonly metrics: ShopMetrics;
}

/** How partners buy, for their customers or themselves; on a part of the server whose requests are signed. */
export function registerSaleCalls(
  scope: HttpServer,
  { code, quotes, sales, rightsOf, metrics }: SaleRoutesDeps,
): void {
  scope.post(
    "/api/v1/quotes",
    {
      schema: {
        summary: "A signed sale of these pieces to one buyer, good for a time",
        description: "With the right sell; with earn-commission the sale names the caller's commission.",
        headers: keyHeaders,
        body: quotePostSchema,
        response: { 201: quoteSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const partner = signerOf(request);
      await demandSell(partner);
      try {
        const quote = await quotes.make(partner, request.body, request.headers["idempotency-key"]);
        return await reply.code(201).send(quote);
      } catch (error) {
        if (isHanseError(error, "HANSE_OUT_OF_STOCK")) metrics.ordered(partner, "out_of_stock");
        throw error;
      }
    },
  );
  scope.delete(
    "/api/v1/quotes/:id",
    {
      schema: {
        summary: "Give a quote up that is not ordered: its pieces are there for others",
        params: idParams,
        response: { 200: z.object({ id: z.uuid() }), ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      await quotes.giveUp(signerOf(request), id);
      return { id };
    },
  );
  scope.post(
    "/api/v1/order",
    {
      schema: {
        summary: "Tell an order of a quote, and where it goes",
        description:
          "Of a quote that was made for the caller while it had the right sell, and that is not over; the right is not asked for again, since the quote may be paid already. Whether it is paid, the chain says.",
        body: orderPostSchema,
        response: { 201: saleSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const partner = signerOf(request);
      // An order of a quote made while the right was there is taken: it may be paid already.
      const sale = await sales.place(partner, request.body);
      return reply.code(201).send(sale);
    },
  );
  scope.get(
    "/api/v1/order/:id",
    {
      schema: {
        summary: "How an order of the caller's stands",
        params: idParams,
        response: { 200: saleSchema, ...refusals },
      },
    },
    (request) => sales.find(request.params.id, signerOf(request)),
  );
  scope.post(
    "/api/v1/order/:id/cancel",
    {
      schema: {
        summary: "Call an order off that is not shipped; what was paid is given back",
        params: idParams,
        response: { 200: saleSchema, ...refusals },
      },
    },
    (request) => sales.cancel(request.params.id, signerOf(request)),
  );
  scope.post(
    "/api/v1/order/:id/return",
    {
      schema: {
        summary: "Ask to send an order back",
        params: idParams,
        body: returnPostSchema,
        response: { 200: saleSchema, ...refusals },
      },
    },
    (request) => sales.askReturn(signerOf(request), request.params.id, request.body.reason),
  );

  async function demandSell(partner: string): Promise<void> {
    if ((await rightsOf(partner)).includes("sell")) return;
    metrics.ordered(partner, "refused");
    throw new HanseError("HANSE_RIGHT_MISSING", `${code} does not grant ${partner} sell now`, {
      details: { partner, missing: ["sell"] },
    });
  }
}

/** What the owner does about orders; on a part of the server that asks for the owner's token. */
export function registerSaleManagement(
  scope: HttpServer,
  { sales, supplies }: Pick<SaleRoutesDeps, "sales"> & { readonly supplies: Supplies },
): void {
  scope.get(
    "/v1/owner/sales",
    {
      schema: {
        summary: "Orders of this shop's goods, newest first",
        response: { 200: saleListSchema, ...refusals },
      },
    },
    async () => ({ sales: [...(await sales.list())] }),
  );
  scope.get(
    "/v1/owner/sales/:id",
    {
      schema: { summary: "One order", params: idParams, response: { 200: saleSchema, ...refusals } },
    },
    (request) => sales.find(request.params.id),
  );
  scope.get(
    "/v1/owner/sales/:id/ship-to",
    {
      schema: {
        summary: "Where an order goes",
        params: idParams,
        response: { 200: addressSchema, ...refusals },
      },
    },
    async (request) => {
      const shipTo = await sales.shipTo(request.params.id);
      if (shipTo !== undefined) {
        const { salt, ...address } = shipTo;
        return address;
      }
      throw new HanseError("HANSE_SALE_STATE", "The partner has not told yet where it goes");
    },
  );
  scope.post(
    "/v1/owner/sales/:id/ship",
    {
      schema: {
        summary: "The parcel is on its way",
        params: idParams,
        body: shipPostSchema,
        response: { 200: saleSchema, ...refusals },
      },
    },
    (request) => sales.ship(request.params.id, request.body.tracking),
  );
  scope.post(
    "/v1/owner/sales/:id/refund",
    {
      schema: {
        summary: "Give the price back",
        params: idParams,
        body: refundPostSchema,
        response: { 200: saleSchema, ...refusals },
      },
    },
    (request) => sales.refund(request.params.id, request.body.restock),
  );
  scope.post(
    "/v1/owner/sales/:id/cancel",
    {
      schema: {
        summary: "Call an order off that is not shipped",
        params: idParams,
        response: { 200: saleSchema, ...refusals },
      },
    },
    (request) => sales.cancel(request.params.id),
  );
  scope.post(
    "/v1/owner/sales/:id/contest",
    {
      schema: {
        summary: "Answer that a complaint is wrong; the shop puts up as much as the buyer did",
        params: idParams,
        body: contestPostSchema,
        response: { 200: saleSchema, ...refusals },
      },
    },
    (request) => sales.contest(request.params.id, request.body.evidence),
  );
  scope.post(
    "/v1/owner/supplies",
    {
      schema: {
        summary: "Name the deal by which the shop gets what it sells on as a product of its own",
        description:
          "Quotes of the product name it from then on, and its time to complain is lengthened once one of them is sealed.",
        body: supplyPostSchema,
        response: { 200: supplySchema, ...refusals },
      },
    },
    (request) => supplies.set(request.body.product, request.body.deal),
  );
}
