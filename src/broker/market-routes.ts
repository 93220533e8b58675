import { z } from "zod";
import type { Book } from "#src/book/book.ts";
import {
  brokerInfoSchema,
  categoryParamSchema,
  dealDetailSchema,
  depthQuerySchema,
  depthSchema,
  tradePageSchema,
  tradeQuerySchema,
} from "#src/client/broker-schema.ts";
import { bytes32Schema } from "#src/client/order-schema.ts";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { BrokerDatabase } from "./broker-tables.ts";
import { lastBlock } from "./chain-cursor.ts";
import { findDeal, listDeals } from "./deal-store.ts";
import type { MarketChain } from "./market-chain.ts";
import { countOpenOrders, levelsOf, openCategories } from "./order-store.ts";
import { dealDetail, tradeOf } from "./views.ts";

export interface MarketRoutesDeps {
  readonly database: BrokerDatabase;
  readonly chain: MarketChain;
  /** The book, where this process keeps it. */
  readonly book: () => Book | undefined;
}

export function registerMarketRoutes(server: HttpServer, { database, chain, book }: MarketRoutesDeps): void {
  const queries = database.kysely;

  server.get(
    "/v1/info",
    { schema: { summary: "What this broker trades on", response: { 200: brokerInfoSchema } } },
    async () => {
      const [block, open, categories] = await Promise.all([
        lastBlock(queries),
        countOpenOrders(queries),
        openCategories(queries),
      ]);
      const { chainId, clerk, matcher } = chain;
      return { chainId, clerk, matcher, ...(block === undefined ? {} : { block }), open, categories };
    },
  );

  server.get(
    "/v1/markets/:category/depth",
    {
      schema: {
        summary: "Both sides of a category's market, by price",
        params: categoryParamSchema,
        querystring: depthQuerySchema,
        response: { 200: depthSchema, 400: errorBodySchema },
      },
    },
    async ({ params: { category }, query: { limit } }) => {
      const kept = book();
      if (kept !== undefined) {
        const { asks, bids } = kept.depth(category, limit);
        return { category, asks: [...asks], bids: [...bids] };
      }
      const [asks, bids] = await Promise.all([
        levelsOf(queries, "pool", category, limit),
        levelsOf(queries, "request", category, limit),
      ]);
      return { category, asks, bids };
    },
  );

  server.get(
    "/v1/trades",
    {
      schema: {
        summary: "Sealed deals, newest first",
        querystring: tradeQuerySchema,
        response: { 200: tradePageSchema, 400: errorBodySchema },
      },
    },
    async ({ query: { category, before, limit } }) => {
      const rows = await listDeals(queries, {
        category,
        limit,
        before: before === undefined ? undefined : BigInt(before),
      });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return { trades: rows.map(tradeOf), ...(last ? { next: String(last.sequence) } : {}) };
    },
  );

  server.get(
    "/v1/deals/:id",
    {
      schema: {
        summary: "One deal with its whole content",
        params: z.object({ id: bytes32Schema }),
        response: { 200: dealDetailSchema, 400: errorBodySchema, 404: errorBodySchema },
      },
    },
    async ({ params: { id } }) => {
      const row = await findDeal(queries, id);
      if (row === undefined) throw new HanseError("HANSE_NOT_FOUND", `There is no deal ${id} here`);
      return dealDetail(row);
    },
  );
}
