import { type ErrorCode, errorCodes } from "./error-codes.ts";
import { redact, redactText } from "./redaction.ts";

export interface HanseErrorOptions {
  /** What made it fail; kept for logs, never sent to another party. */
  readonly cause?: unknown;
  /** The values that made the error: plain data, bigint allowed. Secrets by name are redacted on the way out. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Overrides the hint of the code where a better one is known. */
  readonly hint?: string;
  /** Overrides the registry where this very case differs. */
  readonly retryable?: boolean;
}

/** What another process or a log sees of a {@link HanseError}. */
export interface HanseErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details?: Record<string, unknown>;
}

/**
 * The one error of Hanse. `code` is stable, `shortMessage` says what happened in one sentence, `hint` what to do,
 * `retryable` whether repeating the same call can succeed. `message` is composed of all of them for terminals.
 */
export class HanseError extends Error {
  readonly code: ErrorCode;
  readonly shortMessage: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
  override name = "HanseError";

  constructor(code: ErrorCode, shortMessage: string, options: HanseErrorOptions = {}) {
    const short = redactText(shortMessage);
    const hint = options.hint ?? errorCodes[code].hint;
    super(
      composeMessage(code, short, hint, options.cause),
      "cause" in options ? { cause: options.cause } : undefined,
    );
    this.code = code;
    this.shortMessage = short;
    this.hint = hint;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
    this.details = options.details ?? {};
  }

  /** The innermost cause, or with a predicate the first error of the chain (this one included) it accepts. */
  walk(): unknown;
  walk(accept: (error: unknown) => boolean): unknown;
  walk(accept?: (error: unknown) => boolean): unknown {
    let last: unknown = this;
    for (const error of causes(this)) {
      if (accept?.(error)) return error;
      last = error;
    }
    return accept ? undefined : last;
  }

  toJSON(): HanseErrorJson {
    const details = redact(this.details) as Record<string, unknown>;
    return {
      code: this.code,
      message: this.shortMessage,
      hint: this.hint,
      retryable: this.retryable,
      ...(Object.keys(details).length > 0 ? { details } : {}),
    };
  }
}

/** May repeating the same call succeed? Decided by the error's type alone; unknown errors are not repeated. */
export function isRetryable(error: unknown): boolean {
  return error instanceof HanseError && error.retryable;
}

/** Is this a {@link HanseError}, with this code where one is given? */
export function isHanseError(error: unknown, code?: ErrorCode): error is HanseError {
  return error instanceof HanseError && (code === undefined || error.code === code);
}

/** Yields an error and its chain of causes. A chain that bites its own tail ends there. */
function* causes(error: unknown): Generator<unknown> {
  const seen = new Set<unknown>();
  let current = error;
  while (current !== undefined && current !== null && !seen.has(current)) {
    seen.add(current);
    yield current;
    current = current instanceof Error ? current.cause : undefined;
  }
}

function composeMessage(code: ErrorCode, short: string, hint: string, cause: unknown): string {
  const reason =
    cause instanceof HanseError
      ? cause.shortMessage
      : cause instanceof Error
        ? // Libraries append whole requests and stacks of advice to theirs.
          redactText(cause.message.split("\n", 1)[0] ?? "")
        : undefined;
  return [short, reason ? `Cause: ${reason}` : undefined, `What to do: ${hint}`, `Code: ${code}`]
    .filter((line) => line !== undefined)
    .join("\n");
}
