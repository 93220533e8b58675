import { z } from "zod";
import type { BlockRef } from "#src/chain/follower.ts";
import { bytes32Schema } from "#src/client/order-schema.ts";
import type { Earnings, TaskEarnings } from "#src/client/worker-schema.ts";
import {
  amountSchema,
  createEarningsSums,
  type EarningsEntry,
  type EarningsSums,
  entrySchema,
} from "./earnings-sums.ts";
import { openLineFile } from "./line-file.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

const lineSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("block"), number: amountSchema, entries: z.array(entrySchema) }),
  /** Nothing above this block has happened. */
  z.object({ type: z.literal("reorg"), to: amountSchema }),
  z.object({
    type: z.literal("gas"),
    transaction: bytes32Schema,
    what: z.string(),
    wei: amountSchema,
    block: amountSchema,
    task: bytes32Schema.optional(),
  }),
]);
type Line = z.output<typeof lineSchema>;
type GasLine = Extract<Line, { type: "gas" }>;

/** A worker's account of what it earned and lost: a file that only grows, and the sums over it. */
export interface EarningsLedger {
  /** Enters what a block brought, once, however often it is told. */
  enter(block: bigint, entries: readonly EarningsEntry[]): Promise<void>;
  /** Takes back what happened above a block. */
  rewind(to: BlockRef): Promise<void>;
  /** Enters what a transaction cost. */
  spend(cost: Omit<GasLine, "type">): Promise<void>;
  totals(): Earnings["totals"];
  /** The tasks to which something happened last, newest first. */
  tasks(limit: number): TaskEarnings[];
  close(): Promise<void>;
}

/** @throws HANSE_STATE_DAMAGED, HANSE_DISK_UNWRITABLE */
export async function openEarningsLedger(
  path: string,
  metrics: Pick<WorkerMetrics, "earnings" | "gasWei">,
): Promise<EarningsLedger> {
  const file = await openLineFile(path, lineSchema);
  let sums = await sumUp();
  show();

  return {
    async enter(number, entries) {
      if (entries.length === 0 || number <= sums.lastBlock()) return;
      await add({ type: "block", number, entries: [...entries] });
    },
    async rewind({ number }) {
      if (sums.lastBlock() <= number) return;
      await add({ type: "reorg", to: number });
      // Rare, and what is taken back is only known to the file.
      sums = await sumUp();
      show();
    },
    async spend(cost) {
      if (!sums.isSpent(cost.transaction)) await add({ type: "gas", ...cost });
    },
    totals: () => sums.totals,
    tasks: (limit) => sums.tasks(limit),
    close: () => file.close(),
  };

  async function sumUp(): Promise<EarningsSums> {
    const lines: Line[] = [];
    for (const line of await file.read()) {
      if (line.type === "reorg") {
        const left = lines.filter((each) => each.type !== "block" || each.number <= line.to);
        lines.splice(0, lines.length, ...left);
      } else lines.push(line);
    }
    const all = createEarningsSums();
    for (const line of lines) takeInto(all, line);
    return all;
  }

  async function add(line: Line): Promise<void> {
    await file.append(line);
    takeInto(sums, line);
    show();
  }

  function show(): void {
    const { gasWei, ...kinds } = sums.totals;
    for (const [kind, nano] of Object.entries(kinds)) {
      metrics.earnings.set({ kind: kind.replace(/Nano$/, "") }, Number(nano));
    }
    metrics.gasWei.set(Number(gasWei));
  }
}

function takeInto(sums: EarningsSums, line: Line): void {
  if (line.type === "block") sums.takeBlock(line.number, line.entries);
  else if (line.type === "gas") sums.takeGas(line);
}
