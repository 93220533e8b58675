import type { Fetch } from "#src/http/http-client.ts";
import { peerError, placeOf, transportError } from "#src/http/peer-error.ts";
import { readLimited } from "#src/http/read-limited.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isRetryable } from "#src/kernel/errors.ts";

export interface ContentRequestOptions {
  /** For each request; 30 s unless told. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** A guarded one where addresses come from strangers. */
  readonly fetch?: Fetch;
  /** Attempts after the first, counted anew whenever one has brought it on; 3 unless told. */
  readonly retries?: number;
  readonly clock?: Clock;
}

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;

/** One request to a content service, whose body the caller reads within the same time. */
export async function contentRequest(url: string, options: ContentRequestOptions, init: RequestInit) {
  const { timeoutMs = 30_000, signal, fetch = globalThis.fetch } = options;
  const place = placeOf(init.method ?? "GET", url);
  const limit = AbortSignal.timeout(timeoutMs);
  const translate = (error: unknown) => transportError(place, error, timeoutMs, signal);
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "error",
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
    });
    if (response.ok) return { response, place, translate };
    const text = init.method === "HEAD" ? "" : new TextDecoder().decode(await readLimited(response, 65_536));
    throw peerError(place, response, text);
  } catch (error) {
    throw translate(error);
  }
}

/** Counts failures in a row, and waits after each that may be tried again. */
export function createPatience({ retries = 3, signal, clock = systemClock }: ContentRequestOptions) {
  let failures = 0;
  return {
    /** Something was brought on: from here it is a new story. */
    progress(): void {
      failures = 0;
    },
    /** @throws the error itself when it is final, or came too often */
    async after(error: unknown): Promise<void> {
      signal?.throwIfAborted();
      if (failures >= retries || !isRetryable(error)) throw error;
      const asked = error instanceof HanseError ? error.details.retryAfterSeconds : undefined;
      const backoff = FIRST_DELAY_MS * 2 ** failures * (0.5 + Math.random() / 2);
      const delay = typeof asked === "number" ? asked * 1_000 : backoff;
      failures++;
      await clock.sleep(Math.min(delay, LONGEST_DELAY_MS), signal);
    },
  };
}
