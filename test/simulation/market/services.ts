import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex, keccak256, type LocalAccount } from "viem";
import { createBroker } from "#src/broker/broker.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { createClerkMarketChain } from "#src/broker/clerk-market-chain.ts";
import type { MarketChain } from "#src/broker/market-chain.ts";
import { type ChainClient, connectChain } from "#src/chain/chain-client.ts";
import { openFileJournal } from "#src/chain/file-journal.ts";
import { openPostgresJournal } from "#src/chain/postgres-journal.ts";
import { createSender, type JournaledSender } from "#src/chain/sender.ts";
import type { TransactionJournal } from "#src/chain/transaction-journal.ts";
import { createPoolClient } from "#src/client/pool-client.ts";
import { createServer, type HttpServer } from "#src/http/server.ts";
import type { Clock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { startPoolService } from "#src/pool/pool-service.ts";
import type { PoolTables } from "#src/pool/pool-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import type { Runner } from "#src/worker/computation.ts";
import { createWorker } from "#src/worker/worker.ts";
import type { Faults } from "./faults.ts";
import { plagueDatabase } from "./faulty-database.ts";
import type { Instance } from "./instance.ts";
import { type Network, urlOf } from "./network.ts";
import { BROKER, type OpenedMarket, POOL_OWNER, WORKERS } from "./opened-market.ts";

/** Parts that a test puts in the place of the right ones, to see that the simulation notices. */
export interface PlantedParts {
  readonly marketChain?: (chain: MarketChain) => MarketChain;
}

export interface ServiceDeps {
  readonly market: OpenedMarket;
  readonly network: Network;
  readonly faults: Faults;
  readonly databaseUrl: string;
  readonly stateDir: string;
  readonly logger: Logger;
  readonly planted: PlantedParts;
  /** Whether broker and pool ask three nodes, of which one lies at times. */
  readonly severalNodes: boolean;
}

/** Starts a service as a process. @returns what ends when it has ended by itself */
export type StartService = (instance: Instance) => Promise<{ readonly done?: Promise<unknown> }>;

const LIMITS = { memoryBytes: 1, timeMs: 1, outputBytes: 1 };

export function servicesOf(deps: ServiceDeps): ReadonlyMap<string, StartService> {
  const workers = WORKERS.map(
    (account, number) => [`worker-${number}`, workerStart(deps, account, number)] as const,
  );
  return new Map<string, StartService>([
    ["broker", brokerStart(deps)],
    ["pool", poolStart(deps)],
    ...workers,
  ]);
}

/** A client of the chain through the network's faults, for whoever runs. */
export async function chainClient(
  { network, severalNodes }: Pick<ServiceDeps, "network" | "severalNodes">,
  clock: Clock,
): Promise<ChainClient> {
  const honest = { request: network.rpc };
  const nodes = severalNodes ? [honest, { request: network.lyingRpc }, { ...honest }] : [honest];
  return await connectChain(nodes, { pollMs: 1_000, clock });
}

/** Not yet seen to: what it sends and nobody waits for any more is whoever's that has it `run`. */
function senderOf(
  chain: ChainClient,
  account: LocalAccount,
  journal: TransactionJournal,
  { clock }: Instance,
): JournaledSender {
  return createSender({ chain, account, journal, clock }, { pollMs: 1_000, timeoutMs: 20_000 });
}

async function unlock(...directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    const names = await readdir(directory).catch(() => []);
    for (const name of names) if (name.startsWith("lock.")) await rm(join(directory, name), { force: true });
  }
}

function keepRunning(sender: JournaledSender, instance: Instance): void {
  const stopping = new AbortController();
  void sender.run(stopping.signal).catch(() => undefined);
  instance.onDeath(() => stopping.abort());
}

async function database<Tables>(
  { databaseUrl, faults, logger }: ServiceDeps,
  instance: Instance,
  schema: string,
) {
  const opened = await openDatabase<Tables>(
    { logger },
    { url: databaseUrl, schema, applicationName: instance.label, poolSize: 6 },
  );
  return plagueDatabase(opened, instance, faults);
}

