import type { Address } from "viem";
import type { Earnings } from "#src/client/worker-schema.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import type { EarningsLedger } from "./earnings-ledger.ts";
import type { SeatWatch } from "./seat-watch.ts";
import type { WorkerChain } from "./worker-chain.ts";

export interface EarningsReportDeps {
  readonly chain: Pick<WorkerChain, "seat">;
  readonly ledger: Pick<EarningsLedger, "totals" | "tasks">;
  readonly watch: Pick<SeatWatch, "followed">;
}

export interface EarningsReportOptions {
  readonly worker: Address;
  readonly pool: AssetId;
  readonly seat: number | undefined;
}

/** Tells what a worker has earned: from its ledger, and what waits in the seat from the chain. */
export function createEarningsReport(
  { chain, ledger, watch }: EarningsReportDeps,
  options: EarningsReportOptions,
) {
  const { worker, pool, seat } = options;
  return async (limit: number): Promise<Earnings> => ({
    worker,
    pool: assetIdToHex(pool),
    seat: seat ?? null,
    totals: ledger.totals(),
    waitingNano: seat === undefined ? 0n : (await chain.seat(pool, seat)).earned,
    upToBlock: watch.followed(),
    tasks: ledger.tasks(limit),
  });
}
