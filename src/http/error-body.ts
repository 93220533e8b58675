import type { FastifyError } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { z } from "zod";
import { type ErrorCode, errorCodes } from "#src/kernel/error-codes.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { errorStatus } from "./error-status.ts";
import { PeerError } from "./peer-error.ts";

/** The one shape in which every service tells an error. */
export const errorBodySchema = z
  .object({
    code: z.string().describe("Stable code such as HANSE_ORDER_EXPIRED"),
    message: z.string().describe("What happened, in one sentence"),
    hint: z.string().describe("What to do"),
    retryable: z.boolean().describe("Can repeating the same request succeed?"),
    details: z.record(z.string(), z.unknown()).optional(),
    requestId: z.string().describe("Quote it when you ask the operator"),
  })
  .meta({ id: "Error" });

export type ErrorBody = z.infer<typeof errorBodySchema>;

export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
  /** The error as it was understood, for the log. */
  readonly error: HanseError;
}

/** Turns whatever a handler threw into what the caller may see. Faults of ours are told without any inner text. */
export function answerError(thrown: unknown, requestId: string): ErrorAnswer {
  const { error, status } = understand(thrown);
  if (error.code === "HANSE_INTERNAL") {
    const { hint, retryable } = errorCodes.HANSE_INTERNAL;
    const body = { code: error.code, message: "An internal error occurred", hint, retryable, requestId };
    return { status: 500, body, error };
  }
  const { details, ...told } = error.toJSON();
  // Where our database is, and why it is away, is nobody's business but the operator's.
  const shown = error.code === "HANSE_DATABASE_UNAVAILABLE" || details === undefined ? {} : { details };
  return { status, body: { ...told, ...shown, requestId }, error };
}

function understand(thrown: unknown): { error: HanseError; status: number } {
  if (thrown instanceof PeerError) return understandPeer(thrown);
  if (thrown instanceof HanseError) return { error: thrown, status: errorStatus(thrown.code) };
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const part = (thrown as FastifyError & { validationContext?: string }).validationContext ?? "request";
    const issues = thrown.validation.map(({ instancePath, message, keyword }) => ({
      path: `${part}${instancePath === "/" ? "" : instancePath}`,
      message: message ?? "is invalid",
      rule: keyword,
    }));
    const first = issues[0];
    const text = `The ${part} is invalid${first ? `: ${first.path}: ${first.message}` : ""}`;
    return {
      error: new HanseError("HANSE_REQUEST_INVALID", text, { cause: thrown, details: { issues } }),
      status: 400,
    };
  }
  const status = clientErrorStatus(thrown);
  if (status !== undefined) {
    const text = (thrown as Error).message;
    return { error: new HanseError(codeOfStatus(status), text, { cause: thrown }), status };
  }
  const error = fromSystemError(thrown);
  // A system error inside a handler is ours, not the caller's: only a full disk is worth telling, others hide paths and ports.
  if (error.code === "HANSE_DISK_FULL") {
    return {
      error: new HanseError("HANSE_DISK_FULL", "The service has no space left", { cause: thrown }),
      status: 507,
    };
  }
  return { error: new HanseError("HANSE_INTERNAL", error.shortMessage, { cause: thrown }), status: 500 };
}

/** What is wrong with a peer is not wrong with us: a fault there is a bad gateway here, what it refuses stays its refusal. */
function understandPeer(thrown: PeerError): { error: HanseError; status: number } {
  const { code, shortMessage, details, retryable } = thrown;
  if (errorStatus(code) < 500) return { error: thrown, status: errorStatus(code) };
  const own = code.startsWith("HANSE_PEER_") ? {} : { peerCode: code };
  const error = new HanseError("HANSE_PEER_FAILED", shortMessage, {
    ...{ cause: thrown, details: { ...details, ...own } },
    ...(retryable ? {} : { retryable }),
  });
  return { error, status: errorStatus(error.code) };
}

// Only Fastify's own errors are trusted with a status and a text: any library may throw a `statusCode`.
function clientErrorStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, statusCode } = thrown as Partial<FastifyError>;
  const ours = typeof code === "string" && code.startsWith("FST_ERR_");
  return ours && typeof statusCode === "number" && statusCode >= 400 && statusCode < 500
    ? statusCode
    : undefined;
}

function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return "HANSE_UNAUTHORIZED";
    case 403:
      return "HANSE_FORBIDDEN";
    case 404:
      return "HANSE_NOT_FOUND";
    case 413:
      return "HANSE_REQUEST_TOO_LARGE";
    case 415:
      return "HANSE_MEDIA_TYPE_UNSUPPORTED";
    case 429:
      return "HANSE_RATE_LIMITED";
    default:
      return "HANSE_REQUEST_INVALID";
  }
}

/** The statuses that an operation may refuse with, for its documentation; each with the one shape of an error. */
export function refusalsOf<const Status extends number>(
  ...statuses: readonly Status[]
): Record<Status, typeof errorBodySchema> {
  return Object.fromEntries(statuses.map((status) => [status, errorBodySchema])) as Record<
    Status,
    typeof errorBodySchema
  >;
}
