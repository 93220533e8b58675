import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import type { RouteContext } from "./route-context.ts";
import { addressParams } from "./route-schemas.ts";

const claimSchema = z.object({
  address: z.string(),
  size: z.number().int(),
  pinned: z.boolean(),
  keptUntil: z.number().nullable().describe("In milliseconds since 1970; null is for ever"),
});
const usageSchema = z.object({
  uploader: z.string(),
  claimedBytes: z.number().int(),
  reservedBytes: z.number().int(),
  quotaBytes: z.number().int().nullable().describe("null is no quota of its own"),
  claims: z.array(claimSchema),
});
const refusals = { 401: errorBodySchema, 404: errorBodySchema, 413: errorBodySchema, 507: errorBodySchema };

/** What an uploader has here, and for how long: pins, touches, and a list. */
export function registerPinRoutes(server: HttpServer, { kept, uploaderOf }: RouteContext): void {
  const claiming = (summary: string) => ({
    onRequest: async (request: FastifyRequest) => void uploaderOf(request),
    schema: { summary, params: addressParams, response: { 200: claimSchema, ...refusals } },
  });
  server.put("/v1/pins/:address", claiming("Keep content for ever"), (request) =>
    kept.claim(uploaderOf(request), request.params.address, { pinned: true }),
  );
  server.delete("/v1/pins/:address", claiming("Keep pinned content for the usual time only"), (request) =>
    kept.claim(uploaderOf(request), request.params.address, { pinned: false }),
  );
  server.post("/v1/content/:address/touch", claiming("Keep content for the usual time from now"), (request) =>
    kept.claim(uploaderOf(request), request.params.address),
  );
  server.get(
    "/v1/usage",
    {
      schema: {
        summary: "What this uploader keeps here",
        response: { 200: usageSchema, 401: errorBodySchema },
      },
    },
    (request) => {
      const uploader = uploaderOf(request);
      return {
        ...{ uploader: uploader.name, quotaBytes: uploader.quotaBytes ?? null },
        ...kept.usage(uploader),
        claims: kept.claimsOf(uploader),
      };
    },
  );
}
