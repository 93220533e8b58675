import type { Hex } from "viem";
import { z } from "zod";
import { ORDER_TYPES } from "#src/protocol/orders.ts";
import { LEGS } from "#src/protocol/refusals.ts";
import { addressSchema, bytes32Schema, signedOrderSchema, uint16Schema } from "./order-schema.ts";

// What a broker takes and tells. Amounts and block numbers are decimal strings (nano-HANSE per task), volumes count
// tasks, ids and hashes are 0x-hex, times are ISO 8601.

const hex = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]*$/)]);
const amount = z
  .codec(z.string().regex(/^\d+$/), z.bigint(), {
    decode: (text) => BigInt(text),
    encode: (value) => value.toString(),
  })
  .describe("Decimal string");
const tasks = z.number().int().nonnegative();
const when = z.iso.datetime();

/** What the sender believes to trade on: stated, a mistake about it gets an answer of its own. */
const stated = {
  chainId: z.number().int().positive().optional().describe("Chain the order was signed for"),
  clerk: addressSchema.optional().describe("Clerk the order was signed for"),
};

const [appOrder, datasetOrder, poolOrder, requestOrder] = signedOrderSchema.options;

/** Body of `POST /v1/orders`: one signed order, and optionally the chain it is meant for. */
export const orderPostSchema = z.discriminatedUnion("type", [
  appOrder.extend(stated),
  datasetOrder.extend(stated),
  poolOrder.extend(stated),
  requestOrder.extend(stated),
]);
export type OrderPost = z.output<typeof orderPostSchema>;

export const ORDER_STATUSES = ["open", "filled", "cancelled", "expired"] as const;
export const orderStatusSchema = z.enum(ORDER_STATUSES);
export type OrderStatus = z.output<typeof orderStatusSchema>;

/** An order's place in the market. */
export const orderStateSchema = z.object({
  hash: hex,
  type: z.enum(ORDER_TYPES),
  signer: hex,
  status: orderStatusSchema,
  volume: tasks,
  filled: tasks,
  blocked: z
    .object({ refusal: z.string(), code: z.string().optional(), message: z.string() })
    .optional()
    .describe("Why an open order cannot be filled now; it stays in the book and is tried again"),
  receivedAt: when,
  order: z
    .unknown()
    .describe(
      "The order as it was signed: `type`, `order`, `signature`, and `terms` and `sponsorship` where it has some",
    ),
});
export type OrderState = z.output<typeof orderStateSchema>;

/** Why one leg of an unmatched request finds nobody. */
export const whyNotSchema = z.object({
  leg: z.enum(LEGS),
  refusal: z.string().describe("As the Clerk names it, or NoOrder"),
  code: z.string().optional().describe("Stable code, where one says it"),
  message: z.string(),
  hint: z.string(),
  orders: tasks.describe("How many orders are refused for this"),
  example: hex.optional().describe("Hash of one of them"),
});
export type WhyNotView = z.output<typeof whyNotSchema>;

export const orderEventSchema = z.object({
  type: z.string(),
  at: when,
  block: amount.optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

export const orderDetailSchema = orderStateSchema.extend({
  history: z.array(orderEventSchema),
  deals: z.array(hex).describe("Ids of the newest deals it was sealed into"),
  whyNot: z.array(whyNotSchema).describe("Of an open request: what keeps it unmatched, nearest first"),
});
export type OrderDetail = z.output<typeof orderDetailSchema>;

const paging = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe("`next` of the page before"),
};
const next = z.string().optional().describe("Hand it in as `before` for the next page; absent on the last");

export const orderQuerySchema = z.object({
  signer: addressSchema.optional(),
  type: z.enum(ORDER_TYPES).optional(),
  status: orderStatusSchema.optional(),
  ...paging,
});
export type OrderQuery = Partial<z.input<typeof orderQuerySchema>>;
export const orderPageSchema = z.object({ orders: z.array(orderStateSchema), next });
export type OrderPage = z.output<typeof orderPageSchema>;

export const hashParamSchema = z.object({ hash: bytes32Schema });
export const categoryParamSchema = z.object({ category: z.coerce.number().pipe(uint16Schema) });
export const depthQuerySchema = z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });

const level = z.object({ price: amount, volume: tasks, orders: tasks });
export const depthSchema = z.object({
  category: z.number().int(),
  asks: z.array(level).describe("Pool orders, cheapest first"),
  bids: z.array(level).describe("Requests by their highest price for the pool, highest first"),
});
export type DepthView = z.output<typeof depthSchema>;

/** A deal without its full content. */
export const tradeSchema = z.object({
  deal: hex,
  category: z.number().int(),
  app: hex,
  dataset: hex.optional(),
  pool: hex,
  volume: tasks,
  appPrice: amount,
  datasetPrice: amount,
  poolPrice: amount,
  block: amount,
  txHash: hex,
  sealedAt: when,
});
export type Trade = z.output<typeof tradeSchema>;

export const tradeQuerySchema = z.object({
  category: z.coerce.number().pipe(uint16Schema).optional(),
  ...paging,
});
export type TradeQuery = Partial<z.input<typeof tradeQuerySchema>>;
export const tradePageSchema = z.object({ trades: z.array(tradeSchema), next });
export type TradePage = z.output<typeof tradePageSchema>;

export const dealDetailSchema = tradeSchema.extend({
  orders: z.object({ request: hex, app: hex, dataset: hex.optional(), pool: hex }),
  tasks: z.array(hex).describe("Ids of its tasks; of a larger bag the first 1,000"),
  openUnits: tasks.describe("Tasks not settled yet"),
  content: z
    .record(z.string(), z.unknown())
    .describe("The deal as it was sealed; whoever acts on it brings it back"),
  params: hex,
});
export type DealDetail = z.output<typeof dealDetailSchema>;

/** The signer's word that an order shall leave this broker's book. */
export const cancelPostSchema = z.strictObject({
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})*$/)
    .max(2 + 2 * 8192)
    .transform((text) => text as Hex)
    .describe("EIP-712 `CancelOrder(bytes32 orderHash)` in the Clerk's domain"),
});

export const brokerInfoSchema = z.object({
  chainId: z.number().int(),
  clerk: hex,
  matcher: hex.describe("Who seals; an order that names another matcher is refused"),
  block: amount.optional().describe("The last block taken into account"),
  open: z.record(z.enum(ORDER_TYPES), tasks),
  categories: z.array(z.number().int()),
});
export type BrokerInfo = z.output<typeof brokerInfoSchema>;
