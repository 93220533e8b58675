import type { Address, Hex } from "viem";
import { z } from "zod";
import type { Result } from "#src/protocol/contributions.ts";
import { addressSchema, bytes32Schema, paramsSchema, uint16Schema, uint32Schema } from "./order-schema.ts";

// What a pool's scheduler and its workers say to each other. Ids and hashes are 0x-hex, amounts decimal strings.

const hex = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]*$/)]);
const count = z.number().int().nonnegative();
const when = z.iso.datetime();
/** A whole amount of any unit. */
const amount = z
  .codec(z.string().regex(/^-?\d+$/), z.bigint(), {
    decode: (text) => BigInt(text),
    encode: (value) => value.toString(),
  })
  .describe("Decimal string");
const uint8Schema = z.number().int().min(0).max(255);
const signatureSchema = z
  .string()
  .regex(/^0x([0-9a-fA-F]{128}|[0-9a-fA-F]{130})$/, "expected a signature of 64 or 65 bytes")
  .transform((text) => text.toLowerCase() as Hex);

export const taskIdParamSchema = z.object({ taskId: bytes32Schema });
export const dealIdParamSchema = z.object({ dealId: bytes32Schema });
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
  order: hex.optional().describe("Hash of the request order, for the worker's log; hearsay"),
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

/** What it still takes to certify a replicated task: prophecy, but for `sealsNeeded`. */
export const taskForecastSchema = z.object({
  sealsNeeded: count
    .nullable()
    .describe("Seals that still have to agree at the least; null: no round can do it"),
  inRound: count.nullable().describe("The first round by whose end that is possible"),
  thisRound: z.number().min(0).max(1).describe("Chance that it ends in the running round"),
  rounds: z.number().nonnegative().describe("Rounds it will probably take in all"),
});
export type TaskForecast = z.output<typeof taskForecastSchema>;

export const taskViewSchema = z.object({
  taskId: hex,
  dealId: hex,
  order: hex.describe("Hash of the request order"),
  index: z.number().int(),
  trust: z.number().int(),
  status: z.enum(TASK_STATUSES),
  round: z.number().int(),
  says: z.string().describe("Where it stands, for people"),
  forecast: taskForecastSchema.optional().describe("Of an open task whose workers are drawn"),
});
export type TaskView = z.output<typeof taskViewSchema>;

/** Something that happened to a task. */
export const logEntrySchema = z.object({
  at: when,
  block: z.string().optional().describe("Where it happened on the chain"),
  worker: hex.optional(),
  tx: hex.optional(),
  entry: z.string().describe("What happened, in words"),
});
export type LogEntry = z.output<typeof logEntrySchema>;

export const taskDetailSchema = taskViewSchema.extend({
  timeline: z
    .array(logEntrySchema)
    .describe("In the order in which it was seen; old entries of settled tasks go"),
});
export type TaskDetail = z.output<typeof taskDetailSchema>;

export const tasksQuerySchema = z.object({
  status: z.enum(TASK_STATUSES).optional(),
  deal: bytes32Schema.optional(),
  order: bytes32Schema.optional().describe("Hash of the request order"),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type TasksQuery = Partial<z.input<typeof tasksQuerySchema>>;

export const logQuerySchema = z.object({
  task: bytes32Schema.optional(),
  worker: addressSchema.optional(),
  before: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe("`next` of the page before"),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type LogQuery = Partial<z.input<typeof logQuerySchema>>;

export const logPageSchema = z.object({
  entries: z.array(logEntrySchema.extend({ taskId: hex })).describe("Newest first"),
  next: z.string().optional().describe("Hand it in as `before` for the next page; absent on the last"),
});
export type LogPage = z.output<typeof logPageSchema>;

/**
 * What a worker did not do, or did twice: `silent` in its round, `undisclosed` although its seal is on the chain, `late`
 * where it was named, and a `contradiction` of a seal that it had signed before.
 */
export const WORKER_FAULTS = ["silent", "undisclosed", "late", "contradiction"] as const;
export type WorkerFault = (typeof WORKER_FAULTS)[number];

/** How a worker has done in this pool, by what the chain says and the scheduler saw. */
export const workerStandingSchema = z.object({
  address: hex,
  connected: z.boolean().describe("Whether it said hello lately"),
  lastSeen: when.optional(),
  slots: count.optional(),
  unreplicated: z.boolean().describe("Whether it may be given tasks of trust 0 and 1"),
  handOuts: count.describe("Tasks it was told to compute"),
  answers: count.describe("Of those, how many it answered"),
  medianAnswerMs: z.number().optional().describe("Time from being told to the answer"),
  right: count.describe("Answers that were certified"),
  wrong: count.describe("Answers that were not, for each of which a stake was forfeited"),
  missed: count.describe("Places that the chain fined it for"),
  earnedNano: amount,
  lostNano: amount.describe("Stakes forfeited and fines"),
  faults: z.partialRecord(z.enum(WORKER_FAULTS), count),
});
export type WorkerStanding = z.output<typeof workerStandingSchema>;

export const workerDetailSchema = workerStandingSchema.extend({
  log: z.array(logEntrySchema.extend({ taskId: hex })).describe("The newest entries about it"),
});
export type WorkerDetail = z.output<typeof workerDetailSchema>;

/** What the pool's owner gains and loses; amounts in nano-HANSE, costs in wei of the chain's coin. */
export const accountSchema = z.object({
  tasks: z.object({ open: count, certified: count, failed: count, claimed: count }),
  incomeNano: amount.describe("The scheduler's share of the price, and what does not divide among workers"),
  rewardsNano: amount.describe("What the workers earned"),
  failureFeesNano: amount.describe("The part of income and rewards that came from tasks certified to fail"),
  spoilsNano: amount.describe(
    "Stakes of wrong seats that went to those who were right; part of income and rewards",
  ),
  finesNano: amount.describe("Fines of absent workers, which are the treasury's"),
  stakeLockedNano: amount.describe("Of the owner, over all tasks that were sealed"),
  stakeReturnedNano: amount,
  stakeSlashedNano: amount,
  stakeHeldNano: amount.describe("Still locked for open tasks"),
  profitNano: amount.describe("Income without the slashed stakes"),
  transactions: count,
  gas: amount,
  costWei: amount.describe("Gas of the pool's transactions at the price that was paid"),
});
export type Account = z.output<typeof accountSchema>;

export const dealAccountSchema = accountSchema.extend({
  dealId: hex,
  order: hex,
  poolPriceNano: amount.describe("Per task"),
});
export type DealAccount = z.output<typeof dealAccountSchema>;

export const accountQuerySchema = z.object({
  from: z.iso.date().optional().describe("First day, UTC"),
  to: z.iso.date().optional().describe("Last day, UTC"),
});
export type AccountQuery = z.output<typeof accountQuerySchema>;

/** Days on which nothing was settled or spent are left out. */
export const poolAccountSchema = z.object({
  total: accountSchema,
  days: z.array(
    accountSchema
      .pick({
        incomeNano: true,
        rewardsNano: true,
        stakeSlashedNano: true,
        profitNano: true,
        transactions: true,
        gas: true,
        costWei: true,
      })
      .extend({ day: z.iso.date(), settled: count }),
  ),
});
export type PoolAccount = z.output<typeof poolAccountSchema>;

/** Said twice, a post is accepted twice: nothing happens the second time. */
export const acceptedSchema = z.object({ accepted: z.literal(true) });
export type Accepted = z.output<typeof acceptedSchema>;
