import type { SeatOnChain } from "#src/chain/poco-reader.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type { WorkerChain } from "./worker-chain.ts";

/** Who sat in a pool when: what draws depend on, read once for each seat and again when it has changed. */
export interface SeatRoster {
  /** Whether a seat takes part in the draws of deals sealed in this block. */
  wasSeated(seat: number, sealedAtBlock: bigint): Promise<boolean>;
  /** A seat was taken, left or given free; all of them unless told. */
  forget(seat?: number): void;
}

export function createSeatRoster(chain: Pick<WorkerChain, "seat">, pool: AssetId): SeatRoster {
  const known = new Map<number, Promise<SeatOnChain>>();
  return {
    async wasSeated(seat, sealedAtBlock) {
      let reading = known.get(seat);
      if (reading === undefined) {
        reading = chain.seat(pool, seat);
        known.set(seat, reading);
        reading.catch(() => known.delete(seat));
      }
      const { worker, enrolledAt, leftAt } = await reading;
      // As `wasSeated` in contracts/certifiers/panel/Occupancy.sol.
      return (
        BigInt(worker) !== 0n &&
        BigInt(enrolledAt) < sealedAtBlock &&
        (leftAt === 0 || sealedAtBlock <= BigInt(leftAt))
      );
    },
    forget(seat) {
      if (seat === undefined) known.clear();
      else known.delete(seat);
    },
  };
}
