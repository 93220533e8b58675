import { z } from "zod";
import type { Fetch } from "#src/http/http-client.ts";
import { peerError, placeOf, transportError } from "#src/http/peer-error.ts";
import { readLimited } from "#src/http/read-limited.ts";
import { HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";
import {
  type ContentAddress,
  contentAddressOf,
  isContentAddress,
  parseContentAddress,
} from "./content-address.ts";
import type { ContentInfo } from "./content-store.ts";
import { contentUrl } from "./content-url.ts";
import { mismatch, tooLarge } from "./verified-stream.ts";

export interface FetchContentOptions {
  /** Base URLs of content services, tried in this order. */
  readonly sources: readonly string[];
  /** Largest content in bytes; 256 MiB unless told. */
  readonly maxBytes?: number;
  /** For each source; 30 s unless told. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** A guarded one where sources come from strangers. */
  readonly fetch?: Fetch;
}

/**
 * Gets content from the first source that has it whole and right.
 * @throws HanseError when none has. HANSE_CONTENT_TOO_LARGE if a source has it but it exceeds the limit,
 * HANSE_CONTENT_HASH_MISMATCH naming the source if one sent wrong bytes, otherwise HANSE_CONTENT_NOT_FOUND, retryable
 * if a source could not be asked. `details.attempts` tells each source's outcome.
 */
export async function fetchContent(
  address: ContentAddress,
  options: FetchContentOptions,
): Promise<Uint8Array> {
  parseContentAddress(address);
  const failures: { readonly source: string; readonly error: HanseError }[] = [];
  for (const source of options.sources) {
    try {
      return await fetchFrom(source, address, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isHanseError(error)) throw error;
      failures.push({ source: placeOf("GET", source), error });
    }
  }
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
    throw new HanseError(code, shortMessage, {
      details: { ...details, address, attempts },
      retryable,
      cause: telling.error,
    });
  }
  throw new HanseError(
    "HANSE_CONTENT_NOT_FOUND",
    `None of ${failures.length} sources gave the content ${address}`,
    {
      details: { address, attempts },
      retryable,
      ...(failures[0] ? { cause: failures[0].error } : {}),
    },
  );
}

export interface PutContentOptions {
  /** Base URL of a content service. */
  readonly target: string;
  readonly uploadToken?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly fetch?: Fetch;
}

const storedSchema = z.object({ address: z.string().refine(isContentAddress), size: z.number().int() });

/** Uploads bytes under the address they have; the service refuses anything that was changed on the way. */
export async function putContent(bytes: Uint8Array, options: PutContentOptions): Promise<ContentInfo> {
  const address = contentAddressOf(bytes);
  const { response, place } = await call("PUT", options.target, address, options, {
    body: bytes as Uint8Array<ArrayBuffer>,
    headers: {
      "content-type": "application/octet-stream",
      ...(options.uploadToken === undefined ? {} : { authorization: `Bearer ${options.uploadToken}` }),
    },
  });
  const answer = storedSchema.safeParse(await response.json().catch(() => undefined));
  if (answer.success && answer.data.address === address) return { address, size: bytes.byteLength };
  throw new HanseError("HANSE_PEER_RESPONSE_INVALID", `${place} did not confirm the address`, {
    details: { place },
  });
}

async function fetchFrom(
  source: string,
  address: ContentAddress,
  options: FetchContentOptions,
): Promise<Uint8Array> {
  const { maxBytes = 268_435_456 } = options;
  const { response, place, translate } = await call("GET", source, address, options, {});
  let bytes: Uint8Array;
  try {
    bytes = await readLimited(response, maxBytes);
  } catch (error) {
    throw isHanseError(error, "HANSE_PEER_RESPONSE_TOO_LARGE") ? tooLarge(maxBytes) : translate(error);
  }
  const actual = contentAddressOf(bytes);
  if (actual !== address) throw mismatch(address, actual, place);
  return bytes;
}

async function call(
  method: "GET" | "PUT",
  base: string,
  address: ContentAddress,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal; readonly fetch?: Fetch },
  init: RequestInit,
) {
  const { timeoutMs = 30_000, signal, fetch = globalThis.fetch } = options;
  const url = contentUrl(base, address);
  const place = placeOf(method, url);
  const limit = AbortSignal.timeout(timeoutMs);
  const translate = (error: unknown) => transportError(place, error, timeoutMs, signal);
  try {
    const response = await fetch(url, {
      ...init,
      method,
      redirect: "error",
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
    });
    if (response.ok) return { response, place, translate };
    const text = new TextDecoder().decode(await readLimited(response, 65_536));
    throw peerError(place, response, text);
  } catch (error) {
    throw translate(error);
  }
}
