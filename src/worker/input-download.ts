import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { ContentAddress } from "#src/content/content-address.ts";
import { mismatch } from "#src/content/verified-stream.ts";
import { placeOf } from "#src/http/peer-error.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { createDownloadNotes, type DownloadNotes } from "./download-notes.ts";
import { hashOfFile, sizeOf } from "./file-facts.ts";
import { type DownloadSource, type PartLimits, readPart } from "./part-reader.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";
import { syncDirectory } from "./write-whole.ts";

export interface DownloaderDeps {
  readonly logger: Logger;
  readonly metrics: Pick<WorkerMetrics, "inputBytes" | "inputFailures">;
  readonly clock?: Clock;
}

/** Downloads one at a time for each path. */
export interface Downloader {
  /**
   * Gets content into the file at `path` from the first sources that have it. What a source sent before it broke off is kept
   * beside the file, also over restarts, and the next one goes on from there. A source that sent wrong bytes, or too many, is
   * not asked for this content again.
   * @throws HANSE_CONTENT_TOO_LARGE, HANSE_CONTENT_HASH_MISMATCH, else HANSE_CONTENT_NOT_FOUND, retryable where a source may
   * do better later; `details.attempts` tells each source's outcome. HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE
   */
  download(
    address: ContentAddress,
    path: string,
    sources: readonly DownloadSource[],
    signal: AbortSignal,
  ): Promise<void>;
}

interface Failure {
  readonly source: string;
  readonly error: HanseError;
}

/** How often a source that breaks off may go on in one download. */
const TRIES = 5;
const FIRST_PAUSE_MS = 100;

export function createDownloader(deps: DownloaderDeps, limits: PartLimits): Downloader {
  const { logger, metrics, clock = systemClock } = deps;
  /** Of files that this process has begun: it knows who wrote them. */
  const begun = new Set<string>();

  return {
    async download(address, path, sources, signal) {
      const notes = await createDownloadNotes(path);
      if (!begun.has(path)) {
        // What was written before a power cut may be anything: nobody else is to be blamed for it.
        const there = await sizeOf(notes.partPath);
        if (there > 0) await notes.contribute(BEFORE_RESTART, there);
        begun.add(path);
      }
      const failures: Failure[] = [];
      const complete = await pass();
      if (complete) return;
      throw summary(address, failures);

      /** Asks each source in turn. @returns whether the file is there */
      async function pass(): Promise<boolean> {
        for (const source of sources) {
          if (notes.isWrong(source.base)) continue;
          const outcome = await tryOne(source);
          if (outcome === "complete") return true;
          // Together they made something else, and it cannot be told who was wrong: now each by itself.
          if (outcome === "mixed") return pass();
        }
        return false;
      }

      async function tryOne(source: DownloadSource): Promise<"complete" | "failed" | "mixed"> {
        for (let count = 1; ; count++) {
          const before = await sizeOf(notes.partPath);
          try {
            await readPart({ address, source, notes, limits, metrics }, signal);
            return await finish(source, notes);
          } catch (thrown) {
            signal.throwIfAborted();
            const error = isHanseError(thrown) ? thrown : fromSystemError(thrown);
            // Our disk, not their fault.
            if (error.code === "HANSE_DISK_FULL" || error.code === "HANSE_DISK_UNWRITABLE") throw error;
            metrics.inputFailures.inc({ code: error.code });
            logger.warn({ err: error, address, source: source.base }, "an input did not come whole");
            failures.push({ source: placeOf("GET", source.base), error });
            if (error.code === "HANSE_CONTENT_TOO_LARGE") {
              await notes.markWrong(source.base);
              return "failed";
            }
            // Who is slow would be slow again: somebody else may not be.
            if (error.code === "HANSE_PEER_TIMED_OUT") return "failed";
            const changed = (await sizeOf(notes.partPath)) !== before;
            if (count === TRIES || !changed || !isRetryable(error)) return "failed";
          }
          await clock.sleep(FIRST_PAUSE_MS * 2 ** count, signal);
        }
      }

      /** Everything is there: is it what it should be? */
      async function finish(
        source: DownloadSource,
        { partPath }: DownloadNotes,
      ): Promise<"complete" | "failed" | "mixed"> {
        const actual = await hashOfFile(partPath);
        if (actual === address) {
          await synced(partPath);
          await rename(partPath, path);
          await syncDirectory(dirname(path));
          await notes.complete();
          return "complete";
        }
        const alone = notes.isOnlyFrom(source.base);
        const error = mismatch(address, actual ?? "0x", source.base);
        metrics.inputFailures.inc({ code: error.code });
        logger.warn({ err: error, address, source: source.base, alone }, "an input was wrong");
        failures.push({ source: placeOf("GET", source.base), error });
        if (!alone) {
          await notes.separate();
          return "mixed";
        }
        await notes.markWrong(source.base);
        return "failed";
      }
    },
  };
}

const BEFORE_RESTART = "before the restart";

function summary(address: ContentAddress, failures: readonly Failure[]): HanseError {
  const attempts = failures.map(({ source, error }) => ({
    source,
    code: error.code,
    message: error.shortMessage,
  }));
  const retryable = failures.some(({ error }) => isRetryable(error));
  const telling =
    failures.find(({ error }) => error.code === "HANSE_CONTENT_TOO_LARGE") ??
    failures.find(({ error }) => error.code === "HANSE_CONTENT_HASH_MISMATCH");
  const cause = telling ?? failures[0];
  return new HanseError(
    telling?.error.code ?? "HANSE_CONTENT_NOT_FOUND",
    telling?.error.shortMessage ?? `no source gave the content ${address}`,
    {
      details: { ...telling?.error.details, address, attempts },
      retryable,
      ...(cause === undefined ? {} : { cause: cause.error }),
    },
  );
}

async function synced(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
