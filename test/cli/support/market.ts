import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { deploymentSchema } from "#src/chain/deployment.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { createSender } from "#src/chain/sender.ts";
import { registerContentService } from "#src/content/content-service.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { startPoolService } from "#src/pool/pool-service.ts";
import type { PoolTables } from "#src/pool/pool-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";
import { createWorker } from "#src/worker/worker.ts";
import { deploy } from "../../../scripts/deploy/deploy.ts";
import { startTestServer } from "../../http/test-server.ts";
import { silent, startTestPostgres, temporaryDirectory } from "../../store/test-database.ts";
import { startTestChain } from "../../support/anvil.ts";
import type { CliWorld } from "./run-cli.ts";
import { startTestBroker } from "./test-broker.ts";

const HANSE = 10n ** 9n;

/** Who plays, by the number of the development key each has; 0 governs. */
export const ROLES = {
  requester: 1,
  seller: 2,
  poolOwner: 3,
  broker: 4,
  sponsor: 5,
  operator: 6,
  poor: 7,
} as const;
export type Role = keyof typeof ROLES;
const FIRST_WORKER = 10;
const WORKERS = 3;

export const keyOf = (role: Role) => developmentKey(ROLES[role]);
export const addressOf = (role: Role) => accountOfKey(keyOf(role), DEVELOPMENT_CHAIN_ID).address;

/** Tasks of the first category have time; those of the second are over soon. */
const categories = [
  { roundBlocks: 2_000, deadlineBlocks: 9_000 },
  { roundBlocks: 2, deadlineBlocks: 13 },
];
export const HASTY = 1;

/** A chain, a content service and a broker, all real; pool and workers begin when there is a pool. */
export async function startCliMarket() {
  const workerUrls: string[] = [];
  const running: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of running.splice(0).reverse()) await each();
  };
  const metrics = () => createMetrics({ service: "test", processMetrics: false });
  const [testChain, postgres, folder] = await Promise.all([
    startTestChain({ blockTime: 0.2 }),
    startTestPostgres(),
    temporaryDirectory(),
  ]);
  running.push(() => rm(folder, { recursive: true, force: true }));
  running.push(() => postgres.stop());
  running.push(() => testChain.stop());
  const { chain, rpcUrl } = testChain;
  const manifest = await deploy({ rpcUrl, privateKey: developmentKey(0), parameters: { categories } });
  const deployment = deploymentSchema.parse(manifest);
  const manifestPath = join(folder, "deployment.json");
  await writeFile(manifestPath, JSON.stringify(manifest));

  const contents = createMemoryContentStore();
  const content = await startTestServer((http) => registerContentService(http, { store: contents }));
  running.push(() => content.server.close());

  const databaseUrl = await postgres.fresh();
  const { url: brokerUrl, stop: stopBroker } = await startTestBroker(
    { chain, deployment },
    { databaseUrl, key: keyOf("broker") },
  );
  running.push(stopBroker);

  const governance = createSender(
    { chain, account: accountOfKey(developmentKey(0), chain.chainId) },
    { pollMs: 50 },
  );
  const give = (to: string, amount: bigint) =>
    governance.send({
      address: deployment.contracts.token,
      abi: tokenAbi,
      functionName: "transfer",
      args: [to, amount],
    });
  const workerAccounts = Array.from({ length: WORKERS }, (_, i) =>
    accountOfKey(developmentKey(FIRST_WORKER + i), chain.chainId),
  );
  const rich = (Object.keys(ROLES) as Role[]).filter((role) => role !== "poor");
  await Promise.all([
    ...rich.map((role) => give(addressOf(role), 1_000n * HANSE)),
    ...workerAccounts.map(({ address }) => give(address, 200n * HANSE)),
  ]);

  const env = {
    HANSE_RPC_URL: rpcUrl,
    HANSE_DEPLOYMENT: manifestPath,
    HANSE_BROKER_URL: brokerUrl,
    HOME: folder,
  };
  return {
    ...{ chain, deployment, folder, databaseUrl, manifestPath, rpcUrl, brokerUrl, contents, stop },
    contentUrl: content.url,
    /** The world of somebody who has only a key. */
    as: (role: Role, more: CliWorld = {}): CliWorld => ({
      ...more,
      env: { ...env, HANSE_PRIVATE_KEY: keyOf(role), ...more.env },
    }),
    env,
    /** A file of the user's. */
    async file(name: string, value: Uint8Array | string | object): Promise<string> {
      const path = join(folder, name);
      const bytes = typeof value === "string" || value instanceof Uint8Array ? value : JSON.stringify(value);
      await writeFile(path, bytes);
      return path;
    },
    read: (path: string) => readFile(path),
    /** The scheduler of a pool and its workers; the runner is the real one. */
    async startPool(pool: bigint): Promise<string> {
      const database = await openDatabase<PoolTables>(
        { logger: silent },
        { url: databaseUrl, schema: "pool" },
      );
      running.push(() => database.close());
      const account = accountOfKey(keyOf("poolOwner"), chain.chainId);
      const service = await startPoolService(
        {
          chain,
          deployment,
          sender: createSender({ chain, account }),
          database,
          logger: silent,
          metrics: metrics(),
        },
        { pool, contentUrl: content.url },
      );
      running.push(() => service.stop());
      const server = await createServer(
        { logger: silent, metrics: metrics() },
        { name: "pool", ready: { database: () => database.ping() } },
      );
      service.register(server);
      running.push(() => server.close());
      const { url } = await listen(server, { port: 0 });
      await Promise.all(
        workerAccounts.map(async (worker, i) => {
          const stateDir = join(folder, `worker-${i}`);
          await mkdir(stateDir);
          const started = createWorker(
            {
              ...{ chain, deployment, account: worker, runner: runWasi, logger: silent },
              ...{ sender: createSender({ chain, account: worker }), metrics: metrics() },
            },
            {
              ...{ poolUrl: url, pool, stateDir, pollMs: 200, allowPrivateSources: true },
              limits: { memoryBytes: 2 ** 28, timeMs: 60_000, outputBytes: 2 ** 24 },
            },
          );
          await started.start();
          running.push(() => started.stop());
          const own = await createServer(
            { logger: silent, metrics: metrics() },
            { name: "worker", ready: {} },
          );
          started.register(own);
          running.push(() => own.close());
          workerUrls[i] = (await listen(own, { port: 0 })).url;
        }),
      );
      return url;
    },
    workers: workerAccounts,
    /** Where each worker tells of itself, once there is a pool. */
    workerUrls,
    /** Worker accounts deposit their stakes. */
    workerKeys: workerAccounts.map((_, i) => developmentKey(FIRST_WORKER + i)),
  };
}

export type CliMarket = Awaited<ReturnType<typeof startCliMarket>>;
