import type { Insertable, Transaction } from "kysely";
import type { Hex } from "viem";
import type { BlockRef } from "#src/chain/follower.ts";
import type { TaskEvent } from "./pool-events.ts";
import type { PoolTables } from "./pool-tables.ts";

/** What a certified failure costs, of the pool's price; `FAILURE_FEE_PERCENT` in `Parameters.sol`. */
const FAILURE_FEE_PERCENT = 10n;

export interface SettledBlock extends BlockRef {
  /** Unix seconds. */
  readonly timestamp: bigint;
}

/**
 * Stores what a block's events say of workers and of the money of tasks. All of a task's settlement is in one transaction,
 * and so in one block.
 * @param events of tasks that are known here
 */
export async function storeSettlements(
  trx: Transaction<PoolTables>,
  block: SettledBlock,
  events: readonly TaskEvent[],
): Promise<void> {
  for (const [taskId, own] of Map.groupBy(events, (event) => event.taskId)) {
    await storeVerdicts(trx, block, own);
    await storeSettlement(trx, block, taskId, own);
  }
}

async function storeVerdicts(
  trx: Transaction<PoolTables>,
  block: SettledBlock,
  events: readonly TaskEvent[],
): Promise<void> {
  const rows = events.flatMap((event): Insertable<PoolTables["verdicts"]>[] => {
    const at = { task_id: event.taskId, block: block.number };
    switch (event.type) {
      case "worker-slashed":
        return [{ ...at, worker: event.worker, verdict: "wrong", amount: event.paid + event.forfeited }];
      case "place-missed":
        return [{ ...at, worker: event.worker, verdict: "missed", amount: event.fine }];
      case "certified":
      case "failed":
        return event.rewards.map(({ worker, amountNano: amount }) => ({
          ...at,
          ...{ worker, amount, verdict: "right" },
        }));
      default:
        return [];
    }
  });
  if (rows.length === 0) return;
  await trx
    .insertInto("verdicts")
    .values(rows)
    .onConflict((known) => known.doNothing())
    .execute();
}

async function storeSettlement(
  trx: Transaction<PoolTables>,
  block: SettledBlock,
  taskId: Hex,
  events: readonly TaskEvent[],
): Promise<void> {
  const end = events.find((event) => ["certified", "failed", "claimed"].includes(event.type));
  if (end?.type !== "certified" && end?.type !== "failed" && end?.type !== "claimed") return;
  const { pool_price: poolPrice } = await trx
    .selectFrom("tasks")
    .innerJoin("deals", "deals.id", "tasks.deal_id")
    .select("deals.pool_price")
    .where("tasks.id", "=", taskId)
    .executeTakeFirstOrThrow();
  const price = {
    certified: poolPrice,
    failed: (poolPrice * FAILURE_FEE_PERCENT) / 100n,
    claimed: 0n,
  }[end.type];
  await trx
    .insertInto("settlements")
    .values({
      ...{ task_id: taskId, block: block.number, at: timeOf(block), tx: end.tx, outcome: end.type, price },
      rewards: end.type === "claimed" ? 0n : sum(end.rewards.map(({ amountNano }) => amountNano)),
      spoils: sum(events.map((event) => (event.type === "worker-slashed" ? event.paid : 0n))),
      fines: sum(events.map((event) => (event.type === "place-missed" ? event.fine : 0n))),
      slashed: end.type === "claimed" ? end.slashed : 0n,
    })
    .onConflict((known) => known.doNothing())
    .execute();
}

export function timeOf({ timestamp }: SettledBlock): Date {
  return new Date(Number(timestamp) * 1000);
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((all, amount) => all + amount, 0n);
}
