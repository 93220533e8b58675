import type { Hex } from "viem";
import { z } from "zod";
import { bytes32Schema } from "#src/client/order-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { openLineFile } from "./line-file.ts";

/**
 * The seals a worker has given its word for, on disk before anybody sees them. Kept apart from results, which can be computed
 * again, and for longer than any task lasts: whoever had a second, different seal of a round could choose which of them costs the worker its
 * stake.
 */
export interface SealBook {
  /**
   * Writes a seal down, unless it is there already.
   * @throws HANSE_SEAL_CONTRADICTED when there is another one of this round; HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE
   */
  enter(taskId: Hex, round: number, seal: Hex): Promise<void>;
  close(): Promise<void>;
}

const entrySchema = z.object({
  task: bytes32Schema,
  round: z.number().int().min(0).max(255),
  seal: bytes32Schema,
  /** Milliseconds since 1970. */
  at: z.number().int(),
});

/** A deadline is at most 60,480 blocks away: a week of blocks of ten seconds. */
const KEPT_MS = 60 * 86_400_000;

/** @throws HANSE_STATE_DAMAGED, HANSE_DISK_UNWRITABLE */
export async function openSealBook(path: string, clock: Clock = systemClock): Promise<SealBook> {
  const file = await openLineFile(path, entrySchema, ({ at }) => at > clock.now() - KEPT_MS);
  const key = (taskId: Hex, round: number) => `${taskId}/${round}`;
  /** On disk, or on its way there: a second seal must not slip in meanwhile. */
  const seals = new Map((await file.read()).map(({ task, round, seal }) => [key(task, round), seal]));
  const writing = new Map<string, Promise<void>>();

  return {
    async enter(taskId, round, seal) {
      const place = key(taskId, round);
      const standing = seals.get(place);
      if (standing !== undefined && standing !== seal) {
        throw new HanseError("HANSE_SEAL_CONTRADICTED", `another seal was given for round ${round}`, {
          details: { taskId, round, standing, seal },
        });
      }
      if (standing === undefined) {
        seals.set(place, seal);
        const written = file
          .append({ task: taskId, round, seal, at: clock.now() })
          .finally(() => writing.delete(place));
        // Whoever waits for it hears of a failure.
        written.catch(() => seals.delete(place));
        writing.set(place, written);
      }
      await writing.get(place);
    },
    close: () => file.close(),
  };
}
