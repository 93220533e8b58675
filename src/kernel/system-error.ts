import type { ErrorCode } from "./error-codes.ts";
import { HanseError } from "./errors.ts";

interface Translation {
  readonly code: ErrorCode;
  readonly text: string;
}

const unreachable = { code: "HANSE_PEER_UNREACHABLE", text: "No connection" } as const;
const timedOut = { code: "HANSE_PEER_TIMED_OUT", text: "The connection timed out" } as const;
const unwritable = { code: "HANSE_DISK_UNWRITABLE", text: "The path cannot be written or read" } as const;
const full = { code: "HANSE_DISK_FULL", text: "No space is left" } as const;

const translations: Readonly<Record<string, Translation>> = {
  EADDRINUSE: { code: "HANSE_PORT_IN_USE", text: "The port is already in use" },
  ENOSPC: full,
  EDQUOT: full,
  EACCES: unwritable,
  EPERM: unwritable,
  EROFS: unwritable,
  ENOTDIR: unwritable,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  EPIPE: unreachable,
  ETIMEDOUT: timedOut,
  // What the platform's fetch calls the same things.
  UND_ERR_SOCKET: unreachable,
  UND_ERR_CONNECT_TIMEOUT: timedOut,
  UND_ERR_HEADERS_TIMEOUT: timedOut,
  UND_ERR_BODY_TIMEOUT: timedOut,
};

/**
 * Translates an error of the operating system (`code: "ENOSPC"` and the like, also inside `cause` or an
 * AggregateError, as fetch wraps them) into a {@link HanseError}. A HanseError is returned as it is; anything
 * else becomes `HANSE_INTERNAL` with the original as its cause.
 */
export function fromSystemError(error: unknown): HanseError {
  if (error instanceof HanseError) return error;
  const system = findSystemError(error, 8);
  if (system === undefined) {
    return new HanseError("HANSE_INTERNAL", "An unexpected error occurred", { cause: error });
  }
  const { code, text } = system.translation;
  const details: Record<string, unknown> = { systemCode: system.systemCode };
  for (const name of ["path", "port", "address", "syscall"]) {
    const value = system.source[name];
    if (typeof value === "string" || typeof value === "number") details[name] = value;
  }
  const place =
    details.path ??
    (details.port !== undefined
      ? [details.address, details.port].filter((part) => part !== undefined).join(":")
      : undefined);
  return new HanseError(code, place === undefined ? text : `${text}: ${place}`, { cause: error, details });
}

interface Found {
  readonly systemCode: string;
  readonly translation: Translation;
  readonly source: Record<string, unknown>;
}

// Depth is bounded because a chain of causes can bite its own tail.
function findSystemError(error: unknown, depth: number): Found | undefined {
  if (typeof error !== "object" || error === null || depth === 0) return undefined;
  const source = error as Record<string, unknown>;
  const systemCode = source.code;
  if (typeof systemCode === "string" && Object.hasOwn(translations, systemCode)) {
    const translation = translations[systemCode];
    if (translation) return { systemCode, translation, source };
  }
  const nested = Array.isArray(source.errors) ? [source.cause, ...source.errors] : [source.cause];
  for (const inner of nested) {
    const found = findSystemError(inner, depth - 1);
    if (found) return found;
  }
  return undefined;
}
