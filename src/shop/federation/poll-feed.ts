import { type ProductFeed, productFeedSchema } from "#src/client/shop-schema.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { peerError, placeOf, transportError } from "#src/http/peer-error.ts";
import { readLimited } from "#src/http/read-limited.ts";
import { signRequest } from "#src/identity/http-signature.ts";
import type { ShopKey } from "#src/identity/shop-key.ts";
import { HanseError } from "#src/kernel/errors.ts";

export interface FeedRequest {
  readonly partner: string;
  readonly endpoint: string;
  /** Where the last poll ended; all without one. */
  readonly cursor: string | undefined;
  /** Of the last answer that was not told in pages. */
  readonly etag: string | undefined;
  /** Ends it before its time. */
  readonly signal?: AbortSignal | undefined;
  readonly signer: { readonly code: string; readonly key: ShopKey };
}

/** The feed since a cursor, or that nothing has changed. */
export type FeedAnswer =
  | { readonly type: "unchanged" }
  | { readonly type: "feed"; readonly feed: ProductFeed; readonly etag: string | undefined };

const TIMEOUT_MS = 30_000;
/** A thousand products with long descriptions. */
const MOST_BYTES = 16 * 1_048_576;
const PAGE = 1_000;

/** Asks a partner for its products, once. @throws HANSE_PEER_*, and whatever the partner answers */
export async function pollFeed(fetch: Fetch, request: FeedRequest): Promise<FeedAnswer> {
  const { partner, endpoint, cursor, etag, signer, signal } = request;
  const since = cursor === undefined ? "" : `&since=${cursor}`;
  const url = `${endpoint.replace(/\/+$/, "")}/api/v1/products?limit=${PAGE}${since}`;
  const place = placeOf("GET", url);
  try {
    const signed = await signRequest({ method: "GET", url, headers: {} }, signer, partner);
    const response = await fetch(url, {
      headers: {
        accept: "application/json",
        ...signed,
        ...(etag === undefined ? {} : { "if-none-match": etag }),
      },
      redirect: "error",
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
    });
    if (response.status === 304) return { type: "unchanged" };
    const text = new TextDecoder().decode(await readLimited(response, MOST_BYTES));
    if (!response.ok) throw peerError(place, response, text);
    return { type: "feed", feed: parse(place, text), etag: response.headers.get("etag") ?? undefined };
  } catch (error) {
    throw transportError(place, error, TIMEOUT_MS, signal);
  }
}

function parse(place: string, text: string): ProductFeed {
  try {
    return productFeedSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new HanseError("HANSE_PEER_RESPONSE_INVALID", `${place} answered no product feed`, {
      cause,
      details: { place },
    });
  }
}
