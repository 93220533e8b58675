import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { HanseError } from "#src/kernel/errors.ts";

/** A hook that lets only the shop's owner in. @throws HANSE_UNAUTHORIZED */
export function createOwnerCheck(token: string) {
  const expected = digestOf(token);
  return async (request: FastifyRequest): Promise<void> => {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    // Compared as digests: equal lengths, and time that tells nothing about the token.
    if (timingSafeEqual(digestOf(given), expected)) return;
    throw new HanseError("HANSE_UNAUTHORIZED", "This takes the owner's token of the shop");
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
