import type { FastifyInstance } from "fastify";
import { isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";

/** A named condition of being ready: throws, or answers false, when it is not met. */
export type ReadyCheck = () => unknown;

export interface HealthOptions {
  readonly ready: Readonly<Record<string, ReadyCheck>>;
  readonly logger: Logger;
  /** Time limit of each check in milliseconds. */
  readonly checkTimeoutMs?: number;
}

/**
 * `/healthz`: the process answers. `/readyz`: everything it needs is there, or 503 with the names of what is not, and why:
 * in words of our own alone, since what others said may name hosts that are nobody else's business.
 */
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
    const reasons = Object.fromEntries(
      names.flatMap((name, index) => {
        const outcome = outcomes[index];
        return outcome === undefined ? [] : [[name, reasonOf(outcome)]];
      }),
    );
    logger.warn({ failing, err: outcomes.find((outcome) => outcome instanceof Error), reasons }, "not ready");
    return reply.code(503).send({ status: "not ready", checks: names, failing, reasons });
  });
}

/** @returns what is wrong, as a text of ours or as it was thrown */
async function check(condition: ReadyCheck | undefined, limit: number): Promise<unknown> {
  const { promise: expired, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer within ${limit} ms`), limit);
  try {
    const asked = Promise.resolve()
      .then(condition)
      .then((outcome) => (outcome === false ? "answered false" : undefined));
    return await Promise.race([asked, expired]);
  } catch (error) {
    return error ?? "thrown nothing";
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(outcome: unknown): { readonly code?: string; readonly message: string } {
  if (typeof outcome === "string") return { message: outcome };
  if (!isHanseError(outcome)) return { message: "failed; the log says why" };
  return { code: outcome.code, message: outcome.shortMessage };
}
