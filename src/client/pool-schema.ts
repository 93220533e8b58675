import type { Address, Hex } from "viem";
import { z } from "zod";
import type { Result } from "#src/protocol/contributions.ts";
import { addressSchema, bytes32Schema, paramsSchema, uint16Schema, uint32Schema } from "./order-schema.ts";

// What a pool's scheduler and its workers say to each other. Ids and hashes are 0x-hex, amounts decimal strings.

const hex = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]*$/)]);
const uint8Schema = z.number().int().min(0).max(255);
const signatureSchema = z
  .string()
  .regex(/^0x([0-9a-fA-F]{128}|[0-9a-fA-F]{130})$/, "expected a signature of 64 or 65 bytes")
  .transform((text) => text.toLowerCase() as Hex);

export const taskIdParamSchema = z.object({ taskId: bytes32Schema });
export const addressParamSchema = z.object({ address: addressSchema });

export const poolInfoSchema = z.object({
  pool: hex.describe("Id of the pool"),
  chainId: z.number().int(),
  poco: hex.describe("Address of the certifier"),
  terms: z.object({
    seatStake: z.string().regex(/^\d+$/).describe("nano-HANSE"),
    schedulerShare: z.number().int().describe("Of the pool's price, in 1/10,000"),
    closed: z.boolean(),
  }),
  contentUrl: z.string().describe("Base URL of the content service that takes the outputs"),
});
export type PoolInfo = z.output<typeof poolInfoSchema>;

/** The EIP-712 types of a worker's hello; its domain is Poco's, `pocoDomain`. */
export const HELLO_TYPED_DATA = {
  Hello: [
    { name: "pool", type: "uint256" },
    { name: "worker", type: "address" },
    { name: "slots", type: "uint16" },
    { name: "expiresAt", type: "uint64" },
  ],
} as const;

export const helloSchema = z.strictObject({
  worker: addressSchema,
  slots: uint16Schema.min(1).describe("How many tasks it computes at once"),
  expiresAt: z.number().int().positive().describe("Unix seconds; a few minutes ahead"),
  signature: signatureSchema,
});
export type Hello = z.output<typeof helloSchema>;

export const helloAnswerSchema = z.object({
  seat: z.number().int().nullable().describe("Its seat on the chain"),
  unreplicated: z.boolean().describe("Whether it may be given tasks of trust 0 and 1"),
});
export type HelloAnswer = z.output<typeof helloAnswerSchema>;

/** What a worker is to do for a task now; `wait`: nothing yet, `done`: nothing more. */
export const WORKER_STEPS = ["compute", "wait", "disclose", "reveal", "done"] as const;
export type WorkerStep = (typeof WORKER_STEPS)[number];

/** Only ids: a worker reads the deal from the chain itself. */
export const workerTaskSchema = z.object({
  taskId: hex,
  dealId: hex,
  index: z.number().int(),
  round: z.number().int().describe("The round it was drawn in; 0: not drawn but assigned"),
  seat: z.number().int().nullable(),
  step: z.enum(WORKER_STEPS),
});
export type WorkerTask = z.output<typeof workerTaskSchema>;

export const contributionSchema = z.strictObject({
  round: uint8Schema.min(1),
  seat: uint32Schema,
  worker: addressSchema,
  seal: bytes32Schema,
  signature: signatureSchema,
});
export type ContributionPost = z.output<typeof contributionSchema>;

export const digestSchema = z.strictObject({
  round: uint8Schema.min(1),
  worker: addressSchema,
  digest: bytes32Schema,
});
export type DigestPost = z.output<typeof digestSchema>;

export const resultSchema = z.strictObject({
  outcome: uint8Schema,
  content: bytes32Schema,
  memoryHash: bytes32Schema,
  callbackData: paramsSchema,
}) satisfies z.ZodType<Result>;

export const resultPostSchema = z.strictObject({
  worker: addressSchema,
  result: resultSchema,
  signature: signatureSchema
    .optional()
    .describe("Trust 0 and 1 only: over `Contribution(taskId, 0, seal)` of the result's round-0 seal"),
});
export interface ResultPost {
  readonly worker: Address;
  readonly result: Result;
  readonly signature?: Hex | undefined;
}

export const TASK_STATUSES = ["open", "certified", "failed", "claimed"] as const;
export type TaskStatusName = (typeof TASK_STATUSES)[number];

export const taskViewSchema = z.object({
  taskId: hex,
  dealId: hex,
  index: z.number().int(),
  trust: z.number().int(),
  status: z.enum(TASK_STATUSES),
  round: z.number().int(),
  says: z.string().describe("Where it stands, for people"),
});
export type TaskView = z.output<typeof taskViewSchema>;

export const taskDetailSchema = taskViewSchema.extend({
  timeline: z.array(z.object({ block: z.string(), entry: z.string() })),
});
export type TaskDetail = z.output<typeof taskDetailSchema>;

export const tasksQuerySchema = z.object({
  status: z.enum(TASK_STATUSES).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** Said twice, a post is accepted twice: nothing happens the second time. */
export const acceptedSchema = z.object({ accepted: z.literal(true) });
export type Accepted = z.output<typeof acceptedSchema>;
