import { hexToBytes, zeroHash } from "viem";
import type { MarketReader, SealedDeal } from "#src/chain/market-reader.ts";
import type { WorkerTask } from "#src/client/pool-schema.ts";
import { contentAddressOf } from "#src/content/content-address.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { NO_ASSET } from "#src/protocol/ids.ts";
import type { InputCache } from "./input-cache.ts";
import type { StoredResult } from "./result-store.ts";
import type { RunLimits, RunOutcome } from "./runner/run-outcome.ts";
import type { RunRequest } from "./runner/wasi-runner.ts";
import { taskLogger } from "./task-logger.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

/** Runs a program over its inputs; `runWasi` is one. */
export type Runner = (request: RunRequest, deps: { readonly signal: AbortSignal }) => Promise<RunOutcome>;

export interface ComputationDeps {
  readonly market: MarketReader;
  readonly inputs: InputCache;
  readonly runner: Runner;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/**
 * Computes a task from what the chain says and what content has the right hash.
 * @throws HANSE_CONTENT_* when an input cannot be had now, HANSE_NOT_READY when the runner broke: neither says anything
 * about the task, both are to be tried again
 */
export function createComputation(deps: ComputationDeps, limits: RunLimits) {
  const { market, inputs, runner, metrics, logger } = deps;

  return async (
    task: WorkerTask,
    { deal, params }: SealedDeal,
    signal: AbortSignal,
  ): Promise<StoredResult> => {
    const app = await market.asset(deal.app);
    const dataset = deal.dataset === NO_ASSET ? undefined : await market.asset(deal.dataset);
    const request: RunRequest = {
      wasm: await inputs.path(app, signal),
      dataset: dataset === undefined ? null : await inputs.path(dataset, signal),
      params: hexToBytes(params),
      limits,
      // The same for all who are drawn for the task, and for no other task.
      seed: hexToBytes(task.taskId),
    };
    const stop = metrics.runSeconds.startTimer();
    const outcome = await runner(request, { signal });
    const seconds = stop();
    metrics.tasks.inc({ outcome: outcome.type });
    const log = taskLogger(logger, task);
    switch (outcome.type) {
      case "success":
        log.info({ seconds, bytes: outcome.output.length }, "computed");
        return {
          output: outcome.output,
          result: {
            outcome: 0,
            content: contentAddressOf(outcome.output),
            memoryHash: outcome.memoryHash,
            callbackData: "0x",
          },
        };
      case "failure":
        log.info({ seconds, code: outcome.code, reason: outcome.reason }, "the program fails");
        return {
          output: undefined,
          result: { outcome: outcome.code, content: zeroHash, memoryHash: zeroHash, callbackData: "0x" },
        };
      case "fault":
        throw new HanseError("HANSE_NOT_READY", `the runner broke: ${outcome.reason}`, {
          details: { taskId: task.taskId },
        });
    }
  };
}
