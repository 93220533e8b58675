import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ContentUploads } from "./content-uploads.ts";
import type { KeptContent } from "./kept-content.ts";

export interface ContentSweeperDeps {
  readonly kept: KeptContent;
  readonly uploads: ContentUploads;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly clock?: Clock;
}

export interface ContentSweeperOptions {
  /** Whether content goes as soon as nobody has to keep it; otherwise only when its room is needed. */
  readonly removeExpired: boolean;
  /** Time between two looks in milliseconds; 10 minutes unless told. */
  readonly everyMs?: number;
}

/** Removes uploads that nobody went on with, and content that was kept long enough, until the signal. */
export async function keepSweeping(
  { kept, uploads, logger, clock = systemClock }: ContentSweeperDeps,
  { removeExpired, everyMs = 600_000 }: ContentSweeperOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const abandoned = await uploads.sweep();
      const removed = removeExpired ? await kept.sweep() : [];
      if (abandoned > 0 || removed.length > 0) {
        const bytes = removed.reduce((sum, { size }) => sum + size, 0);
        logger.info({ abandoned, removed: removed.length, bytes }, "removed what nobody keeps any more");
      }
    } catch (error) {
      // What could not be removed now is still there the next time.
      logger.warn({ err: error }, "sweeping failed");
    }
    await clock.sleep(everyMs, signal).catch(() => undefined);
  }
}
