import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";

// SQLSTATE classes: 08 connection, 57P0x shutdown and start of the server, 53300 too many connections.
const unavailable = /^(?:08|57P0|53300)/;
const messagesOfPg =
  /timeout exceeded when trying to connect|Connection terminated|connection timeout|server closed the connection|is not queryable/i;

/**
 * Names the failures an application reacts to: no server (retryable), disk full. Everything else, constraint
 * violations above all, is passed on as it is: only the application knows what they mean.
 */
export function databaseError(error: unknown): unknown {
  if (error instanceof HanseError || !(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  if (code === "53100")
    return new HanseError("HANSE_DISK_FULL", "The database has no space left", { cause: error });
  const system = fromSystemError(error);
  if (system.code === "HANSE_PEER_UNREACHABLE" || system.code === "HANSE_PEER_TIMED_OUT") {
    return new HanseError("HANSE_DATABASE_UNAVAILABLE", "PostgreSQL cannot be reached", {
      cause: error,
      details: system.details,
    });
  }
  if ((typeof code === "string" && unavailable.test(code)) || messagesOfPg.test(error.message)) {
    return new HanseError("HANSE_DATABASE_UNAVAILABLE", "PostgreSQL does not answer now", { cause: error });
  }
  // Wrong password, role or database name: repeating does not help.
  if (typeof code === "string" && (code.startsWith("28") || code === "3D000")) {
    return new HanseError(
      "HANSE_DATABASE_UNAVAILABLE",
      "PostgreSQL refuses the credentials or has no such database",
      {
        cause: error,
        retryable: false,
      },
    );
  }
  return error;
}