function brokerStart(deps: ServiceDeps): StartService {
  return async (instance) => {
    const { market, network, logger, planted } = deps;
    const chain = await chainClient(deps, instance.clock);
    const log = logger.child({ instance: instance.label });
    const tables = await database<BrokerTables>(deps, instance, "broker");
    const journal = await openPostgresJournal({ database: tables, logger: log }, "broker_journal");
    const sender = senderOf(chain, BROKER, journal, instance);
    const clerk = createClerkMarketChain(
      { chain, deployment: market.deployment, sender, logger: log, clock: instance.clock },
      { pollMs: 1_000 },
    );
    const broker = createBroker(
      {
        ...{ chain: planted.marketChain?.(clerk) ?? clerk, logger: log, clock: instance.clock },
        database: tables,
        metrics: createMetrics({ service: "broker", processMetrics: false }),
        listen: (server) => open(network, "broker", server, instance),
      },
      { port: 0, batchSize: 4, retryBlocks: 10 },
    );
    instance.onDeath(() => broker.stop());
    await broker.start();
    return {};
  };
}

function poolStart(deps: ServiceDeps): StartService {
  return async (instance) => {
    const { market, network, logger } = deps;
    const chain = await chainClient(deps, instance.clock);
    const log = logger.child({ instance: instance.label });
    const metrics = createMetrics({ service: "pool", processMetrics: false });
    const tables = await database<PoolTables>(deps, instance, "pool");
    const journal = await openPostgresJournal({ database: tables, logger: log }, "pool_journal");
    const sender = senderOf(chain, POOL_OWNER, journal, instance);
    const service = await startPoolService(
      {
        ...{ chain, deployment: market.deployment, sender },
        ...{
          database: tables,
          logger: log,
          metrics,
          clock: instance.clock,
        },
      },
      {
        ...{
          pool: market.pool,
          contentUrl: urlOf("content"),
          trusted: WORKERS.slice(0, 3).map(({ address }) => address),
        },
        ...{ assignmentMs: 30_000, revealTurnMs: 3_000 },
      },
    );
    keepRunning(sender, instance);
    instance.onDeath(() => service.stop());
    const server = await createServer({ logger: log, metrics }, { name: "pool" });
    service.register(server);
    await open(network, "pool", server, instance);
    return { done: service.done };
  };
}

function workerStart(deps: ServiceDeps, account: LocalAccount, number: number): StartService {
  return async (instance) => {
    const { market, logger, stateDir } = deps;
    const chain = await chainClient({ ...deps, severalNodes: false }, instance.clock);
    const log = logger.child({ instance: instance.label });
    const directory = join(stateDir, `worker-${number}`);
    await mkdir(directory, { recursive: true });
    // A process that is gone holds no lock; this one lives on, and holds those of all that died in it.
    instance.onDeath(() => unlock(directory, join(directory, "journal")));
    const journal = await openFileJournal(join(directory, "journal"));
    instance.onDeath(() => journal.close());
    const sender = senderOf(chain, account, journal, instance);
    keepRunning(sender, instance);
    const worker = createWorker(
      {
        ...{ chain, deployment: market.deployment, account, sender },
        ...{ runner: runnerOf(deps, instance, number), logger: log, clock: instance.clock },
        metrics: createMetrics({ service: "worker", processMetrics: false }),
        poolClient: createPoolClient({ clock: instance.clock }, { baseUrl: urlOf("pool"), retries: 1 }),
      },
      {
        ...{
          poolUrl: urlOf("pool"),
          pool: market.pool,
          stateDir: directory,
          limits: LIMITS,
          slots: 2,
          pollMs: 2_000,
        },
        contentSources: [urlOf("content")],
      },
    );
    instance.onDeath(() => worker.stop());
    await worker.start();
    return {};
  };
}

/** The same answer by all but one, who sometimes lies; a failure where the parameters say so. */
function runnerOf({ faults, stateDir: _ }: ServiceDeps, instance: Instance, number: number): Runner {
  const lies = number === 4;
  const slow = number === 3;
  return async ({ params, seed }, { signal }) => {
    await instance.clock.sleep(faults.random.between(100, slow ? 8_000 : 2_000), signal);
    const text = Buffer.from(params).toString();
    if (text.startsWith("trap")) return { type: "failure", code: 2, reason: "a trap", log: "" };
    const truth = keccak256(bytesToHex(Buffer.concat([Buffer.from(params), Buffer.from(seed ?? [])])));
    const answer = lies ? keccak256(truth) : truth;
    return { type: "success", output: Buffer.from(answer), memoryHash: answer, log: "" };
  };
}

async function open(network: Network, name: string, server: HttpServer, instance: Instance) {
  await server.ready();
  if (!instance.dead) network.listeners.set(name, { server, instance });
  return { host: `${name}.simulation`, port: 80, url: urlOf(name) };
}
