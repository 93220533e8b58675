import type { FastifyRequest } from "fastify";
import { createBearerCheck } from "#src/http/bearer-token.ts";
import { HanseError } from "#src/kernel/errors.ts";

/** A hook that lets only the shop's owner in. @throws HANSE_UNAUTHORIZED */
export function createOwnerCheck(token: string) {
  const isOwners = createBearerCheck(token);
  return async ({ headers }: FastifyRequest): Promise<void> => {
    if (isOwners(headers.authorization)) return;
    throw new HanseError("HANSE_UNAUTHORIZED", "This takes the owner's token of the shop");
  };
}
