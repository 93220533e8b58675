import { z } from "zod";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";
import { stringifyJson } from "./json.ts";
import { peerError, placeOf, transportError } from "./peer-error.ts";
import { readLimited } from "./read-limited.ts";

/** The signature of the platform's fetch; a guarded one takes its place where addresses come from strangers. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpClientDeps {
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

export interface HttpClientOptions {
  /** Put before paths that start with a slash. */
  readonly baseUrl?: string;
  /** For each attempt; 10 s unless told. */
  readonly timeoutMs?: number;
  /** Largest answer; 4 MiB unless told. */
  readonly maxBytes?: number;
  /** Attempts after the first; 2 unless told. */
  readonly retries?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface JsonRequest<Schema extends z.ZodType> {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON; bigints become decimal strings. */
  readonly body?: unknown;
  /** What the answer has to be; `z.void()` for none. */
  readonly schema: Schema;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Says that repeating a POST or PATCH does no harm, for instance because it carries an Idempotency-Key. */
  readonly idempotent?: boolean;
}

export interface HttpClient {
  /**
   * One request, repeated with backoff while the error's type allows.
   * @throws HanseError the peer's own code where it speaks our shape, otherwise one of HANSE_PEER_*
   */
  request<Schema extends z.ZodType>(path: string, request: JsonRequest<Schema>): Promise<z.output<Schema>>;
}

const firstDelayMs = 200;
const longestDelayMs = 10_000;

/** A JSON client for services that may be slow, large, broken or hostile. */
export function createHttpClient(deps: HttpClientDeps = {}, options: HttpClientOptions = {}): HttpClient {
  const { fetch = globalThis.fetch, clock = systemClock } = deps;
  const { baseUrl = "", timeoutMs = 10_000, maxBytes = 4_194_304, retries = 2 } = options;
  return {
    async request(path, request) {
      const url = /^https?:\/\//.test(path) ? path : `${baseUrl.replace(/\/+$/, "")}${path}`;
      for (let attempt = 0; ; attempt++) {
        try {
          return await once(url, request);
        } catch (error) {
          if (attempt >= retries || !mayRepeat(error, request)) throw error;
          await clock.sleep(delayOf(error, attempt), request.signal);
        }
      }
    },
  };

  async function once<Schema extends z.ZodType>(url: string, request: JsonRequest<Schema>) {
    const method = request.method ?? "GET";
    const place = placeOf(method, url);
    const limit = AbortSignal.timeout(timeoutMs);
    const init: RequestInit = {
      method,
      headers: {
        accept: "application/json",
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
        ...request.headers,
      },
      // A redirect could lead to an address nobody checked, with our headers.
      redirect: "error",
      signal: request.signal ? AbortSignal.any([limit, request.signal]) : limit,
    };
    if (request.body !== undefined) init.body = stringifyJson(request.body);
    try {
      const response = await fetch(url, init);
      // The time limit covers the body too: a peer may drip one byte a minute.
      const text = new TextDecoder().decode(await readLimited(response, maxBytes));
      if (!response.ok) throw peerError(place, response, text);
      return parseAnswer(place, text, request.schema);
    } catch (error) {
      throw transportError(place, error, timeoutMs, request.signal);
    }
  }
}

function parseAnswer<Schema extends z.ZodType>(
  place: string,
  text: string,
  schema: Schema,
): z.output<Schema> {
  let value: unknown;
  try {
    value = text === "" ? undefined : JSON.parse(text);
  } catch (error) {
    throw new HanseError("HANSE_PEER_RESPONSE_INVALID", `${place} answered something that is not JSON`, {
      cause: error,
      details: { place },
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  throw new HanseError(
    "HANSE_PEER_RESPONSE_INVALID",
    `${place} answered in an unknown form: ${z.prettifyError(parsed.error)}`,
    {
      details: { place, issues },
    },
  );
}

// A POST whose answer was lost may have been carried out: only a connection that never stood is surely harmless.
function mayRepeat(error: unknown, { method = "GET", idempotent }: JsonRequest<z.ZodType>): boolean {
  if (!isRetryable(error)) return false;
  if (idempotent || method === "GET" || method === "PUT" || method === "DELETE") return true;
  if (isHanseError(error, "HANSE_RATE_LIMITED")) return true;
  return isHanseError(error, "HANSE_PEER_UNREACHABLE") && error.details.systemCode === "ECONNREFUSED";
}

function delayOf(error: unknown, attempt: number): number {
  const asked = error instanceof HanseError ? error.details.retryAfterSeconds : undefined;
  if (typeof asked === "number") return Math.min(asked * 1000, longestDelayMs);
  const ceiling = Math.min(firstDelayMs * 2 ** attempt, longestDelayMs);
  // Jitter, so that clients a fault has synchronised do not come back all at once.
  return ceiling / 2 + Math.random() * (ceiling / 2);
}
