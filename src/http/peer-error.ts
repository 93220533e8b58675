import { isErrorCode } from "#src/kernel/error-codes.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { redactText } from "#src/kernel/redaction.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";

/** Where a request went, without query and credentials. */
export function placeOf(method: string, url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return `${method} ${origin}${pathname}`;
  } catch {
    return `${method} ${redactText(url)}`;
  }
}

/** What a peer told us went wrong there: whoever asks us is not told so as our own. */
export class PeerError extends HanseError {}

/**
 * What a peer's answer of status 400 and above means here. An answer in our own shape keeps its code; the hint
 * always comes from our registry, for a peer's text is not advice we vouch for.
 */
export function peerError(
  place: string,
  response: Pick<Response, "status" | "headers">,
  text: string,
): PeerError {
  const body = parse(text);
  const details: Record<string, unknown> = { place, status: response.status };
  if (typeof body.requestId === "string") details.requestId = body.requestId.slice(0, 100);
  const retryAfter = Number(response.headers.get("retry-after"));
  if (retryAfter > 0) details.retryAfterSeconds = retryAfter;
  const reason = typeof body.message === "string" ? body.message.slice(0, 500) : `status ${response.status}`;
  if (isErrorCode(body.code) && body.code !== "HANSE_INTERNAL") {
    if (typeof body.details === "object" && body.details !== null) details.peer = body.details;
    // Whether to repeat is not the peer's to promise for what our registry calls final, but it may say "not again".
    return new PeerError(body.code, `${place}: ${reason}`, {
      details,
      ...(body.retryable === false ? { retryable: false } : {}),
    });
  }
  if (typeof body.code === "string") details.peerCode = body.code.slice(0, 100);
  if (response.status === 429)
    return new PeerError("HANSE_RATE_LIMITED", `${place} asks to slow down`, { details });
  const code = response.status >= 500 ? "HANSE_PEER_FAILED" : "HANSE_PEER_REFUSED";
  return new PeerError(code, `${place}: ${reason}`, { details });
}

/** What a failed fetch means: no connection, no answer in time, or the caller's own abort, which is passed on. */
export function transportError(
  place: string,
  error: unknown,
  timeoutMs: number,
  signal?: AbortSignal,
): unknown {
  if (error instanceof HanseError) return error;
  if (signal?.aborted) return signal.reason;
  if ((error as Error | undefined)?.name === "TimeoutError") {
    return new HanseError("HANSE_PEER_TIMED_OUT", `${place} did not answer within ${timeoutMs} ms`, {
      cause: error,
      details: { place, timeoutMs },
    });
  }
  const inner = fromSystemError(error);
  const details = { place, ...inner.details };
  const code = inner.code === "HANSE_PEER_TIMED_OUT" ? inner.code : "HANSE_PEER_UNREACHABLE";
  // Not a failure of the network but a redirect, a bad certificate or an impossible URL: it stays so.
  const lasting = inner.code === "HANSE_INTERNAL" ? { retryable: false } : {};
  return new HanseError(code, `${place} could not be reached`, { cause: error, details, ...lasting });
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
