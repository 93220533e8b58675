import { z } from "zod";
import {
  ownerAnswerSchema,
  ownerCallSchema,
  partnershipAnswerSchema,
  partnershipCallSchema,
  partnershipCalls,
  partnershipListSchema,
  partnershipStandingSchema,
  shopCodeSchema,
} from "#src/client/shop-schema.ts";
import { errorBodySchema, refusalsOf } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { signerOf } from "../shop-signature.ts";
import { partnershipCourse } from "./partnership-course.ts";
import type { Partnerships } from "./partnerships.ts";

const refusals = refusalsOf(400, 401, 404, 409, 422, 429, 503);

/** Refused with where it stands here: who called is behind, and takes that over as far as it may. */
const standingRefusalSchema = errorBodySchema
  .extend({ details: z.looseObject({ standing: partnershipStandingSchema.optional() }).optional() })
  .meta({ id: "PartnershipRefusal" });

/** What other shops call; on a part of the server whose requests are signed. */
export function registerPartnershipCalls(scope: HttpServer, partnerships: Partnerships): void {
  for (const call of partnershipCalls) {
    const steps = partnershipCourse.filter((step) => step.call === call);
    scope.post(
      `/v1/partnerships/${call}`,
      {
        schema: {
          summary: steps.map(({ by, says }) => `The ${by} ${says}`).join(". "),
          body: partnershipCallSchema,
          response: {
            ...{ 200: partnershipAnswerSchema, ...refusals },
            ...{ 409: standingRefusalSchema, 429: standingRefusalSchema },
          },
        },
      },
      (request) => partnerships.receive(signerOf(request), call, request.body),
    );
  }
}

/** What the owner has the shop do; on a part of the server that asks for the owner's token. */
export function registerPartnershipManagement(scope: HttpServer, partnerships: Partnerships): void {
  scope.get(
    "/v1/owner/partnerships",
    {
      schema: {
        summary: "Partnerships of this shop, each direction by itself",
        response: { 200: partnershipListSchema, ...refusals },
      },
    },
    async () => ({ partnerships: [...(await partnerships.list())] }),
  );
  scope.post(
    "/v1/owner/partnerships/:code/:call",
    {
      schema: {
        summary: "Have the shop call another about a partnership",
        params: z.object({ code: shopCodeSchema, call: z.enum(partnershipCalls) }),
        body: ownerCallSchema,
        response: { 200: ownerAnswerSchema, 502: errorBodySchema, 504: errorBodySchema, ...refusals },
      },
    },
    (request) => partnerships.make(request.params.code, request.params.call, request.body),
  );
}
