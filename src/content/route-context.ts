import type { FastifyRequest } from "fastify";
import { HanseError } from "#src/kernel/errors.ts";
import type { KeptContent } from "./kept-content.ts";
import type { Uploader, Uploaders } from "./uploaders.ts";

/** What the routes share. */
export interface RouteContext {
  readonly kept: KeptContent;
  readonly stallMs: number;
  /** @throws HANSE_UNAUTHORIZED */
  uploaderOf(request: FastifyRequest): Uploader;
  /** Runs what takes in a body. @throws HANSE_RATE_LIMITED */
  sending<Outcome>(uploader: Uploader, take: () => Promise<Outcome>): Promise<Outcome>;
}

export function createRouteContext(deps: {
  readonly kept: KeptContent;
  readonly uploaders: Uploaders;
  readonly stallMs: number;
  readonly maxSending: number;
}): RouteContext {
  const { kept, uploaders, stallMs, maxSending } = deps;
  const sending = new Map<string, number>();
  return {
    kept,
    stallMs,
    uploaderOf: (request) => uploaders(request.headers.authorization),
    async sending({ name }, take) {
      const count = sending.get(name) ?? 0;
      if (count >= maxSending) {
        throw new HanseError("HANSE_RATE_LIMITED", `${name} is sending ${count} uploads already`, {
          details: { maxSending, retryAfterSeconds: 1 },
        });
      }
      sending.set(name, count + 1);
      try {
        return await take();
      } finally {
        const left = (sending.get(name) ?? 1) - 1;
        if (left > 0) sending.set(name, left);
        else sending.delete(name);
      }
    },
  };
}
