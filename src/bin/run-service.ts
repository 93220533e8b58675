import { flushCompileCache } from "node:module";
import type { Registry } from "prom-client";
import { type ConfigOf, type ConfigOptions, type ConfigSources, loadConfig } from "#src/kernel/config.ts";
import { createLogger, type Logger, type LogLevel } from "#src/kernel/logger.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { createShutdown, type Shutdown } from "#src/kernel/shutdown.ts";
import { serviceOptions, withKeystore } from "./config-sources.ts";

export interface ServiceContext<Options extends ConfigOptions> {
  readonly config: ConfigOf<Options>;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** What is added here is stopped in reverse order when the process is asked to end. */
  readonly shutdown: Shutdown;
}

/**
 * Runs one service as this process: reads its options, starts it, and stays until a signal, the end of the supervising
 * process, or a failure ends it.
 * @param sources where its options come from
 * @param start resolves when the service is up; the promise in its result, if any, ends the process when it settles
 */
export async function runService<Options extends ConfigOptions>(
  name: string,
  options: Options,
  sources: ConfigSources,
  start: (context: ServiceContext<Options>) => Promise<{ readonly done?: Promise<unknown> }>,
): Promise<void> {
  const config = loadConfig(serviceOptions(options), await withKeystore(sources));
  const logger = createLogger({ service: name, level: config.logLevel as LogLevel });
  const metrics = createMetrics({ service: name });
  const shutdown = createShutdown({ logger });
  const stop = (reason: string) => void shutdown.run(reason);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop(signal));
  if (process.env.HANSE_SUPERVISED === "1") {
    // The supervisor holds the other end: when it dies, however it dies, this process must not stay behind.
    process.stdin.resume();
    process.stdin.once("close", () => stop("the supervising process ended"));
  }

  const ended = new Promise<void>((resolve) => shutdown.signal.addEventListener("abort", () => resolve()));
  try {
    const { done } = await start({ config: config as ConfigOf<Options>, logger, metrics, shutdown });
    // Now, not in the end only: a service that is killed has left it to the next.
    flushCompileCache();
    await (done === undefined ? ended : Promise.race([ended, done]));
  } catch (error) {
    if (!shutdown.signal.aborted) throw error;
  } finally {
    await shutdown.run("finished");
    process.stdin.pause();
  }
}
