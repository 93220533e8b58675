import { getAddress } from "viem";
import { z } from "zod";
import { RIGHTS } from "#src/identity/grant.ts";
import { shipToSchema } from "#src/protocol/ship-to.ts";
import { isShopCode, SHOP_CODE_PATTERN } from "#src/protocol/shop-code.ts";

// What shops tell each other, and their owners. `GET /docs/openapi.json` of a shop service tells the same.

export const shopCodeSchema = z
  .string()
  .regex(SHOP_CODE_PATTERN, "2 to 8 characters A–Z and 0–9, the first a letter")
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

/** The calls of one shop to another about a partnership, as their paths are named. */
export const partnershipCalls = [
  "request",
  "accept",
  "reject",
  "offer",
  "acceptOffer",
  "rejectOffer",
  "leave",
  "refresh",
  "refreshOffer",
  "refreshAccept",
  "refreshReject",
] as const;
export type PartnershipCall = (typeof partnershipCalls)[number];

/** Those that answer a request or an offer: an owner says which. */
export const answeringCalls: readonly PartnershipCall[] = [
  "accept",
  "reject",
  "acceptOffer",
  "rejectOffer",
  "refreshAccept",
  "refreshReject",
];

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

export const partnershipAnswerSchema = z
  .object({
    state: stateSchema,
    rights: z.array(rightSchema),
    until: instant.nullable(),
    grant: z.string().optional(),
  })
  .meta({ id: "PartnershipAnswer" });
export type PartnershipAnswer = z.infer<typeof partnershipAnswerSchema>;

/** Where a partnership stands at a shop that refuses a call about it; who called takes over what of it takes its own rights, or is signed. */
export const partnershipStandingSchema = z
  .object({
    role: roleSchema.describe("What the one who refuses is in it"),
    state: stateSchema,
    exchange: z.string().max(80),
    pendingRights: z.array(rightSchema).nullable(),
    pendingUntil: instant.nullable(),
    askAgainAt: instant.nullable(),
    grant: z.string().max(4_096).optional().describe("What the granter, if it is the one, grants now"),
  })
  .meta({ id: "PartnershipStanding" });
export type PartnershipStanding = z.infer<typeof partnershipStandingSchema>;

/** A partnership as its shop's owner sees it. */
export const partnershipSchema = partnershipAnswerSchema
  .omit({ grant: true })
  .extend({
    peer: shopCodeSchema,
    role: roleSchema.describe("What this shop is in it"),
    pendingRights: z.array(rightSchema).nullable(),
    pendingUntil: instant.nullable().describe("Until when what is asked for or offered would be granted"),
    pendingId: z
      .string()
      .nullable()
      .describe("Names what is asked for or offered, its rights and its end: whoever answers it says so"),
    askAgainAt: instant.nullable(),
    note: z.string().nullable().describe("What the other's owner said with its last call, if anything"),
    changedAt: instant,
  })
  .meta({ id: "Partnership" });
export type Partnership = z.infer<typeof partnershipSchema>;
export const partnershipListSchema = z.object({ partnerships: z.array(partnershipSchema) });

/** What an owner has its shop do. */
export const ownerCallSchema = z.strictObject({
  role: roleSchema
    .optional()
    .describe("Needed where either side may call so: leave, refreshAccept, refreshReject"),
  answers: z
    .string()
    .max(80)
    .optional()
    .describe(
      `The \`pendingId\` that was looked at; needed for what answers: ${answeringCalls.join(", ")}. 409 where another stands by now`,
    ),
  rights: rightsSchema.optional(),
  until: instant.optional(),
  note: z.string().max(500).optional().describe("A word to the other's owner"),
});
export type OwnerCall = z.infer<typeof ownerCallSchema>;

export const ownerAnswerSchema = partnershipSchema.extend({
  delivered: z.boolean().describe("false: the other shop cannot be reached now, and is told later"),
});
export type OwnerAnswer = z.infer<typeof ownerAnswerSchema>;

// ── Inventory ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A product as partners are told of it: the five fields of the first protocol, and exact money beside them. */
export const feedItemSchema = z
  .object({
    id: productIdSchema,
    name: z.string(),
    description: z.string(),
    price: z.number().describe("In US dollars, for display only"),
    imageURL: z.string(),
    currency: z.string().length(3).describe("The seller's currency, ISO 4217"),
    priceMinor: z.coerce.bigint().describe("Price of a piece in minor units of that currency: this counts"),
    categories: z.array(z.string()),
    available: z.boolean(),
    featured: z.boolean().optional().describe("For partners who promote"),
    quantity: z.coerce
      .bigint()
      .optional()
      .describe(
        "Pieces left, for partners who share data; absent where they are not counted. In the feed as of the product's last change that was told: pieces that are kept or sold are none until the last; `GET /api/v1/product/{id}` tells them now",
      ),
  })
  .meta({ id: "Product" });
