import { z } from "zod";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { ContentAddress } from "./content-address.ts";

export const addressSchema = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.string().regex(/^0x[0-9a-f]{64}$/, "must be 0x and 64 hex digits"))
  .transform((text) => text as ContentAddress)
  .describe("sha-256 of the content as 0x and 64 hex digits");

export const addressParams = z.object({ address: addressSchema });

export const storedSchema = z.object({ address: z.string(), size: z.number().int() });

/** What any request that uploads may be refused with. */
export const uploadRefusals = {
  401: errorBodySchema,
  408: errorBodySchema,
  413: errorBodySchema,
  422: errorBodySchema,
  429: errorBodySchema,
  503: errorBodySchema,
  507: errorBodySchema,
};
