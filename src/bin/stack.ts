import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ChainClient, connectChain } from "#src/chain/chain-client.ts";
import { type Deployment, readDeployment } from "#src/chain/deployment.ts";
import { type BrokerClient, createBrokerClient } from "#src/client/broker-client.ts";
import { buildDataset } from "#src/demo/build-dataset.ts";
import { keyOf, LIAR, SHOPS, WORKER_NUMBERS, workerAccount, workerKey } from "#src/demo/cast.ts";
import type { RunningShop } from "#src/demo/federation.ts";
import { fundAccounts, type Goods, type Market, openMarket } from "#src/demo/market.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { openDatabase } from "#src/store/database.ts";
import { startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { appModulePath } from "../../apps/build.ts";
import { answers } from "./answers.ts";
import { assertPortFree } from "./assert-port-free.ts";
import { COMPILE_CACHE_DIR } from "./compile-cache.ts";
import { keepSecret } from "./keep-secret.ts";
import { createProcessGroup } from "./process-group.ts";
import { bundleProgram } from "./program-bundle.ts";
import { startFederation } from "./stack-federation.ts";
import type { StackPorts } from "./stack-ports.ts";

export interface StackOptions {
  /** Everything the stack keeps is in here. */
  readonly stateDir: string;
  readonly ports: StackPorts;
  /** Seconds between two blocks of the development chain. */
  readonly blockTime: number;
  /** Whether one of the workers answers wrongly. */
  readonly withLiar: boolean;
  /** A PostgreSQL of the user's; without it the stack runs its own. */
  readonly databaseUrl?: string | undefined;
  /** Gives up starting when it aborts. */
  readonly signal: AbortSignal;
}

/** The whole market on one machine, up and ready. */
export interface Stack {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  readonly market: Market;
  readonly goods: Goods;
  readonly broker: BrokerClient;
  readonly urls: Readonly<Record<"rpc" | "broker" | "pool" | "content" | "results" | "hub", string>>;
  readonly shops: readonly RunningShop[];
  readonly logDir: string;
  /** Rejects when a process ends that nobody stopped. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "../..");
const LOOPBACK = "http://127.0.0.1";

/**
 * Starts a development chain, PostgreSQL, a content service, the broker, one pool and its workers, a hub service and three
 * shops, each a process of its own, and opens the development market on them. Started again on the same state, it goes on where it was.
 * @throws HANSE_STATE_LOCKED, HANSE_PORT_IN_USE, HANSE_PROCESS_FAILED, HANSE_DISK_FULL and what PostgreSQL's start throws;
 * whatever was started is stopped again
 */
export async function startStack(
  deps: { readonly logger: Logger; readonly progress: (text: string) => void },
  options: StackOptions,
): Promise<Stack> {
  const { stateDir, ports, signal } = options;
  const progress = (text: string) => {
    signal.throwIfAborted();
    deps.progress(text);
  };
  const logDir = join(stateDir, "logs");
  const started: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of started.splice(0).reverse()) await each();
  };
  try {
    const lock = await lockDirectory(stateDir);
    started.push(() => lock.release());
    await mkdir(logDir, { recursive: true });
    for (const port of Object.values(ports).flat()) await assertPortFree(port);

    if (options.databaseUrl !== undefined) await assertDatabase(options.databaseUrl);
    const [databaseUrl, entry] = await Promise.all([options.databaseUrl ?? startDatabase(), bundleProgram()]);
    const group = createProcessGroup({}, { logDir, entry, signal });
    started.push(() => group.stop());
    const urls = {
      hub: `${LOOPBACK}:${ports.hub}`,
      rpc: `${LOOPBACK}:${ports.rpc}`,
      broker: `${LOOPBACK}:${ports.broker}`,
      pool: `${LOOPBACK}:${ports.pool}`,
      content: `${LOOPBACK}:${ports.content}`,
      results: `${LOOPBACK}:${ports.results}`,
    };
    const manifest = join(stateDir, "deployment.json");
    const common = {
      HANSE_RPC_URL: urls.rpc,
      HANSE_DEPLOYMENT: manifest,
      HANSE_POLL_MS: String(Math.min(500, options.blockTime * 500)),
    };

    progress("starting two content services and a development chain");
    const uploadToken = await keepSecret(join(stateDir, "upload-token"));
    const startContent = (name: "content" | "results") =>
      group.start({
        name,
        args: ["content", "start"],
        env: {
          HANSE_PORT: String(ports[name]),
          HANSE_STATE_DIR: join(stateDir, name),
          HANSE_UPLOAD_TOKEN: uploadToken,
        },
        ready: () => answers(`${urls[name]}/readyz`),
      });
    const contentUp = Promise.all([startContent("content"), startContent("results")]);
    // Told once it is awaited.
    contentUp.catch(() => undefined);
    await group.start({
      name: "chain",
      args: ["chain", "start"],
      env: {
        HANSE_PORT: String(ports.rpc),
        HANSE_BLOCK_TIME: String(options.blockTime),
        HANSE_CHAIN_STATE: join(stateDir, "chain.json"),
      },
      ready: async () => (await connectChain(urls.rpc)).chainId > 0,
    });
    const chain = await connectChain(urls.rpc, { pollMs: 100 });
    progress("deploying the contracts");
    await runDeployment({ ...common, HANSE_DEPLOYER_KEY: keyOf("governance") }, manifest);
    const deployment = await readDeployment(manifest);

    // These need nothing but chain and contracts: they come up while the market is opened.
    const brokerUp = group.start({
      name: "broker",
      args: ["broker", "start"],
      env: {
        ...common,
        DATABASE_URL: databaseUrl,
        HANSE_PORT: String(ports.broker),
        HANSE_PRIVATE_KEY: keyOf("broker"),
      },
      ready: () => answers(`${urls.broker}/readyz`),
      readyTimeoutMs: 60_000,
    });
    // Told once it is awaited.
    brokerUp.catch(() => undefined);
    const federation = startFederation(
      { group, chain, deployment },
      { stateDir, common, databaseUrl, ports, hubUrl: urls.hub },
    );
    progress(
      `opening the market: an app, a dataset, a pool, and money for everybody; starting a broker, a hub service and ${SHOPS.length} shops`,
    );
    const [goods] = await Promise.all([loadGoods(), contentUp]);
    const marketDeps = { chain, deployment, contentUrl: urls.content, resultsUrl: urls.results, uploadToken };
    const [market] = await Promise.all([openMarket(marketDeps, goods), fundAccounts(marketDeps)]);

    progress(
      `starting the pool and ${WORKER_NUMBERS.length} workers${options.withLiar ? ", one of whom always lies" : ""}; the shops join`,
    );
    const poolId = assetIdToHex(market.pool);
    const startPool = group.start({
      name: "pool",
      args: ["pool", "start"],
      env: {
        ...common,
        DATABASE_URL: databaseUrl,
        HANSE_PORT: String(ports.pool),
        HANSE_PRIVATE_KEY: keyOf("poolOwner"),
        HANSE_POOL: poolId,
        HANSE_CONTENT_URL: urls.results,
        // For tasks that nobody repeats the owner picks somebody it knows.
        HANSE_TRUSTED_WORKERS: workerAccount(1).address,
      },
      ready: () => answers(`${urls.pool}/readyz`),
      readyTimeoutMs: 60_000,
    });
    const startWorkers = Promise.all(
      WORKER_NUMBERS.map((number) => {
        const workerPort = ports.workers[number - 1] ?? 0;
        const lies = options.withLiar && number === LIAR;
        return group.start({
          name: `worker-${number}`,
          args: [lies ? "lying-worker" : "worker", "start"],
          env: {
            ...common,
            HANSE_PORT: String(workerPort),
            HANSE_PRIVATE_KEY: workerKey(number),
            HANSE_POOL: poolId,
            HANSE_POOL_URL: urls.pool,
            HANSE_CONTENT_SOURCES: urls.content,
            HANSE_ALLOW_PRIVATE_SOURCES: "true",
            HANSE_UPLOAD_TOKEN: uploadToken,
            HANSE_STATE_DIR: join(stateDir, `worker-${number}`),
          },
          ready: () => answers(`${LOOPBACK}:${workerPort}/readyz`),
          readyTimeoutMs: 60_000,
        });
      }),
    );
    const [shops] = await Promise.all([federation.joined(), brokerUp, startPool, startWorkers]);
    signal.throwIfAborted();
    const broker = createBrokerClient({ baseUrl: urls.broker });
    return { chain, deployment, market, goods, broker, urls, shops, logDir, failed: group.failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  /** Before anything is started on it. @throws HANSE_CONFIG_INVALID, HANSE_DATABASE_UNAVAILABLE */
  async function assertDatabase(url: string): Promise<void> {
    if (!/^postgres(ql)?:\/\//.test(url)) {
      throw new HanseError("HANSE_CONFIG_INVALID", "DATABASE_URL is no connection string of PostgreSQL", {
        hint: "Write it as postgres://user:password@host:port/database, or unset it: then the stack runs its own.",
      });
    }
    const database = await openDatabase({ logger: deps.logger }, { url, poolSize: 1 });
    await database.close();
  }

  async function startDatabase(): Promise<string> {
    progress("starting PostgreSQL");
    const postgres = await startEmbeddedPostgres(deps, { directory: join(stateDir, "postgres") });
    started.push(() => postgres.stop());
    return postgres.url;
  }
}

async function loadGoods(): Promise<Goods> {
  const [app, dataset, pool] = await Promise.all([
    readFile(appModulePath("basket-analysis")),
    buildDataset(),
    Buffer.from(JSON.stringify({ name: "Development pool", runners: ["wasi"], categories: [0] })),
  ]);
  return { app, dataset, pool };
}

async function runDeployment(env: Readonly<Record<string, string>>, manifest: string): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, "scripts/deploy/main.ts"), manifest], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILE_CACHE_DIR, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint += chunk;
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new HanseError("HANSE_PROCESS_FAILED", `the deployment failed:\n${complaint.trim()}`);
}

/** Removes what an earlier run left in a state directory that nobody uses. */
export async function clearState(stateDir: string): Promise<void> {
  const lock = await lockDirectory(stateDir);
  await lock.release();
  await rm(stateDir, { recursive: true, force: true });
}
