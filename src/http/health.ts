import type { FastifyInstance } from "fastify";
import type { Logger } from "#src/kernel/logger.ts";

/** A named condition of being ready: throws, or answers false, when it is not met. */
export type ReadyCheck = () => unknown;

export interface HealthOptions {
  readonly ready: Readonly<Record<string, ReadyCheck>>;
  readonly logger: Logger;
  /** Time limit of each check in milliseconds. */
  readonly checkTimeoutMs?: number;
}

/** `/healthz`: the process answers. `/readyz`: everything it needs is there, or 503 with the names of what is not. */
export function registerHealth(
  server: FastifyInstance,
  { ready, logger, checkTimeoutMs = 2_000 }: HealthOptions,
): void {
  server.get("/healthz", { schema: { hide: true } as object }, () => ({ status: "ok" }));
  server.get("/readyz", { schema: { hide: true } as object }, async (_request, reply) => {
    const names = Object.keys(ready);
    const outcomes = await Promise.all(names.map((name) => check(ready[name], checkTimeoutMs)));
    const failing = names.filter((_, index) => outcomes[index] !== undefined);
    if (failing.length === 0) return { status: "ready", checks: names };
    // The reasons stay in the log: they may name hosts that are nobody else's business.
    logger.warn({ failing, reasons: outcomes.filter((reason) => reason !== undefined) }, "not ready");
    return reply.code(503).send({ status: "not ready", checks: names, failing });
  });
}

async function check(condition: ReadyCheck | undefined, limit: number): Promise<string | undefined> {
  const { promise: expired, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer within ${limit} ms`), limit);
  try {
    const asked = Promise.resolve()
      .then(condition)
      .then((outcome) => (outcome === false ? "answered false" : undefined));
    return await Promise.race([asked, expired]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
