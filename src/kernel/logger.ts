import { type DestinationStream, type Logger, pino, stdSerializers } from "pino";
import { HanseError } from "./errors.ts";
import { redact, redactText } from "./redaction.ts";

export type { Logger };

export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

export interface LoggerOptions {
  /** Name of the service; stands in every line. */
  readonly service: string;
  readonly level?: LogLevel;
  /** Where lines go; standard output unless told. */
  readonly destination?: DestinationStream;
}

/**
 * A pino logger that writes one JSON object a line. Secrets never get out: fields named like secrets are redacted
 * at any depth, credentials inside URLs and bearer tokens in any text. `logger.child({…})` adds fields.
 */
export function createLogger({ service, level = "info", destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: serializeError, error: serializeError, cause: serializeError },
    formatters: {
      level: (label: string) => ({ level: label }),
      bindings: (bindings: Record<string, unknown>) => redact(bindings) as Record<string, unknown>,
      log: (fields: Record<string, unknown>) => redact(fields) as Record<string, unknown>,
    },
    // Last line of defence: the finished line, so that message texts and stacks are covered too.
    hooks: { streamWrite: redactText },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (!(error instanceof HanseError)) return redact({ ...stdSerializers.err(error) });
  return {
    ...error.toJSON(),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
}
