import { HanseError } from "./errors.ts";
import type { Logger } from "./logger.ts";

export interface ShutdownOptions {
  readonly logger: Pick<Logger, "info" | "error">;
  /** Time limit of each part in milliseconds, unless it has its own. */
  readonly timeoutMs?: number;
}

export interface Shutdown {
  /** Registers a part. Parts stop in reverse order: what was started last stops first. */
  add(name: string, stop: () => unknown, options?: { readonly timeoutMs?: number }): void;
  /**
   * Stops every part, once; later calls get the same promise. A part that fails or exceeds its time does not
   * keep the others running.
   * @returns names of the parts that did not stop cleanly
   */
  run(reason: string): Promise<readonly string[]>;
  /** Aborted as soon as the shutdown begins; loops listen to it. */
  readonly signal: AbortSignal;
}

/** An orderly stop of one process. Only `bin` connects it with SIGINT and SIGTERM. */
export function createShutdown({ logger, timeoutMs = 10_000 }: ShutdownOptions): Shutdown {
  const parts: { readonly name: string; readonly stop: () => unknown; readonly limit: number }[] = [];
  const controller = new AbortController();
  let running: Promise<readonly string[]> | undefined;

  async function stopAll(reason: string): Promise<readonly string[]> {
    logger.info({ reason }, "stopping");
    controller.abort(new HanseError("HANSE_NOT_READY", `The process is stopping (${reason})`));
    const failed: string[] = [];
    // Taken from the list one by one: a part added while stopping is stopped too.
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      try {
        await withLimit(part.stop, part.limit, part.name);
      } catch (error) {
        failed.push(part.name);
        logger.error({ err: error, part: part.name }, "part did not stop cleanly");
      }
    }
    logger.info({ reason, failed }, "stopped");
    return failed;
  }

  return {
    add(name, stop, options = {}) {
      parts.push({ name, stop, limit: options.timeoutMs ?? timeoutMs });
    },
    run(reason) {
      running ??= stopAll(reason);
      return running;
    },
    signal: controller.signal,
  };
}

async function withLimit(stop: () => unknown, limit: number, name: string): Promise<void> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(
        new HanseError("HANSE_TIMED_OUT", `${name} did not stop within ${limit} ms`, {
          details: { name, limit },
        }),
      ),
    limit,
  );
  try {
    await Promise.race([Promise.resolve().then(stop), expired]);
  } finally {
    clearTimeout(timer);
  }
}
