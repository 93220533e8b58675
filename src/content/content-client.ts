import { placeOf } from "#src/http/peer-error.ts";
import { HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";
import { type ContentAddress, parseContentAddress } from "./content-address.ts";
import type { ContentRequestOptions } from "./content-request.ts";
import type { ContentInfo } from "./content-store.ts";
import { downloadFrom } from "./download-from.ts";
import { createFileSink, createMemorySink, type DownloadSink } from "./download-sink.ts";
import { mismatch } from "./verified-stream.ts";

export { type PutContentOptions, putContent } from "./put-content.ts";

export interface FetchContentOptions extends ContentRequestOptions {
  /** Base URLs of content services, tried in this order. */
  readonly sources: readonly string[];
  /** Largest content in bytes; 256 MiB unless told. */
  readonly maxBytes?: number;
}

/**
 * Gets content from the first source that has it whole and right. What one source began another may go on with; should the
 * whole turn out wrong then, each source has to give all of it.
 * @throws HanseError when none has. HANSE_CONTENT_TOO_LARGE if a source has it but it exceeds the limit,
 * HANSE_CONTENT_HASH_MISMATCH naming the source if one sent wrong bytes, otherwise HANSE_CONTENT_NOT_FOUND, retryable
 * if a source could not be asked. `details.attempts` tells each source's outcome.
 */
export async function fetchContent(
  address: ContentAddress,
  options: FetchContentOptions,
): Promise<Uint8Array> {
  const sink = createMemorySink();
  await download(address, sink, options);
  return sink.bytes();
}

/**
 * Gets content into a file, as {@link fetchContent} does, without holding it in memory. Under `path` there is all of it or
 * nothing; what an interrupted download left beside it is gone on with. One download to a path at a time.
 * @throws as fetchContent, HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE
 */
export async function downloadContent(
  address: ContentAddress,
  options: FetchContentOptions & { readonly path: string },
): Promise<ContentInfo> {
  const sink = await createFileSink(options.path);
  try {
    await download(address, sink, options);
    await sink.keep();
    return { address, size: sink.size() };
  } finally {
    await sink.close();
  }
}

interface Failure {
  readonly source: string;
  readonly error: HanseError;
}

async function download(
  address: ContentAddress,
  sink: DownloadSink,
  options: FetchContentOptions,
): Promise<void> {
  parseContentAddress(address);
  const { sources, signal, maxBytes = 268_435_456 } = options;
  const failures = new Map<string, Failure>();
  // Left by an earlier attempt: nobody asked now answers for it.
  let isMixed = sink.size() > 0;

  /** @returns whether the content is here, whole and right */
  async function tryOne(source: string): Promise<boolean> {
    try {
      await downloadFrom(source, address, sink, { ...options, maxBytes });
      const actual = sink.address();
      if (actual === address) return true;
      throw mismatch(address, actual, placeOf("GET", source));
    } catch (error) {
      signal?.throwIfAborted();
      if (!isHanseError(error) || error.code.startsWith("HANSE_DISK_")) throw error;
      failures.set(source, { source: placeOf("GET", source), error });
      return false;
    }
  }

  const isWrong = (source: string) =>
    isHanseError(failures.get(source)?.error, "HANSE_CONTENT_HASH_MISMATCH");
  const again: string[] = [];
  for (const source of sources) {
    if (await tryOne(source)) return;
    if (isWrong(source)) {
      // Whose bytes were wrong is known only where all of them came from one.
      if (isMixed) again.push(...sources.slice(0, sources.indexOf(source) + 1));
      await sink.reset();
      isMixed = false;
    } else if (sink.size() > 0) isMixed = true;
  }
  for (const source of new Set(again)) {
    await sink.reset();
    if (await tryOne(source)) return;
  }
  // Wrong bytes are nothing to go on with.
  if (again.length > 0) await sink.reset();
  throw failed(address, [...failures.values()]);
}

function failed(address: ContentAddress, failures: readonly Failure[]): HanseError {
  const attempts = failures.map(({ source, error }) => ({
    source,
    code: error.code,
    message: error.shortMessage,
  }));
  const telling =
    failures.find(({ error }) => error.code === "HANSE_CONTENT_TOO_LARGE") ??
    failures.find(({ error }) => error.code === "HANSE_CONTENT_HASH_MISMATCH");
  const retryable = failures.some(({ error }) => isRetryable(error));
  if (telling) {
    const { code, shortMessage, details } = telling.error;
    return new HanseError(code, shortMessage, {
      details: { ...details, address, attempts },
      retryable,
      cause: telling.error,
    });
  }
  return new HanseError(
    "HANSE_CONTENT_NOT_FOUND",
    `None of ${failures.length} sources gave the content ${address}`,
    {
      details: { address, attempts },
      retryable,
      ...(failures[0] ? { cause: failures[0].error } : {}),
    },
  );
}
