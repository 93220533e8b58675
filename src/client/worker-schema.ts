import { z } from "zod";

// What a worker tells of itself. Amounts are decimal strings, of nano-HANSE unless they are gas; ids are 0x-hex.

const hex = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]*$/)]);
const amount = (what: string) =>
  z
    .codec(z.string().regex(/^\d+$/), z.bigint(), {
      decode: (text) => BigInt(text),
      encode: (value) => value.toString(),
    })
    .describe(`${what}; decimal string`);

const sums = {
  earnedNano: amount("Rewards for right answers"),
  compensatedNano: amount("Paid to those who had answered where a task came to nothing"),
  finedNano: amount("Fines for missed places"),
  slashedNano: amount("Taken out of the stake for wrong answers"),
  gasWei: amount("Paid for the worker's own transactions, in wei"),
};

export const taskEarningsSchema = z.object({
  task: hex,
  deal: hex.nullable().describe("Null where it is not known any more"),
  ...sums,
  atBlock: amount("The block of what happened last"),
});
export type TaskEarnings = z.output<typeof taskEarningsSchema>;

/** What a worker has earned and lost since its state was begun. */
export const earningsSchema = z.object({
  worker: hex,
  pool: hex,
  seat: z.number().int().nullable().describe("Null in a closed pool, which pays at once"),
  totals: z.object({
    ...sums,
    forfeitedNano: amount("Lost with the seat beyond what wrong answers took"),
    collectedNano: amount("Paid out of the seat"),
  }),
  waitingNano: amount("Earned, and still in the seat"),
  upToBlock: amount("What happened later is not in it"),
  tasks: z.array(taskEarningsSchema).describe("Newest first"),
});
export type Earnings = z.output<typeof earningsSchema>;

export const earningsQuerySchema = z.object({
  limit: z.coerce.number().int().min(0).max(1_000).default(100).describe("Most tasks to list"),
});