export type FeedItem = z.output<typeof feedItemSchema>;

export const productFeedSchema = z.object({
  products: z.array(feedItemSchema),
  gone: z
    .array(productIdSchema)
    .describe("Not sold any more; where only what is featured is told, not featured any more"),
  cursor: z.string().describe("For `since`, at the next poll"),
  feed: z
    .string()
    .max(64)
    .describe("Names the feed: a cursor of another means nothing in it, so begin again"),
  more: z.boolean().describe("There is more now: ask again at once"),
});
export type ProductFeed = z.output<typeof productFeedSchema>;

export const feedQuerySchema = z.object({
  since: z.string().max(90).optional().describe("The cursor of the last poll; without it everything is told"),
  limit: z.coerce.number().int().min(1).max(1_000).default(500),
  featured: z.enum(["true"]).optional().describe("Only what is featured; takes the right co-promote"),
});

/** As JSON numbers or decimal strings; fractions and signs are refused. */
export const piecesSchema = z
  .union([z.number().int().positive().max(1_000_000), z.string().regex(/^[1-9]\d{0,6}$/)])
  .transform((pieces) => BigInt(pieces))
  .refine((pieces) => pieces <= 1_000_000n, "at most 1,000,000")
  .describe("Whole pieces");

export const reservationSchema = z
  .object({
    id: z.string(),
    product: productIdSchema,
    quantity: z.coerce.bigint(),
    state: z.enum(["held", "ordered", "released", "expired"]),
    expiresAt: instant,
  })
  .meta({ id: "Reservation" });
export type ReservationView = z.output<typeof reservationSchema>;

export const availabilitySchema = feedItemSchema.extend({
  reservation: reservationSchema.optional().describe("Where `reserve` was asked"),
});

export const reservationPostSchema = z.strictObject({ product: productIdSchema, quantity: piecesSchema });

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\w.:-]{8,80}$/, "8 to 80 letters, digits, `_`, `.`, `:` and `-`")
  .describe("The same answer where the same request comes again");

// ── Quotes and orders ──────────────────────────────────────────────────────────────────────────────────────────────────

// What is told goes both ways through its schema: nothing here is transformed one way only.
const accountSchema = z
  .templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]{40}$/)])
  .overwrite((text) => getAddress(text));
const hashSchema = z
  .templateLiteral(["0x", z.string().regex(/^[0-9a-f]{64}$/)])
  .describe("0x and 64 small hex digits");
const nanoSchema = z.coerce.bigint().describe("nano-HANSE");

const lineSchema = z.strictObject({
  product: productIdSchema,
  quantity: piecesSchema,
  reservation: z.uuid().optional().describe("Made before; without one the pieces are reserved now"),
});

export const quotePostSchema = z.strictObject({
  lines: z.array(lineSchema).min(1).max(1_000),
  buyer: accountSchema.describe("The account that will sign the purchase"),
  supply: hashSchema.optional().describe("Of a resale: the deal by which the seller gets the goods"),
});
export type QuotePost = z.input<typeof quotePostSchema>;

/** A `SaleOrder` as JSON: amounts as decimal strings. */
export const saleOrderSchema = z
  .object({
    seller: accountSchema,
    goods: hashSchema,
    price: nanoSchema,
    shipWithin: z.number().int(),
    deliverWithin: z.number().int(),
    complaintTime: z.number().int(),
    arbiter: hashSchema,
    defaultOutcome: z.union([z.literal(0), z.literal(1)]),
    sellerBond: nanoSchema,
    referrer: accountSchema,
    commission: nanoSchema,
    resaleMargin: z.number().int(),
    supply: hashSchema,
    onlyBuyer: hashSchema,
    conditions: z.object({
      certifier: accountSchema,
      matcher: accountSchema,
      validUntil: z.coerce.bigint(),
      epoch: z.coerce.bigint(),
      volume: z.number().int(),
      minFill: z.number().int(),
      salt: hashSchema,
      externalRef: hashSchema,
      terms: hashSchema,
    }),
  })
  .meta({ id: "SaleOrder" });

export const quoteSchema = z
  .object({
    id: z.uuid(),
    seller: shopCodeSchema,
    lines: z.array(
      z.object({
        product: productIdSchema,
        name: z.string(),
        quantity: z.coerce.bigint(),
        priceMinor: z.coerce.bigint().describe("Of a piece"),
        totalMinor: z.coerce.bigint(),
      }),
    ),
    currency: z.string(),
    totalMinor: z.coerce.bigint().describe("In minor units of the currency: exact"),
    totalNano: nanoSchema.describe("What the buyer pays, nano-HANSE"),
    rate: z.string().describe("What one HANSE was worth in that currency, decimal"),
    validUntil: instant,
    sale: saleOrderSchema,
    saleHash: hashSchema,
    signature: z.templateLiteral(["0x", z.string().regex(/^([0-9a-f]{2})*$/)]),
  })
  .meta({ id: "Quote" });
