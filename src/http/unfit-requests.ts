import type { FastifyInstance } from "fastify";
import { HanseError } from "#src/kernel/errors.ts";

/** Levels of lists and objects in a request: nothing that is asked for has a tenth of them. */
const MOST_LEVELS = 64;

/**
 * Refuses requests whose path, query or JSON body has the character zero in a text: PostgreSQL keeps none, so that it would
 * be an error of ours where it is stored. Refused too is what nests deeper than anything that is asked for: whatever looks at
 * it later may call itself for each level, and has only so much stack.
 */
export function refuseUnfitRequests(server: FastifyInstance): void {
  server.addHook("preValidation", (request, _reply, done) => {
    const { params, query, body } = request;
    const wrong = wrongOf([params, query, body]);
    if (wrong === undefined) return done();
    done(new HanseError("HANSE_REQUEST_INVALID", wrong));
  });
}

/** Level by level, never by itself: this is looked at before anybody is known. */
function wrongOf(request: readonly unknown[]): string | undefined {
  let level = request;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) return `The request nests more than ${MOST_LEVELS} lists and objects`;
    if (level.some((value) => typeof value === "string" && value.includes("\0"))) {
      return "A text of the request has the character zero in it";
    }
    level = level.flatMap(partsOf);
  }
  return undefined;
}

/** Streams and bytes are looked at by nobody here: they are no texts. */
function partsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return [];
  if (ArrayBuffer.isView(value) || "pipe" in value) return [];
  return Object.entries(value).flat();
}
