import type { Hex } from "viem";
import { z } from "zod";
import { publicKeyFromBase64url } from "#src/identity/shop-key.ts";
import { SHOP_CODE_PATTERN } from "#src/protocol/shop-code.ts";
import { bytes32Schema } from "./order-schema.ts";

// What a hub service takes and tells. Keys are Ed25519, as 0x and 64 hex digits, but in a JWKS; amounts are decimal strings.

const hex = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]*$/)]);
const when = z.iso.datetime();
const sequence = z.string().regex(/^\d{1,18}$/);

export const shopCodeSchema = z
  .string()
  .regex(SHOP_CODE_PATTERN, "a code has 2 to 8 characters A–Z and 0–9, the first a letter")
  .describe("The shop's name in the federation");
export const codeParamSchema = z.object({ code: shopCodeSchema });
const keySchema = bytes32Schema.describe("Ed25519 public key");
const endpointSchema = z.string().min(1).max(256).describe("Base URL of the shop's service");

export const hubInfoSchema = z.object({
  url: z.string().describe("Where this service is known; issuer and audience of its tokens"),
  chainId: z.number().int(),
  hub: hex.describe("Address of the Hub contract it follows"),
  feed: z.string().describe("Names the sequence of changes: another one, and a cursor means nothing"),
  key: hex.describe("Ed25519 public key with which it signs what it tells shops; see the JWKS"),
  signInStatement: z.string().describe("What people read in the log-in message"),
});
export type HubInfo = z.output<typeof hubInfoSchema>;

export const jwksSchema = z.object({
  keys: z.array(
    z.object({
      kty: z.literal("OKP"),
      crv: z.literal("Ed25519"),
      x: z.string(),
      kid: z.string(),
      use: z.literal("sig"),
      alg: z.literal("EdDSA"),
    }),
  ),
});

/** The keys of shops are another set than the service's own: none of them speaks for it. */
export const shopJwksSchema = z.object({
  keys: z.array(
    z.object({
      ...{ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string() },
      kid: z.string().describe("CODE:x, as the keyid of what the shop signs"),
      ...{ use: z.literal("sig"), alg: z.literal("EdDSA") },
    }),
  ),
});

/** The keys in a JWKS; what is no key is left out. */
export function keysOfJwks({ keys }: z.output<typeof jwksSchema>): Hex[] {
  return keys.flatMap(({ x }) => publicKeyFromBase64url(x) ?? []);
}

export const nonceSchema = z.object({
  nonce: z.string().describe("Good once"),
  expiresAt: when,
  domain: z.string().describe("For the log-in message (EIP-4361), as are all of these"),
  uri: z.string(),
  chainId: z.number().int(),
  statement: z.string(),
});
export type NonceAnswer = z.output<typeof nonceSchema>;

export const signInPostSchema = z.strictObject({
  message: z.string().max(2_000).describe("EIP-4361, with an expiration time"),
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2}){1,4096}$/, "expected 0x and hex digits")
    .transform((text) => text as Hex)
    .describe("Of the wallet, or what its contract takes for one (ERC-1271)"),
});

export const refreshPostSchema = z.strictObject({
  refreshToken: z
    .string()
    .regex(/^[\w-]{43}$/, "no refresh token")
    .describe("Good once; shown twice, it ends the session"),
});

export const sessionSchema = z.object({
  account: hex,
  accessToken: z.string(),
  accessExpiresAt: when,
  refreshToken: z.string(),
  refreshExpiresAt: when,
});
export type Session = z.output<typeof sessionSchema>;

export const joinPostSchema = z.strictObject({
  code: shopCodeSchema,
  key: keySchema,
  endpoint: endpointSchema,
  profile: z.string().max(512).default("").describe("URI of a description"),
});
export type JoinPost = z.input<typeof joinPostSchema>;

export const rotateKeyPostSchema = z.strictObject({
  key: keySchema,
  overlapS: z
    .number()
    .int()
    .min(0)
    .max(4_294_967_295)
    .describe("For how many seconds the old key stays good; 0 revokes it at once"),
});
export type RotateKeyPost = z.input<typeof rotateKeyPostSchema>;

export const preparedSchema = z.object({
  code: z.string(),
  transactions: z
    .array(z.object({ to: hex, data: hex, description: z.string() }))
    .describe("To be sent by the wallet, in this order"),
});
export type Prepared = z.output<typeof preparedSchema>;

const STANDINGS = ["member", "suspended", "leaving", "left", "gone"] as const;
export const standingSchema = z
  .enum(STANDINGS)
  .describe(
    "gone: it never joined after all, since blocks were undone, or another hub service lists it no more",
  );
export type ShopStanding = z.output<typeof standingSchema>;

export const shopViewSchema = z.object({
  code: z.string(),
  standing: standingSchema,
  sequence: sequence.describe("Of its last change"),
  changedAt: when,
  origin: z.string().optional().describe("The other hub service that lists it; absent: it is in this Hub"),
  shop: z
    .object({
      owner: hex,
      key: hex.describe("Ed25519, as it signs now"),
      previousKey: hex.optional().describe("Good until overlapEnds"),
      overlapEnds: when.optional(),
      endpoint: z.string(),
      profile: z.string(),
      stake: z.string().regex(/^\d+$/).describe("nano-HANSE"),
    })
    .optional()
    .describe(
      "Of members, and of shops that leave and have deals to end: of others is known only that they are none",
    ),
});
export type ShopView = z.output<typeof shopViewSchema>;

export const shopQuerySchema = z.strictObject({
  since: sequence
    .optional()
    .describe(
      "The `next` of an earlier answer: what changed after it, shops that are no members any more too. One that is above all that is told, of a database that was set back, is answered from the beginning",
    ),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type ShopQuery = z.input<typeof shopQuerySchema>;

export const shopPageSchema = z.object({
  feed: z.string().describe("Where it is another one, or `next` falls, begin again without `since`"),
  shops: z.array(shopViewSchema).describe("In the order of their last changes"),
  next: sequence.describe("`since` of the next question"),
  more: z.boolean().describe("Is there more by now?"),
});
export type ShopPage = z.output<typeof shopPageSchema>;

/** Where a hub service tells a shop, at its endpoint, that something changed; signed as RFC 9421 has it, by `hub`. */
export const CHANGE_PATH = "/v1/federation/changes";

export const CHANGE_TYPES = ["joined", "updated", "rotated", "suspended", "restored", "left"] as const;
/** It only says _look_: what holds is in the list. */
export const changePostSchema = z.strictObject({
  id: z.uuid().describe("Of this delivery: the same one may come several times"),
  hub: z.string().describe("URL of the hub service"),
  type: z.enum(CHANGE_TYPES),
  code: shopCodeSchema,
  sequence,
});
export type ChangePost = z.output<typeof changePostSchema>;
