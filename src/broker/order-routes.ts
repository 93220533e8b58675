import type { Hex } from "viem";
import type { WhyNot } from "#src/book/why-not.ts";
import {
  cancelPostSchema,
  hashParamSchema,
  orderDetailSchema,
  orderPageSchema,
  orderPostSchema,
  orderQuerySchema,
  orderStateSchema,
} from "#src/client/broker-schema.ts";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { BrokerDatabase, OrderRow } from "./broker-tables.ts";
import { dealsOfOrder } from "./deal-store.ts";
import type { Intake } from "./intake.ts";
import type { MarketChain } from "./market-chain.ts";
import { removeOrder } from "./order-removal.ts";
import { findOrder, listOrders, orderHistory } from "./order-store.ts";
import type { ReadableOrders } from "./readable-orders.ts";
import { orderState, whyNotView } from "./views.ts";

export interface OrderRoutesDeps {
  readonly database: BrokerDatabase;
  readonly chain: MarketChain;
  readonly intake: Intake;
  readonly orders: ReadableOrders;
  /** Of the book, where this process keeps it. */
  readonly whyNot: (request: Hex) => readonly WhyNot[];
  readonly onRemoved: (hash: Hex) => void;
}

/** Deals that are named with an order; `/v1/trades` has them all. */
const DEALS_NAMED = 100;

export function registerOrderRoutes(server: HttpServer, deps: OrderRoutesDeps): void {
  const { database, chain, intake, orders, whyNot, onRemoved } = deps;
  const refusals = { 400: errorBodySchema, 404: errorBodySchema, 422: errorBodySchema, 503: errorBodySchema };

  /** What was written down that blocks it is the reason; the book hears of it a moment later. */
  function reasons({ hash, type, blocked }: OrderRow): readonly WhyNot[] {
    return type === "request" && blocked !== null
      ? [{ leg: "request", refusal: blocked, orders: 1 }]
      : whyNot(hash);
  }

  server.post(
    "/v1/orders",
    {
      schema: {
        summary: "Publish a signed order; answered once it is stored for good",
        body: orderPostSchema,
        response: { 200: orderStateSchema, 201: orderStateSchema, ...refusals },
      },
      // The schema is for the documentation; the intake itself says what is malformed, by its own code.
      validatorCompiler: () => (value) => ({ value }),
    },
    async (request, reply) => {
      const { row, created } = await intake(request.body);
      return reply.code(created ? 201 : 200).send(orderState(row));
    },
  );

  server.get(
    "/v1/orders",
    {
      schema: {
        summary: "Orders, newest first",
        querystring: orderQuerySchema,
        response: { 200: orderPageSchema, 400: errorBodySchema },
      },
    },
    async ({ query: { before, ...filter } }) => {
      const rows = await listOrders(database.kysely, {
        ...filter,
        before: before === undefined ? undefined : BigInt(before),
      });
      const last = rows.length === filter.limit ? rows.at(-1) : undefined;
      const readable = rows.filter((row) => orders.read(row) !== undefined);
      return { orders: readable.map(orderState), ...(last ? { next: String(last.sequence) } : {}) };
    },
  );

  server.get(
    "/v1/orders/:hash",
    {
      schema: {
        summary: "One order: its state, its history, and what keeps a request unmatched",
        params: hashParamSchema,
        response: { 200: orderDetailSchema, 400: errorBodySchema, 404: errorBodySchema },
      },
    },
    async ({ params: { hash } }) => {
      const row = await findOrder(database.kysely, hash);
      if (row === undefined) throw new HanseError("HANSE_NOT_FOUND", `There is no order ${hash} here`);
      const [events, deals] = await Promise.all([
        orderHistory(database.kysely, hash),
        dealsOfOrder(database.kysely, row, DEALS_NAMED),
      ]);
      return {
        ...orderState(row),
        history: [
          { type: "received", at: row.received_at.toISOString() },
          ...events.map(({ type, at, block, details }) => ({
            type,
            at: at.toISOString(),
            ...(block === null ? {} : { block }),
            ...(details === null ? {} : { details }),
          })),
        ],
        deals,
        whyNot: row.status === "open" ? reasons(row).map(whyNotView) : [],
      };
    },
  );

  server.post(
    "/v1/orders/:hash/cancel",
    {
      schema: {
        summary: "Take an order off this book; on chain it stays valid until it is cancelled there",
        params: hashParamSchema,
        body: cancelPostSchema,
        response: { 200: orderStateSchema, ...refusals },
      },
    },
    async ({ params: { hash }, body: { signature } }) => {
      const row = await removeOrder({ chain, database }, hash, signature);
      onRemoved(hash);
      return orderState(row);
    },
  );
}
