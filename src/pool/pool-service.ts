import type { Registry } from "prom-client";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import type { Sender } from "#src/chain/sender.ts";
import type { HttpServer } from "#src/http/server.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import type { Database } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { createFollowStore } from "./follow-store.ts";
import { createPocoChain } from "./poco-chain.ts";
import { followPool } from "./pool-follower.ts";
import { poolMigrations } from "./pool-migrations.ts";
import type { PoolDatabase } from "./pool-tables.ts";
import { createContentProbe } from "./remote-content.ts";
import { createScheduler, type SchedulerOptions } from "./scheduler.ts";

export interface PoolServiceDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Sends the pool's transactions; `complete` (trust 0 and 1) only works with the key of the pool's owner. */
  readonly sender: Sender;
  /** Sends what anybody may send, such as commitments; `sender` does unless given. */
  readonly anySender?: Pick<Sender, "send">;
  /** Opened with the schema `pool`. Not closed by the service. */
  readonly database: PoolDatabase;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
}

export type PoolServiceOptions = SchedulerOptions & {
  /** Base URL of the content service that takes the outputs. */
  readonly contentUrl: string;
};

export interface PoolService {
  /** Puts the API on a server; to be called before it listens. */
  register(server: HttpServer): void;
  /** Rejects when the chain cannot be followed any more; resolves after `stop`. */
  readonly done: Promise<void>;
  /** Ends following, and waits for what is running. */
  stop(): Promise<void>;
}

/** Time passes on a chain without blocks too: workers come and go, and turns end. */
const LOOK_AGAIN_MS = 5_000;

/**
 * Starts the scheduler of one pool.
 * @throws HANSE_POOL_NOT_OPEN, HANSE_CHAIN_MISMATCH, HANSE_STATE_LOCKED when another scheduler of this pool is running on
 * the database, HANSE_DATABASE_*, HANSE_RPC_UNAVAILABLE
 */
export async function startPoolService(
  deps: PoolServiceDeps,
  options: PoolServiceOptions,
): Promise<PoolService> {
  const { database, logger, deployment } = deps;
  const pool = assetIdToHex(options.pool);
  await migrate({ database: database as unknown as Database<unknown>, logger }, "pool", poolMigrations);
  const chain = createPocoChain(deps, deployment);
  const { opened, terms } = await chain.pool(options.pool);
  if (!opened)
    throw new HanseError("HANSE_POOL_NOT_OPEN", `the pool ${pool} was not opened`, { details: { pool } });
  const store = createFollowStore(database);
  const cursor = await store.cursor({ pool, poco: chain.poco, genesisHash: deployment.genesisHash });
  const lock = await database.tryAdvisoryLock(`hanse:pool:${pool}`);
  if (lock === undefined) {
    throw new HanseError("HANSE_STATE_LOCKED", `another scheduler of the pool ${pool} is running`, {
      details: { pool },
      hint: "Stop the other scheduler, or wait until the database has noticed that it is gone.",
    });
  }

  const scheduler = createScheduler(
    { ...deps, chain, hasContent: createContentProbe(options.contentUrl) },
    options,
  );
  const lookAgain = () =>
    void scheduler.wakeOpen().catch((err: unknown) => logger.warn({ err }, "open tasks cannot be read"));
  const stopping = new AbortController();
  // Who lost the lock may have a successor at work: go.
  const signal = AbortSignal.any([stopping.signal, lock.signal]);
  const timer = setInterval(lookAgain, LOOK_AGAIN_MS);
  const done = followPool(
    { ...deps, store, onBlock: scheduler.wakeOpen },
    { pool: options.pool, cursor, signal },
  ).then(() => {
    if (!stopping.signal.aborted) throw lock.signal.reason;
  });
  // It is the caller's to watch; until then it must not end the process as an unhandled one.
  done.catch(() => undefined);
  lookAgain();

  return {
    register: (server) =>
      scheduler.register(server, {
        pool,
        chainId: chain.chainId,
        poco: chain.poco,
        terms: { ...terms, seatStake: terms.seatStake.toString() },
        contentUrl: options.contentUrl,
      }),
    done,
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await done.catch(() => undefined);
      await scheduler.stop();
      await lock.release();
    },
  };
}