export type Quote = z.output<typeof quoteSchema>;

export const orderPostSchema = z.strictObject({
  ref: z
    .string()
    .regex(/^[\w.:-]{8,80}$/)
    .describe("What the caller calls it; the same order where it comes again"),
  quote: z.uuid(),
  deal: hashSchema.optional().describe("The deal that pays it, once it is sealed"),
  shipTo: z
    .base64url()
    .max(8_192)
    .describe("Where it goes: a box sealed to the seller's key, in the quote's name"),
});
export type OrderPost = z.input<typeof orderPostSchema>;

export const saleStateSchema = z.enum(["placed", "paid", "shipped", "settled", "refunded", "cancelled"]);
export const saleSchema = z
  .object({
    id: z.uuid(),
    partner: z.string(),
    ref: z.string().nullable(),
    quote: z.uuid(),
    state: saleStateSchema,
    stage: z.string().nullable().describe("Of its deal, as the chain has it"),
    deal: z.string().nullable(),
    lines: z.array(
      z.object({ product: productIdSchema, quantity: z.coerce.bigint(), priceMinor: z.coerce.bigint() }),
    ),
    currency: z.string(),
    totalMinor: z.coerce.bigint(),
    totalNano: nanoSchema,
    tracking: z.string().nullable(),
    shipToProblem: z
      .string()
      .nullable()
      .describe(
        "Why the seller cannot read where it goes, of an order that is not shipped; null where it can",
      ),
    packed: z.boolean().describe("Paid, and out of the house: it can be shipped"),
    returnReason: z.string().nullable(),
    createdAt: instant,
  })
  .meta({ id: "Sale" });
export type Sale = z.output<typeof saleSchema>;

export const saleListSchema = z.object({ sales: z.array(saleSchema) });

export const returnPostSchema = z.strictObject({ reason: z.string().min(1).max(500) });
export const shipPostSchema = z.strictObject({ tracking: z.string().min(1).max(200) });
export const refundPostSchema = z.strictObject({
  restock: z.boolean().default(false).describe("The pieces are in the house again"),
});
export const contestPostSchema = z.strictObject({
  evidence: z.string().min(1).max(10_000).describe("What speaks for the shop; the chain has its hash"),
});

export const supplyPostSchema = z.strictObject({
  product: productIdSchema.describe("Of this shop"),
  deal: hashSchema
    .nullable()
    .describe("By which the shop bought the pieces; null: it sells none on any more"),
});
export const supplySchema = z.object({ product: productIdSchema, deal: z.string().nullable() });
export type Supply = z.output<typeof supplySchema>;

/** What a box with an address is sealed for, so that it serves nowhere else. */
export const shipToContext = (quote: string): string => `hanse ship-to ${quote}`;

// ── Checkout: what customers of a shop ask ─────────────────────────────────────────────────────────────────────────────

/** Where a parcel goes; the salt that hides it on chain is made by the shop. */
export const addressSchema = shipToSchema.omit({ salt: true });

export const checkoutPostSchema = z.strictObject({
  buyer: accountSchema.describe("The wallet that pays"),
  lines: z
    .array(z.strictObject({ product: productIdSchema, quantity: piecesSchema }))
    .min(1)
    .max(100),
  shipTo: addressSchema,
});
export type CheckoutPost = z.input<typeof checkoutPostSchema>;

export const purchaseOrderSchema = z
  .object({
    buyer: accountSchema,
    goods: hashSchema,
    maxPrice: nanoSchema,
    shipTo: hashSchema,
    saleOrder: hashSchema,
    onlySeller: hashSchema,
    maxShipWithin: z.number().int(),
    maxDeliverWithin: z.number().int(),
    minComplaintTime: z.number().int(),
    onlyArbiter: hashSchema,
    defaultOutcome: z.union([z.literal(0), z.literal(1)]),
    minSellerBond: nanoSchema,
    minResaleMargin: z.number().int(),
    basket: hashSchema,
    basketSize: z.number().int(),
    conditions: saleOrderSchema.shape.conditions,
  })
  .meta({ id: "PurchaseOrder" });

export const checkoutSchema = z
  .object({
    id: z.uuid(),
    state: z.enum(["quoted", "signed", "sealed", "failed"]),
    buyer: z.string(),
    problem: z.string().nullable(),
    totalNano: nanoSchema.describe("Of all legs"),
    expiresAt: instant,
    legs: z.array(
      z.object({
        leg: z.number().int(),
        seller: shopCodeSchema,
        quote: quoteSchema.describe("What is bought, in the seller's currency and in HANSE"),
        purchase: purchaseOrderSchema.describe("To be signed by the buyer (EIP-712, domain of the Receipt)"),
        purchaseHash: hashSchema,
        deal: z.string().nullable(),
        dealHash: z
          .string()
          .nullable()
          .describe("What the buyer signs to confirm: Confirmation(bytes32 deal)"),
        stage: z.string().nullable(),
      }),
    ),
    chainId: z.number().int(),
    receipt: z.string(),
  })
  .meta({ id: "Checkout" });
