import { open } from "node:fs/promises";
import type { ContentAddress } from "#src/content/content-address.ts";
import { contentUrl } from "#src/content/content-url.ts";
import { writeAll } from "#src/content/durable-file.ts";
import { tooLarge } from "#src/content/verified-stream.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { peerError, placeOf, transportError } from "#src/http/peer-error.ts";
import { readLimited } from "#src/http/read-limited.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { DownloadNotes } from "./download-notes.ts";
import { sizeOf } from "./file-facts.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

/** Where content may be had. */
export interface DownloadSource {
  /** Base URL of a content service. */
  readonly base: string;
  /** A guarded one where the address comes from a stranger. */
  readonly fetch: Fetch;
}

export interface PartLimits {
  /** Largest content in bytes. */
  readonly maxBytes: number;
  /** A source that sends less than `stallBytes` in so many milliseconds is left; 15 s unless told. */
  readonly stallMs?: number;
  /** 16 KiB unless told. */
  readonly stallBytes?: number;
}

export interface PartRequest {
  readonly address: ContentAddress;
  readonly source: DownloadSource;
  readonly notes: DownloadNotes;
  readonly limits: PartLimits;
  readonly metrics: Pick<WorkerMetrics, "inputBytes">;
}

/**
 * Reads from one source what is missing of a file, and appends it: from where it ends by HTTP Range, or all of it from a
 * source that does not know ranges. Resolves when the source says that this was all.
 * @throws HANSE_CONTENT_TOO_LARGE, HANSE_PEER_*
 */
export async function readPart(request: PartRequest, signal: AbortSignal): Promise<void> {
  const { address, source, notes, limits, metrics } = request;
  const { maxBytes, stallMs = 15_000, stallBytes = 16_384 } = limits;
  const url = contentUrl(source.base, address);
  const place = placeOf("GET", url);
  await notes.prepare(source.base);
  let offset = await sizeOf(notes.partPath);
  // Before anything comes: what waits for the disk is lost when the connection breaks.
  await notes.contribute(source.base, offset);
  const file = await open(notes.partPath, offset === 0 ? "w" : "r+", 0o600);
  let received = 0;
  const stalled = new AbortController();
  let before = 0;
  const timer = setInterval(() => {
    if (received - before < stallBytes) {
      stalled.abort(
        new HanseError("HANSE_PEER_TIMED_OUT", `${place} sent ${received - before} bytes in ${stallMs} ms`, {
          details: { place, stallMs, bytes: received - before },
        }),
      );
    }
    before = received;
  }, stallMs);

  try {
    const response = await source.fetch(url, {
      // Compressed, its length and its ranges would be those of something else.
      headers: { "accept-encoding": "identity", ...(offset === 0 ? {} : { range: `bytes=${offset}-` }) },
      redirect: "error",
      signal: AbortSignal.any([signal, stalled.signal]),
    });
    const range = contentRange(response);
    if (response.status === 416) {
      await response.body?.cancel();
      // It has not more than we have: either this is all, or what we have is wrong.
      if (range.total === offset) return;
      await notes.restart();
      throw new HanseError("HANSE_PEER_FAILED", `${place} has less than was there already`, {
        details: { place, offset, total: range.total },
      });
    }
    if (!response.ok) {
      const text = new TextDecoder().decode(await readLimited(response, 65_536));
      throw peerError(place, response, text);
    }
    if (response.status !== 206) {
      // It sends all of it, whatever was asked for.
      if (offset > 0) await ours(() => startOver());
    } else if (range.from !== offset) {
      await response.body?.cancel();
      throw new HanseError("HANSE_PEER_RESPONSE_INVALID", `${place} sent another range`, {
        details: { place, asked: offset, from: range.from },
      });
    }
    const whole = response.status === 206 ? range.total : lengthOf(response);
    if (whole !== undefined && whole > maxBytes) {
      await response.body?.cancel();
      throw tooLarge(maxBytes);
    }
    await append(response);
  } catch (error) {
    if (stalled.signal.aborted) throw stalled.signal.reason;
    throw transportError(place, error, stallMs, signal);
  } finally {
    clearInterval(timer);
    await file.close();
  }

  async function startOver(): Promise<void> {
    await notes.contribute(source.base, 0);
    await file.truncate(0);
    offset = 0;
  }

  async function append(response: Response): Promise<void> {
    for await (const chunk of response.body ?? []) {
      if (offset + received + chunk.byteLength > maxBytes) throw tooLarge(maxBytes);
      await ours(() => writeAll(file, chunk, offset + received));
      received += chunk.byteLength;
      metrics.inputBytes.inc(chunk.byteLength);
    }
  }
}

/** A failure of our own disk, which no source is to be blamed for. */
async function ours<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromSystemError(error);
  }
}

/** Of `bytes 5-9/10`, or of 416's `bytes` with a star for the range; what is not told is undefined. */
function contentRange({ headers }: Response) {
  const told = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  const numberOf = (digits: string | undefined) =>
    digits === undefined || digits === "*" ? undefined : Number(digits);
  return { from: numberOf(told?.[1]), total: numberOf(told?.[2]) };
}

function lengthOf({ headers }: Response): number | undefined {
  const told = headers.get("content-length");
  return told === null ? undefined : Number(told);
}
