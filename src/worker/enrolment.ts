import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import { formatHanse } from "#src/protocol/money.ts";
import type { WorkerChain } from "./worker-chain.ts";

/**
 * Takes a seat in the pool unless the worker has one.
 * @returns the seat's number, or undefined in a closed pool, which has none
 * @throws HANSE_POOL_NOT_OPEN, HANSE_SEAT_UNFUNDED
 */
export async function enrol(
  { chain, logger }: { readonly chain: WorkerChain; readonly logger: Logger },
  pool: AssetId,
): Promise<number | undefined> {
  const { opened, terms } = await chain.pool(pool);
  const id = assetIdToHex(pool);
  if (!opened)
    throw new HanseError("HANSE_POOL_NOT_OPEN", `the pool ${id} was not opened`, { details: { pool: id } });
  if (terms.closed) return undefined;
  const seated = await chain.ownSeat(pool);
  if (seated !== undefined) return seated;

  const { free, allowance, bonded } = await chain.funds();
  if (free < terms.seatStake) {
    const [needed, there] = [formatHanse(terms.seatStake), formatHanse(free)];
    throw new HanseError("HANSE_SEAT_UNFUNDED", `a seat costs ${needed} HANSE, and ${there} are free`, {
      details: { pool: id, seatStakeNano: terms.seatStake, freeNano: free },
    });
  }
  // The allowance is for all that Poco holds, seats of other pools included.
  if (allowance < bonded + terms.seatStake) await chain.allow(bonded + terms.seatStake);
  await chain.enrol(pool);
  const seat = await chain.ownSeat(pool);
  logger.info({ pool: id, seat, seatStakeNano: terms.seatStake }, "seat taken");
  return seat;
}
