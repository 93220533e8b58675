import type { Clock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import type { WorkerChain } from "./worker-chain.ts";

export interface EarningsDeps {
  readonly chain: Pick<WorkerChain, "seat" | "collect">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface EarningsOptions {
  readonly pool: AssetId;
  readonly seat: number;
  /** Earnings (nano-HANSE) from which on a transaction is worth it. */
  readonly collectFromNano: bigint;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
}

/**
 * Collects what the seat has earned whenever it is enough, until `signal` is aborted. A failure is logged and tried again
 * at the next look: nothing is lost meanwhile, since earnings stay in the seat.
 */
export async function keepCollecting(
  { chain, clock, logger }: EarningsDeps,
  { pool, seat, collectFromNano, everyMs }: EarningsOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const { earned } = await chain.seat(pool, seat);
      if (earned === 0n || earned < collectFromNano) continue;
      await chain.collect(pool, seat);
      logger.info({ pool: assetIdToHex(pool), seat, earnedNano: earned }, "earnings collected");
    } catch (err) {
      logger.warn({ err }, "earnings were not collected, trying again later");
    }
  }
}
