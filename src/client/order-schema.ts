import { type Address, getAddress, type Hex, isAddress } from "viem";
import { z } from "zod";
import { assetIdToHex } from "#src/protocol/ids.ts";
import type { Order, SignedOrder } from "#src/protocol/orders.ts";

// Orders as JSON. Amounts and times are decimal strings, small numbers are numbers, ids and hashes are 0x-hex.

const UINT64_MAX = 2n ** 64n - 1n;
const UINT32_MAX = 2 ** 32 - 1;

export const addressSchema = z
  .string()
  .refine((text) => isAddress(text, { strict: false }), "expected an address, 0x and 40 hex digits")
  .transform((text) => getAddress(text) as Address);

export const bytes32Schema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, "expected 32 bytes, 0x and 64 hex digits")
  .transform((text) => text.toLowerCase() as Hex);

const bytesSchema = (most: number) =>
  z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})*$/, "expected bytes, 0x and an even number of hex digits")
    .max(2 + 2 * most, `at most ${most} bytes`);

/** At most 4 KiB: it goes on the chain. */
export const paramsSchema = bytesSchema(4096).transform((text) => text.toLowerCase() as Hex);

export const uint64Schema = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/, "expected a decimal string")
  .transform((text) => BigInt(text))
  .refine((value) => value <= UINT64_MAX, "expected at most 2^64 - 1");

export const uint32Schema = z.number().int().min(0).max(UINT32_MAX);
export const uint16Schema = z.number().int().min(0).max(65_535);
export const assetIdSchema = bytes32Schema.transform((text) => BigInt(text));

const signatureSchema = bytesSchema(8192)
  .transform((text) => text.toLowerCase() as Hex)
  .describe(
    "As the Keyring takes it: of the account's or an operator's key, bulk, a contract's; `0x`: presigned",
  );

/** At most 4 KiB: they are brought to the chain with the order. */
const termsSchema = z
  .strictObject({
    checker: addressSchema,
    data: bytesSchema(4096).transform((text) => text.toLowerCase() as Hex),
  })
  .describe("What `conditions.terms` is the hash of: the contract that checks them, and what it is shown");

const sponsorshipSchema = z
  .strictObject({
    cap: uint64Schema.describe("The most the sponsor pays for the request, over all its deals, nano-HANSE"),
    validUntil: uint64Schema.describe("The last second at which it may be sealed"),
    epoch: uint64Schema.describe("The sponsor's epoch"),
    signature: signatureSchema,
  })
  .describe(
    "Of a request that names a sponsor: EIP-712 `Sponsorship(bytes32 request,uint64 cap,uint64 validUntil,uint64 epoch)` in the Clerk's domain",
  );

const conditionsSchema = z.strictObject({
  certifier: addressSchema,
  matcher: addressSchema,
  validUntil: uint64Schema,
  epoch: uint64Schema,
  // The largest value is the mark of a cancelled order on chain.
  volume: uint32Schema.min(1).max(UINT32_MAX - 1),
  minFill: uint32Schema.min(1),
  salt: bytes32Schema,
  externalRef: bytes32Schema,
  terms: bytes32Schema,
});

const assetSide = {
  price: uint64Schema,
  trust: uint32Schema,
  tag: bytes32Schema,
  onlyRequester: bytes32Schema,
  conditions: conditionsSchema,
};

const appOrderSchema = z.strictObject({
  app: assetIdSchema,
  ...assetSide,
  onlyDataset: bytes32Schema,
  onlyPool: bytes32Schema,
});

const datasetOrderSchema = z.strictObject({
  dataset: assetIdSchema,
  ...assetSide,
  onlyApp: bytes32Schema,
  onlyPool: bytes32Schema,
});

const poolOrderSchema = z.strictObject({
  pool: assetIdSchema,
  ...assetSide,
  category: uint16Schema,
  onlyApp: bytes32Schema,
  onlyDataset: bytes32Schema,
});

const requestOrderSchema = z.strictObject({
  requester: addressSchema,
  app: assetIdSchema,
  maxAppPrice: uint64Schema,
  dataset: assetIdSchema,
  maxDatasetPrice: uint64Schema,
  maxPoolPrice: uint64Schema,
  category: uint16Schema,
  trust: uint32Schema,
  tag: bytes32Schema,
  onlyApp: bytes32Schema,
  onlyDataset: bytes32Schema,
  onlyPool: bytes32Schema,
  minSeats: uint32Schema,
  minSeatStake: uint64Schema,
  beneficiary: addressSchema,
  callback: addressSchema,
  sponsor: addressSchema,
  attesters: bytes32Schema,
  params: paramsSchema,
  conditions: conditionsSchema,
});

const signed = { signature: signatureSchema, terms: termsSchema.optional() };

/** A signed order as a broker takes and shows it. */
export const signedOrderSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("app"), order: appOrderSchema, ...signed }),
  z.strictObject({ type: z.literal("dataset"), order: datasetOrderSchema, ...signed }),
  z.strictObject({ type: z.literal("pool"), order: poolOrderSchema, ...signed }),
  z.strictObject({
    type: z.literal("request"),
    order: requestOrderSchema,
    ...signed,
    sponsorship: sponsorshipSchema.optional(),
  }),
]) satisfies z.ZodType<SignedOrder>;

export type SignedOrderJson = z.input<typeof signedOrderSchema>;

const ASSET_FIELDS = new Set(["app", "dataset", "pool"]);

/** The JSON form of an order or a deal: what `signedOrderSchema` reads back. */
export function orderToJson<T extends Order>(order: T): unknown {
  return JSON.parse(
    JSON.stringify(order, (key, value: unknown) => {
      if (typeof value !== "bigint") return value;
      return ASSET_FIELDS.has(key) ? assetIdToHex(value) : value.toString();
    }),
  );
}
