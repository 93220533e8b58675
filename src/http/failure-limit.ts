import type { FastifyReply, FastifyRequest } from "fastify";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { networkOf } from "./network-of.ts";

/** Hooks for parts of a server that ask who calls. */
export interface FailureLimit {
  /** Before anything of a request is read. @throws HANSE_RATE_LIMITED where its network failed too often */
  readonly onRequest: (request: FastifyRequest) => Promise<void>;
  /** Counts what was refused before it was known who asks. */
  readonly onResponse: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
}

export interface FailureLimitOptions {
  /** Refused requests in a minute; what comes after them is not looked at. */
  readonly max: number;
  /** Whether it is known who asks: then its requests are counted elsewhere. */
  readonly isKnown: (request: FastifyRequest) => boolean;
}

const WINDOW_MS = 60_000;
/** Networks that are remembered; the one that failed first is forgotten for another. */
const MOST_NETWORKS = 10_000;

/**
 * Limits by network what costs us a check and is worth nothing, such as requests with a bad signature. A network that has used
 * its share up is refused, others are not; good requests use nothing up.
 */
export function createFailureLimit(
  { clock = systemClock }: { readonly clock?: Pick<Clock, "now"> },
  { max, isKnown }: FailureLimitOptions,
): FailureLimit {
  const failures = new Map<string, { count: number; readonly until: number }>();
  return {
    async onRequest(request) {
      const found = failures.get(networkOf(request.ip));
      const waitMs = (found?.until ?? 0) - clock.now();
      if (found === undefined || found.count < max || waitMs <= 0) return;
      throw new HanseError("HANSE_RATE_LIMITED", "Too many requests from here were refused", {
        details: { retryAfterSeconds: Math.ceil(waitMs / 1_000) },
      });
    },
    async onResponse(request, { statusCode }) {
      // What failed here is not the caller's fault.
      if (isKnown(request) || statusCode < 400 || statusCode === 429 || statusCode >= 500) return;
      const network = networkOf(request.ip);
      const found = failures.get(network);
      if (found !== undefined && found.until > clock.now()) {
        found.count++;
        return;
      }
      failures.delete(network);
      const [oldest] = failures.size < MOST_NETWORKS ? [] : failures.keys();
      if (oldest !== undefined) failures.delete(oldest);
      failures.set(network, { count: 1, until: clock.now() + WINDOW_MS });
    },
  };
}
