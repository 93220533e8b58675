import rateLimit from "@fastify/rate-limit";
import { HanseError } from "#src/kernel/errors.ts";
import type { HttpServer } from "./server.ts";

/**
 * Limits how often one address may ask; routes set a stricter limit in `config.rateLimit`. To be called before routes are
 * registered. What watches the service is not counted.
 * @param options `max`: requests in a minute
 */
export async function limitRequests(server: HttpServer, { max }: { readonly max: number }): Promise<void> {
  await server.register(rateLimit, {
    global: true,
    max,
    timeWindow: 60_000,
    allowList: (request) => /^\/(healthz|readyz|metrics)$/.test(request.url),
    errorResponseBuilder: (_request, { ttl }) =>
      new HanseError("HANSE_RATE_LIMITED", "Too many requests", {
        details: { retryAfterSeconds: Math.ceil(ttl / 1000) },
      }),
  });
}
