import type { Transaction } from "kysely";
import type { Address, Hex, TransactionReceipt } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import type { TaskEvent } from "./pool-events.ts";
import type { PoolTables } from "./pool-tables.ts";
import { type SettledBlock, timeOf } from "./settlements.ts";

/** What a transaction of the pool's cost. */
export interface Spending {
  readonly tx: Hex;
  /** The task it served, if one in particular. */
  readonly taskId: Hex | undefined;
  readonly block: bigint;
  readonly at: Date;
  /** The function that was called, or what it brought about. */
  readonly what: string;
  readonly gas: bigint;
  readonly wei: bigint;
  readonly success: boolean;
}

/** What a receipt says that a transaction cost. */
export function spendingOf(
  receipt: Pick<
    TransactionReceipt,
    "transactionHash" | "blockNumber" | "gasUsed" | "effectiveGasPrice" | "status"
  >,
  served: { readonly taskId: Hex | undefined; readonly what: string; readonly at: Date },
): Spending {
  return {
    ...served,
    tx: receipt.transactionHash,
    block: receipt.blockNumber,
    gas: receipt.gasUsed,
    wei: receipt.gasUsed * receipt.effectiveGasPrice,
    success: receipt.status === "success",
  };
}

/** Each transaction once, wherever it is heard of first; the block it is in now counts. */
export async function storeSpendings(
  queries: Pick<Transaction<PoolTables>, "insertInto">,
  spendings: readonly Spending[],
): Promise<void> {
  if (spendings.length === 0) return;
  await queries
    .insertInto("spendings")
    .values(
      spendings.map(({ taskId, wei, ...row }) => ({ ...row, task_id: taskId ?? null, wei: String(wei) })),
    )
    .onConflict((known) =>
      known
        .column("tx")
        .doUpdateSet((of) => ({ block: of.ref("excluded.block"), at: of.ref("excluded.at") })),
    )
    .execute();
}

/**
 * Reads what the pool itself paid for these events: others may commit, finalize and claim too.
 * @param events of the pool's own tasks, all of one block
 * @throws what `asChainError` makes of a failure
 */
export async function readSpendings(
  chain: ChainClient,
  sender: Address,
  block: SettledBlock,
  events: readonly TaskEvent[],
): Promise<Spending[]> {
  const firsts = [...Map.groupBy(events, (event) => event.tx).values()].flatMap((own) => own[0] ?? []);
  const spendings = await Promise.all(
    firsts.map(async ({ tx: hash, taskId, type }) => {
      const receipt = await chain.viem.getTransactionReceipt({ hash }).catch((error: unknown) => {
        throw asChainError(error, "reading a receipt");
      });
      if (receipt.from.toLowerCase() !== sender.toLowerCase()) return [];
      return [spendingOf(receipt, { taskId, what: WHAT[type], at: timeOf(block) })];
    }),
  );
  return spendings.flat();
}

/** A settlement tells of workers before it tells of the task. */
const WHAT = {
  committed: "commit",
  "round-opened": "extend",
  "worker-slashed": "finalize",
  "place-missed": "settle",
  certified: "finalize",
  failed: "finalize",
  claimed: "claim",
} as const satisfies Record<TaskEvent["type"], string>;
