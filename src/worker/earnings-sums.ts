import type { Hex } from "viem";
import { z } from "zod";
import { bytes32Schema } from "#src/client/order-schema.ts";
import type { Earnings, TaskEarnings } from "#src/client/worker-schema.ts";

/** As it is written down. */
export const amountSchema = z.string().regex(/^\d+$/).transform(BigInt);

export const entrySchema = z.object({
  kind: z.enum(["earned", "compensated", "fined", "slashed", "collected"]),
  /** nano-HANSE. */
  amountNano: amountSchema,
  /** With `slashed`: what is left of the stake, and lost too. */
  forfeitedNano: amountSchema.optional(),
  task: bytes32Schema.optional(),
  deal: bytes32Schema.optional(),
});
/** Something that happened to a worker's money. */
export type EarningsEntry = z.output<typeof entrySchema>;

/** What a transaction cost. */
export interface Cost {
  readonly transaction: Hex;
  readonly what: string;
  readonly wei: bigint;
  readonly block: bigint;
  readonly task?: Hex | undefined;
}

/** What it all comes to. */
export interface EarningsSums {
  readonly totals: Earnings["totals"];
  /** The tasks to which something happened last, newest first. */
  tasks(limit: number): TaskEarnings[];
  /** The newest block that brought something; -1 at the beginning. */
  lastBlock(): bigint;
  isSpent(transaction: Hex): boolean;
  takeBlock(block: bigint, entries: readonly EarningsEntry[]): void;
  takeGas(cost: Cost): void;
}

/** Single tasks are only kept of late: sums are of all. */
const KEPT_TASKS = 10_000;

export function createEarningsSums(): EarningsSums {
  const nothing = { earnedNano: 0n, compensatedNano: 0n, finedNano: 0n, slashedNano: 0n, gasWei: 0n };
  const totals = { ...nothing, forfeitedNano: 0n, collectedNano: 0n };
  const tasks = new Map<Hex, TaskEarnings>();
  const spent = new Set<Hex>();
  let last = -1n;

  return {
    totals,
    tasks: (limit) => (limit === 0 ? [] : [...tasks.values()].slice(-limit).reverse()),
    lastBlock: () => last,
    isSpent: (transaction) => spent.has(transaction),

    takeBlock(block, entries) {
      last = block;
      for (const { kind, amountNano, task, deal, forfeitedNano } of entries) {
        totals[`${kind}Nano`] += amountNano;
        // A seat that was convicted before pays out of what it has forfeited already.
        if (forfeitedNano !== undefined) {
          const isSame = totals.forfeitedNano === amountNano + forfeitedNano;
          totals.forfeitedNano = isSame ? forfeitedNano : totals.forfeitedNano + forfeitedNano;
        }
        if (task === undefined || kind === "collected") continue;
        const own = taskOf(task, block, deal);
        own[`${kind}Nano`] += amountNano;
      }
    },

    takeGas({ transaction, wei, block, task }) {
      spent.add(transaction);
      totals.gasWei += wei;
      if (task !== undefined) taskOf(task, block).gasWei += wei;
    },
  };

  /** Put last, as the one to which something happened last. */
  function taskOf(task: Hex, atBlock: bigint, deal?: Hex): TaskEarnings {
    const known = tasks.get(task) ?? { task, deal: null, ...nothing, atBlock };
    tasks.delete(task);
    const now = { ...known, deal: deal ?? known.deal, atBlock };
    tasks.set(task, now);
    const [oldest] = tasks.keys();
    if (tasks.size > KEPT_TASKS && oldest !== undefined) tasks.delete(oldest);
    return now;
  }
}
