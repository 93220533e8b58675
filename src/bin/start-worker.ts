import { hexToBigInt } from "viem";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { type ConfigSources, defineOption } from "#src/kernel/config.ts";
import { httpUrlOption, switchOption, wholeNumberOption } from "#src/kernel/config-types.ts";
import type { Runner } from "#src/worker/computation.ts";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";
import { assertRunnerWorks } from "#src/worker/runner-check.ts";
import { createWorker } from "#src/worker/worker.ts";
import { joinChain } from "./join-chain.ts";
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
    doc: "tasks computed at once",
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
    const { chain, deployment: manifest, account, sender } = await joinChain(config);
    const { uploadToken: token, ...options } = config;
    const limits = {
      memoryBytes: config.memoryMib * MIB,
      timeMs: config.timeMs,
      outputBytes: config.outputBytes,
    };
    await assertRunnerWorks(runner, limits);
    const worker = createWorker(
      { chain, deployment: manifest, account, sender, runner, logger, metrics },
      {
        ...options,
        pool: hexToBigInt(config.pool),
        collectFromNano: BigInt(config.collectFromNano),
        limits,
        ...(token === undefined ? {} : { uploadToken: token }),
      },
    );
    shutdown.add("worker", () => worker.stop());
    await worker.start();
    const server = await createServer({ logger, metrics }, { name: "worker" });
    shutdown.add("server", () => server.close());
    const { url } = await listen(server, config);
    logger.info({ url, worker: worker.address }, "worker is up");
    return {};
  });
}
