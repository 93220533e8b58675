import type { Registry } from "prom-client";
import { type Book, createBook } from "#src/book/book.ts";
import { createFollowingCheck } from "#src/chain/chain-check.ts";
import { type Listening, type ListenOptions, listen } from "#src/http/listen.ts";
import { createServer, type HttpServer } from "#src/http/server.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import type { AdvisoryLock } from "#src/store/advisory-lock.ts";
import type { Database } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { createBrokerMetrics } from "./broker-metrics.ts";
import { brokerMigrations } from "./broker-migrations.ts";
import type { BrokerDatabase } from "./broker-tables.ts";
import { createChainApplier } from "./chain-applier.ts";
import { bindChain, lastBlock } from "./chain-cursor.ts";
import { createChainFacts } from "./chain-facts.ts";
import { createIntake } from "./intake.ts";
import type { MarketChain } from "./market-chain.ts";
import { createMarketLeader, type MarketLeader } from "./market-leader.ts";
import { registerMarketRoutes } from "./market-routes.ts";
import { createMarketTime } from "./market-time.ts";
import { createMatcher } from "./matcher.ts";
import { createOrderLedger } from "./order-ledger.ts";
import { registerOrderRoutes } from "./order-routes.ts";
import { countOpenOrders } from "./order-store.ts";
import { createOrderWriter } from "./order-writer.ts";
import { createReadableOrders } from "./readable-orders.ts";

export interface BrokerDeps {
  readonly chain: MarketChain;
  /** Opened with the schema `broker`; the broker migrates it and leaves it open. */
  readonly database: BrokerDatabase;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly metrics?: Registry;
  /** Has the server take requests; it listens on a port unless given. */
  readonly listen?: (server: HttpServer, options: ListenOptions) => Promise<Listening>;
}

export interface BrokerOptions extends ListenOptions {
  /** Matches in one transaction at most; 50 unless told. */
  readonly batchSize?: number;
  /** Blocks after which what was refused is tried again, whatever happened meanwhile; 30 unless told. */
  readonly retryBlocks?: number;
}

export interface Broker {
  /**
   * Resolves once orders are taken; matching begins when this process holds the lock.
   * @throws HanseError HANSE_PORT_IN_USE, HANSE_CHAIN_MISMATCH, HANSE_DATABASE_*
   */
  start(): Promise<Listening>;
  /** Takes no more orders, lets a batch under way end, gives up the lock. */
  stop(): Promise<void>;
}

/** Tries for the lock this often, and pauses this long after a term that failed. */
const RETRY_MS = 1_000;

export const BROKER_SCHEMA = "broker";

export function createBroker(deps: BrokerDeps, options: BrokerOptions): Broker {
  const { chain, database, logger, clock = systemClock } = deps;
  const { batchSize = 50, retryBlocks = 30 } = options;
  const registry = deps.metrics ?? createMetrics({ service: "broker" });
  const metrics = createBrokerMetrics(registry, () => countOpenOrders(database.kysely));
  const orders = createReadableOrders({ logger, metrics });
  const facts = createChainFacts({ chain, state: chain.told, clock });
  const time = createMarketTime({ clock });
  const writer = createOrderWriter({ database });
  const stopping = new AbortController();
  // Set while this process keeps the book.
  let term: { readonly book: Book; readonly leader: MarketLeader } | undefined;
  let leading: Promise<void> | undefined;
  let closeServer: (() => Promise<unknown>) | undefined;

  const intake = createIntake({
    chain,
    facts,
    freshFacts: createChainFacts({ chain, state: chain, clock }, { ttlMs: 0 }),
    time,
    database,
    writer,
    metrics,
    onCreated: (row, stale) => {
      logger.info({ order: row.hash, type: row.type, signer: row.signer }, "order taken");
      term?.leader.admit(row, stale);
    },
  });

  /** Leads whenever the lock can be had, until the broker stops. */
  async function leadWhenPossible(): Promise<void> {
    const name = `hanse:broker:${chain.chainId}:${chain.clerk.toLowerCase()}`;
    while (!stopping.signal.aborted) {
      let lock: AdvisoryLock | undefined;
      try {
        lock = await database.tryAdvisoryLock(name);
        if (lock !== undefined) await lead(AbortSignal.any([lock.signal, stopping.signal]));
      } catch (error) {
        logger[isRetryable(error) ? "warn" : "error"](
          { err: error },
          "the market stands still, trying again",
        );
      } finally {
        term = undefined;
        await lock?.release().catch(() => undefined);
      }
      await clock.sleep(RETRY_MS, stopping.signal).catch(() => undefined);
    }
  }

  /** One term with a book of its own: what another process did meanwhile is in the database. */
  async function lead(signal: AbortSignal): Promise<void> {
    const book = createBook();
    const ledger = createOrderLedger({ chain, database, facts, time, book, orders });
    const shared = { chain, database, book, ledger, orders, facts, time, metrics, clock, logger };
    const matcher = createMatcher(shared, { batchSize });
    const applyEvent = createChainApplier(shared, { retryBlocks: BigInt(retryBlocks) });
    const leader = createMarketLeader({ ...shared, matcher, applyEvent });
    await leader.run(signal, () => {
      term = { book, leader };
    });
  }

  return {
    async start() {
      await migrate(
        { database: database as unknown as Database<unknown>, logger },
        BROKER_SCHEMA,
        brokerMigrations,
      );
      await bindChain(database, chain);
      const server = await createServer(
        { logger, metrics: registry },
        {
          name: "Hanse broker",
          description: "Takes signed orders, matches them and has the Clerk seal the deals.",
          ready: {
            database: () => database.ping(),
            chain: () => chain.headNumber(),
            following: createFollowingCheck(chain.headNumber, () => lastBlock(database.kysely)),
          },
        },
      );
      registerOrderRoutes(server, {
        database,
        chain,
        orders,
        intake,
        whyNot: (request) => term?.book.whyNot(request) ?? [],
        onRemoved: (hash) => {
          logger.info({ order: hash }, "order taken off the book");
          term?.book.remove(hash);
        },
      });
      registerMarketRoutes(server, { database, chain, book: () => term?.book });
      closeServer = () => server.close();
      const listening = await (deps.listen ?? listen)(server, options);
      leading = leadWhenPossible();
      return listening;
    },
    async stop() {
      await closeServer?.();
      stopping.abort();
      await leading;
    },
  };
}
