import { placeOf } from "#src/http/peer-error.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { ContentAddress } from "./content-address.ts";
import { type ContentRequestOptions, contentRequest, createPatience } from "./content-request.ts";
import { contentUrl } from "./content-url.ts";
import type { DownloadSink } from "./download-sink.ts";
import { tooLarge } from "./verified-stream.ts";

export interface DownloadFromOptions extends ContentRequestOptions {
  readonly maxBytes: number;
}

/** A request that brought so much was worth it: the next failure is the first again. Whoever is slower is left. */
const WORTHWHILE_BYTES = 1_048_576;

/**
 * Takes what is still missing from one source, going on after failures where the last byte came through.
 * @throws HANSE_CONTENT_NOT_FOUND, HANSE_CONTENT_TOO_LARGE, HANSE_PEER_*
 */
export async function downloadFrom(
  source: string,
  address: ContentAddress,
  sink: DownloadSink,
  options: DownloadFromOptions,
): Promise<void> {
  const patience = createPatience(options);
  let hasGiven = false;
  for (;;) {
    const before = sink.size();
    try {
      return await once(source, address, sink, options);
    } catch (error) {
      const gained = sink.size() - before;
      hasGiven ||= gained > 0;
      // Whoever never gave anything is left for the next source at once.
      if (!hasGiven) throw error;
      if (gained >= WORTHWHILE_BYTES) patience.progress();
      await patience.after(error);
    }
  }
}

async function once(
  source: string,
  address: ContentAddress,
  sink: DownloadSink,
  options: DownloadFromOptions,
): Promise<void> {
  const { maxBytes } = options;
  const at = sink.size();
  const headers: Record<string, string> =
    at === 0 ? {} : { range: `bytes=${at}-`, "if-range": `"${address}"` };
  const url = contentUrl(source, address);
  const { response, place, translate } = await contentRequest(url, options, { method: "GET", headers }).catch(
    async (error: unknown) => {
      if (at === 0 || !(error instanceof HanseError) || error.details.status !== 416) throw error;
      // Nothing is missing here: what is there is complete, or wrong.
      return { response: undefined, place: placeOf("GET", url), translate: (reason: unknown) => reason };
    },
  );
  if (response === undefined) return;
  const total = await wholeSize(response, at, sink, place);
  if (total !== undefined && total > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(maxBytes);
  }
  try {
    for await (const chunk of response.body ?? []) {
      // Leaving the loop cancels the stream and closes the connection.
      if (sink.size() + chunk.byteLength > maxBytes) throw tooLarge(maxBytes);
      await sink.write(chunk);
    }
  } catch (error) {
    throw translate(error);
  }
  if (total !== undefined && sink.size() < total) {
    throw new HanseError("HANSE_PEER_UNREACHABLE", `${place} broke off`, { details: { place, total } });
  }
}

/** The size of the whole as the source tells it; where it does not go on but begins anew, so does the sink. */
async function wholeSize(
  response: Response,
  at: number,
  sink: DownloadSink,
  place: string,
): Promise<number | undefined> {
  if (at === 0 || response.status !== 206) {
    if (at > 0) await sink.reset();
    // Of a compressed body the length says nothing.
    const length = response.headers.get("content-encoding") ? null : response.headers.get("content-length");
    return length === null ? undefined : Number(length);
  }
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "") ?? [];
  if (Number(start) === at) return Number(total);
  await response.body?.cancel();
  throw new HanseError("HANSE_PEER_RESPONSE_INVALID", `${place} answered another range than was asked for`, {
    details: { place, asked: at },
  });
}
