import { join } from "node:path";
import { hexToBigInt } from "viem";
import { createChainCheck } from "#src/chain/chain-check.ts";
import { openFileJournal } from "#src/chain/file-journal.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { type ConfigSources, defineOption } from "#src/kernel/config.ts";
import { httpUrlOption, switchOption, wholeNumberOption } from "#src/kernel/config-types.ts";
import type { Runner } from "#src/worker/computation.ts";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";
import { assertRunnerWorks } from "#src/worker/runner-check.ts";
import { createWorker } from "#src/worker/worker.ts";
import { joinChain, runSender } from "./join-chain.ts";
import { lyingRunner } from "./lying-runner.ts";
import {
  contentSources,
  deployment,
  host,
  pollMs,
  poolId,
  port,
  privateKey,
  rpcUrl,
  stateDir,
  uploadToken,
} from "./options.ts";
import { runService } from "./run-service.ts";

const MIB = 1_048_576;

export const workerOptions = {
  host,
  port: port(4110),
  rpcUrl,
  deployment,
  privateKey,
  pool: poolId,
  pollMs,
  stateDir,
  contentSources,
  uploadToken,
  poolUrl: defineOption({
    schema: httpUrlOption(),
    env: "HANSE_POOL_URL",
    doc: "base URL of the pool's scheduler",
    default: "http://127.0.0.1:4101",
  }),
  slots: defineOption({
    schema: wholeNumberOption({ min: 1, max: 64 }),
    env: "HANSE_SLOTS",
    doc: "tasks computed at once, each with the limits of a task for itself",
    default: 1,
  }),
  memoryMib: defineOption({
    schema: wholeNumberOption({ min: 1, max: 4096 }),
    env: "HANSE_TASK_MEMORY_MIB",
    doc: "memory of one task in MiB; the same for all workers of a pool",
    default: 256,
  }),
  timeMs: defineOption({
    schema: wholeNumberOption({ min: 100, max: 86_400_000 }),
    env: "HANSE_TASK_TIME_MS",
    doc: "time of one task in milliseconds; the same for all workers of a pool",
    default: 60_000,
  }),
  outputBytes: defineOption({
    schema: wholeNumberOption({ min: 1, max: 1024 * MIB }),
    env: "HANSE_TASK_OUTPUT_BYTES",
    doc: "largest output of one task in bytes; the same for all workers of a pool",
    default: 16 * MIB,
  }),
  collectFromNano: defineOption({
    schema: wholeNumberOption({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    env: "HANSE_COLLECT_FROM_NANO",
    doc: "earnings in nano-HANSE from which on they are collected from the worker's seat",
    default: 10_000_000_000,
  }),
  resultsUrl: defineOption({
    schema: httpUrlOption().optional(),
    env: "HANSE_RESULTS_URL",
    doc: "base URL of the content service that takes outputs; default: the one that the scheduler names, or while it is away the one that holds the pool's description",
  }),
  maxInputMib: defineOption({
    schema: wholeNumberOption({ min: 1, max: 1_048_576 }),
    env: "HANSE_MAX_INPUT_MIB",
    doc: "largest app or dataset in MiB",
    default: 256,
  }),
  inputCacheMib: defineOption({
    schema: wholeNumberOption({ min: 0, max: 16_777_216 }),
    env: "HANSE_INPUT_CACHE_MIB",
    doc: "MiB of apps and datasets that are kept; beyond, those not used for longest are removed",
    default: 4_096,
  }),
  commitMarginBlocks: defineOption({
    schema: wholeNumberOption({ min: 1, max: 10_000 }),
    env: "HANSE_COMMIT_MARGIN_BLOCKS",
    doc: "the worker commits its own seal when the scheduler has not and the round has no more than so many blocks left",
    default: 3,
  }),
  finalizeAfterBlocks: defineOption({
    schema: wholeNumberOption({ min: 1, max: 10_000 }),
    env: "HANSE_FINALIZE_AFTER_BLOCKS",
    doc: "the worker finalizes a sure result itself when nobody has so many blocks after the round has closed; below the grace of 10 nobody can open another round meanwhile",
    default: 7,
  }),
  extendAfterBlocks: defineOption({
    schema: wholeNumberOption({ min: 10, max: 10_000 }),
    env: "HANSE_EXTEND_AFTER_BLOCKS",
    doc: "the worker opens the next round itself when nobody has so many blocks after a round has closed without a sure result",
    default: 15,
  }),
  claimAfterBlocks: defineOption({
    schema: wholeNumberOption({ min: 0, max: 10_000 }),
    env: "HANSE_CLAIM_AFTER_BLOCKS",
    doc: "the worker claims a task that it has answered when nobody has so many blocks after its deadline",
    default: 5,
  }),
  allowPrivateSources: defineOption({
    schema: switchOption(),
    env: "HANSE_ALLOW_PRIVATE_SOURCES",
    doc: "whether assets may be fetched from private addresses, as on a development machine: true or false",
    default: false,
  }),
};

/** `hanse worker start`: computes for a pool. */
export async function startWorker(sources: ConfigSources): Promise<void> {
  await start(sources, runWasi);
}

/** `hanse lying-worker start`: does everything right, and answers wrongly. */
export async function startLyingWorker(sources: ConfigSources): Promise<void> {
  await start(sources, lyingRunner(runWasi));
}

async function start(sources: ConfigSources, runner: Runner): Promise<void> {
  await runService("worker", workerOptions, sources, async ({ config, logger, metrics, shutdown }) => {
    const journal = await openFileJournal(join(config.stateDir, "journal"));
    shutdown.add("journal", () => journal.close());
    const joined = await joinChain({ journal, logger, metrics }, config);
    const { chain, deployment: manifest, account, sender } = joined;
    runSender(sender, shutdown);
    const limits = {
      memoryBytes: config.memoryMib * MIB,
      timeMs: config.timeMs,
      outputBytes: config.outputBytes,
    };
    await assertRunnerWorks(runner, limits);
    const worker = createWorker(
      { chain, deployment: manifest, account, sender, runner, logger, metrics },
      {
        ...config,
        pool: hexToBigInt(config.pool),
        collectFromNano: BigInt(config.collectFromNano),
        maxInputBytes: config.maxInputMib * MIB,
        inputCacheBytes: config.inputCacheMib * MIB,
        limits,
      },
    );
    shutdown.add("worker", () => worker.stop());
    await worker.start();
    const ready = { chain: createChainCheck(chain) };
    const server = await createServer({ logger, metrics }, { name: "worker", ready });
    worker.register(server);
    shutdown.add("server", () => server.close());
    const { url } = await listen(server, config);
    logger.info({ url, worker: worker.address }, "worker is up");
    return { done: worker.done };
  });
}
