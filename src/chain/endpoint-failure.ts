import { HttpRequestError, isHex, RpcRequestError, TimeoutError } from "viem";

/** What a failed request says of the endpoint that was asked. */
export type EndpointFailure =
  /** The node's answer: another would say the same. */
  | { readonly type: "refused" }
  /** This node cannot tell; another may. */
  | { readonly type: "unable" }
  /** The endpoint wants to be left alone, for so many milliseconds where it says how long. */
  | { readonly type: "limited"; readonly forMs: number | undefined }
  /** No answer, or none that makes sense. */
  | { readonly type: "failed" };

/** Limit exceeded (EIP-1474), and what providers answer in its place. */
const LIMIT_CODES: ReadonlySet<number> = new Set([-32005, -32007, 429]);
/** Not found, unavailable, unsupported: true of this node alone. */
const UNABLE_CODES: ReadonlySet<number> = new Set([-32001, -32002, -32004, -32006, -32601]);
/** Parse error, internal error, disconnected (EIP-1193). */
const FAILED_CODES: ReadonlySet<number> = new Set([-32700, -32603, 4900, 4901]);

/** Judges by type and code alone: texts differ from node to node. */
export function failureOf(error: unknown, method: string): EndpointFailure {
  if (error instanceof HttpRequestError) {
    const forMs = retryAfterMs(error.headers?.get("retry-after"));
    const limited = error.status === 429 || (error.status === 503 && forMs !== undefined);
    return limited ? { type: "limited", forMs } : { type: "failed" };
  }
  const { code, data } = error as { code?: unknown; data?: unknown };
  if (typeof code !== "number") return { type: "failed" };
  // "Too many results" bears the same code: asking for less helps, asking another node does not.
  if (LIMIT_CODES.has(code) && (method !== "eth_getLogs" || backoffMs(data) !== undefined)) {
    return { type: "limited", forMs: backoffMs(data) };
  }
  if (UNABLE_CODES.has(code)) return { type: "unable" };
  // Some nodes tell a revert as an internal error: then it carries the contract's answer.
  return { type: FAILED_CODES.has(code) && !carriesRevert(data) ? "failed" : "refused" };
}

/** The same failure without the endpoint's address, which may carry credentials, and without what was sent. */
export function withoutAddress(error: unknown, label: string, method: string): unknown {
  const body = { method };
  if (error instanceof HttpRequestError) {
    const { status, headers, details } = error;
    return new HttpRequestError({
      url: label,
      details: systemCode(error) ?? details,
      ...(status === undefined ? {} : { status }),
      ...(headers === undefined ? {} : { headers }),
    });
  }
  if (error instanceof TimeoutError) return new TimeoutError({ body, url: label });
  const { code, data, details, message } = error as Partial<RpcRequestError>;
  if (typeof code === "number") {
    const text = details ?? message ?? "";
    return new RpcRequestError({ body, error: { code, data, message: text }, url: label });
  }
  return new HttpRequestError({ url: label, details: "no answer that makes sense" });
}

/** Seconds or a date, as HTTP has it. */
export function retryAfterMs(header: string | null | undefined, now = Date.now()): number | undefined {
  if (header === null || header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The wait some providers put into the data of a limit error, as `rate.backoff_seconds`. */
function backoffMs(data: unknown): number | undefined {
  const { rate } = (data ?? {}) as { rate?: { backoff_seconds?: unknown } };
  const seconds = rate?.backoff_seconds;
  return typeof seconds === "number" && seconds >= 0 ? Math.ceil(seconds * 1_000) : undefined;
}

function carriesRevert(data: unknown): boolean {
  return isHex(data) || isHex((data as { data?: unknown } | undefined)?.data);
}

/** Such as ECONNREFUSED, from the depth of what `fetch` threw. */
function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}
