import type { FastifyInstance } from "fastify";
import { HanseError } from "#src/kernel/errors.ts";

/**
 * Refuses requests whose path, query or JSON body has the character zero in a text: PostgreSQL keeps none, so that it would
 * be an error of ours where it is stored.
 */
export function refuseZeroCharacters(server: FastifyInstance): void {
  server.addHook("preValidation", (request, _reply, done) => {
    const { params, query, body } = request;
    if (![params, query, body].some(holdsZero)) return done();
    done(new HanseError("HANSE_REQUEST_INVALID", "A text of the request has the character zero in it"));
  });
}

/** Streams and bytes are looked at by nobody here: they are no texts. */
function holdsZero(value: unknown): boolean {
  if (typeof value === "string") return value.includes("\0");
  if (Array.isArray(value)) return value.some(holdsZero);
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value) || "pipe" in value) return false;
  return Object.entries(value).some(([name, held]) => name.includes("\0") || holdsZero(held));
}
