import rateLimit from "@fastify/rate-limit";
import type { FastifyRequest } from "fastify";
import { HanseError } from "#src/kernel/errors.ts";
import { networkOf } from "./network-of.ts";
import type { HttpServer } from "./server.ts";

export interface RequestLimit {
  /** Requests in a minute. */
  readonly max: number;
  /** Whose requests are counted together, known once the request is let in; unless told each network's, before that. */
  readonly by?: (request: FastifyRequest) => string;
}

/**
 * Limits how often one may ask; routes set a stricter limit in `config.rateLimit`. To be called before routes are registered. What
 * watches the service is not counted.
 */
export async function limitRequests(server: HttpServer, { max, by }: RequestLimit): Promise<void> {
  await server.register(rateLimit, {
    global: true,
    max,
    timeWindow: 60_000,
    ...(by === undefined
      ? // Whoever has one IPv6 address has as many as it likes.
        { keyGenerator: (request: FastifyRequest) => networkOf(request.ip) }
      : { hook: "preHandler" as const, keyGenerator: by }),
    allowList: (request) => /^\/(healthz|readyz|metrics)$/.test(request.url),
    errorResponseBuilder: (request, { ttl }) =>
      new HanseError(
        "HANSE_RATE_LIMITED",
        by === undefined ? "Too many requests" : `${by(request)} asked too often`,
        {
          details: { retryAfterSeconds: Math.ceil(ttl / 1000) },
        },
      ),
  });
}
