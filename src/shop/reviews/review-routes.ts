import {
  reviewListSchema,
  reviewPostSchema,
  reviewQuerySchema,
  reviewSchema,
} from "#src/client/shop-schema.ts";
import { refusalsOf } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { REVIEW_PATH, type Reviews } from "./reviews.ts";

const refusals = refusalsOf(400, 401, 404, 422, 429, 503);

/** What buyers say of what they bought; for anybody. */
export function registerReviewRoutes(scope: HttpServer, reviews: Reviews): void {
  scope.post(
    "/v1/reviews",
    {
      schema: {
        summary: "The text of a review whose hash a buyer rated with, on chain",
        description: "Of deals that this shop has to do with; the seller's shop is handed it on.",
        body: reviewPostSchema,
        response: { 201: reviewSchema, ...refusals },
      },
    },
    async (request, reply) => reply.code(201).send(await reviews.take(request.body)),
  );
  scope.get(
    "/v1/reviews",
    {
      schema: {
        summary: "Reviews that are kept here: of a deal, of a seller, or all",
        querystring: reviewQuerySchema,
        response: { 200: reviewListSchema, ...refusals },
      },
    },
    async (request) => ({ reviews: [...(await reviews.list(request.query))] }),
  );
}

/** What the shop it was bought at hands on; on a part of the server whose requests are signed. */
export function registerReviewCalls(scope: HttpServer, reviews: Reviews): void {
  scope.post(
    REVIEW_PATH,
    {
      schema: {
        summary: "The text of a review of what this shop sold",
        description: "No right is asked for: what counts is the rating on chain.",
        body: reviewPostSchema,
        response: { 201: reviewSchema, ...refusals },
      },
    },
    async (request, reply) => reply.code(201).send(await reviews.receive(request.body)),
  );
}
