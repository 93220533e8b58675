import { z } from "zod";
import { RIGHTS } from "#src/identity/grant.ts";

// What shops tell each other, and their owners. `GET /docs/openapi.json` of a shop service tells the same.

export const shopCodeSchema = z
  .string()
  .regex(/^[A-Z][A-Z0-9]{1,7}$/, "2 to 8 characters A–Z and 0–9, the first a letter")
  .describe("A shop's code in the federation");

/** `CODE:SKU`: what a product is called outside of its shop. */
export const productIdSchema = z
  .string()
  .max(80)
  .regex(/^[A-Z][A-Z0-9]{1,7}:[\w.-]{1,64}$/, "CODE:SKU")
  .describe("Public id of a product, CODE:SKU");

export const rightSchema = z.enum(RIGHTS).describe("What a partner may do");
const rightsSchema = z
  .array(rightSchema)
  .min(1)
  .max(RIGHTS.length)
  .refine((rights) => new Set(rights).size === rights.length, "a right twice");

const roleSchema = z.enum(["granter", "grantee"]);
const instant = z.iso.datetime({ offset: true });

/** A call of one shop about a partnership to another. */
export const partnershipCallSchema = z.strictObject({
  callId: z.string().min(8).max(80).describe("Sent again with the same call: it is answered alike"),
  exchange: z.string().min(8).max(80).describe("Names the request or offer that this is, or is about"),
  role: roleSchema.describe("What the caller is in it"),
  rights: rightsSchema.optional().describe("Asked for or offered"),
  until: instant.optional().describe("Until when they are asked for or offered"),
  grant: z.string().max(4_096).optional().describe("JWT (EdDSA) of the granter; what it says counts"),
  askAgainAt: instant.optional().describe("From when on one who is denied may ask again"),
  note: z.string().max(500).optional().describe("A word to the other's owner"),
});
export type PartnershipCallBody = z.infer<typeof partnershipCallSchema>;

const stateSchema = z.enum([
  "none",
  "requested",
  "offered",
  "active",
  "renewal-requested",
  "renewal-offered",
  "denied",
  "declined",
  "ended",
]);

export const partnershipAnswerSchema = z.object({
  state: stateSchema,
  rights: z.array(rightSchema),
  until: instant.nullable(),
  grant: z.string().optional(),
});
export type PartnershipAnswer = z.infer<typeof partnershipAnswerSchema>;

/** A partnership as its shop's owner sees it. */
export const partnershipSchema = partnershipAnswerSchema.omit({ grant: true }).extend({
  peer: shopCodeSchema,
  role: roleSchema.describe("What this shop is in it"),
  pendingRights: z.array(rightSchema).nullable(),
  pendingUntil: instant.nullable().describe("Until when what is asked for or offered would be granted"),
  askAgainAt: instant.nullable(),
  changedAt: instant,
});
export type Partnership = z.infer<typeof partnershipSchema>;

/** What an owner has its shop do. */
export const ownerCallSchema = z.strictObject({
  role: roleSchema.optional().describe("Needed where either side may call so: leave, refreshAccept, refreshReject"),
  rights: rightsSchema.optional(),
  until: instant.optional(),
  note: z.string().max(500).optional(),
});
export type OwnerCall = z.infer<typeof ownerCallSchema>;

export const ownerAnswerSchema = partnershipSchema.extend({
  delivered: z.boolean().describe("false: the other shop cannot be reached now, and is told later"),
});
export type OwnerAnswer = z.infer<typeof ownerAnswerSchema>;