export type Checkout = z.output<typeof checkoutSchema>;

const signatureSchema = z.templateLiteral(["0x", z.string().regex(/^([0-9a-fA-F]{2}){0,4096}$/)]);
export const signaturesPostSchema = z.strictObject({
  signatures: z
    .array(signatureSchema)
    .min(1)
    .max(100)
    .describe("Of each leg's purchase, in the order of the legs"),
});
export const checkoutListSchema = z.object({ checkouts: z.array(checkoutSchema) });
const mostSchema = z
  .union([z.number().int().nonnegative(), z.string().regex(/^\d{1,20}$/)])
  .transform((nano) => BigInt(nano))
  .describe("What all of it may cost at most, nano-HANSE: what sellers quote above it is not paid");
export const ownCheckoutPostSchema = checkoutPostSchema
  .omit({ buyer: true })
  .extend({
    pay: z
      .boolean()
      .default(true)
      .describe("false: it is only quoted, and waits for `/v1/owner/checkouts/:id/pay`"),
    mostNano: mostSchema.optional(),
  })
  .refine(({ pay, mostNano }) => !pay || mostNano !== undefined, {
    message: "needed where it is paid at once",
    path: ["mostNano"],
  });
export const payOwnPostSchema = z.strictObject({ mostNano: mostSchema });
export type OwnCheckoutPost = z.input<typeof ownCheckoutPostSchema>;

export const confirmPostSchema = z.strictObject({
  leg: z.number().int().min(0).max(99),
  signature: signatureSchema,
});

export const listingsSchema = z.object({
  products: z.array(feedItemSchema).describe("By partner and SKU"),
  next: productIdSchema.optional().describe("Hand it in as `after` for the next page; absent on the last"),
});

export const listingsQuerySchema = z.object({
  partner: z.string().max(8).refine(isShopCode, "no shop's code").optional().describe("Of one partner only"),
  after: productIdSchema.optional().describe("`next` of the page before"),
  limit: z.coerce.number().int().min(1).max(1_000).default(500),
});
export const syncedSchema = z.object({
  told: z.number().int().describe("Products that are new or changed"),
  gone: z.number().int(),
});
export type Synced = z.output<typeof syncedSchema>;

// ── The built-in stock ─────────────────────────────────────────────────────────────────────────────────────────────────

export const stockSchema = z.object({
  currency: z.string(),
  products: z.array(
    z.object({
      sku: z.string(),
      id: z.string(),
      name: z.string(),
      price: z.string(),
      quantity: z.string().nullable(),
      featured: z.boolean(),
    }),
  ),
});
export type Stock = z.output<typeof stockSchema>;

/** Bytes of a request that brings a catalogue. */
export const IMPORT_LIMIT = 32 * 1_048_576;
export const importPostSchema = z.strictObject({
  format: z.enum(["json", "csv"]),
  content: z.string().max(IMPORT_LIMIT),
  complete: z.boolean().default(false).describe("What is not named is sold no more"),
});
export type ImportPost = z.input<typeof importPostSchema>;
export const importedSchema = z.object({
  products: z.number().int(),
  added: z.number().int(),
  removed: z.number().int(),
});
export type Imported = z.output<typeof importedSchema>;

// ── Reviews ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const reviewPostSchema = z.strictObject({
  deal: hashSchema,
  text: z
    .string()
    .min(1)
    .max(4_000)
    // A lone surrogate has no UTF-8: its hash would be that of another text.
    .refine((text) => text.isWellFormed(), "no Unicode text")
    .describe("The very text whose hash was rated with"),
});
export type ReviewPost = z.output<typeof reviewPostSchema>;

export const reviewSchema = z.object({
  deal: z.string(),
  seller: z.string(),
  buyer: z.string(),
  stars: z.number().int(),
  weight: nanoSchema.describe("What the rating weighs on chain, nano-HANSE"),
  hash: z.string().describe("keccak256 of the text, in UTF-8"),
  text: z.string(),
  createdAt: instant,
});
export type Review = z.output<typeof reviewSchema>;

export const reviewQuerySchema = z.strictObject({
  deal: hashSchema.optional(),
  seller: accountSchema.optional().describe("The account that sold"),
});
export type ReviewQuery = z.input<typeof reviewQuerySchema>;
export const reviewListSchema = z.object({ reviews: z.array(reviewSchema).describe("Newest first") });
