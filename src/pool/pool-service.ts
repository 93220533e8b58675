import type { Registry } from "prom-client";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import type { Sender } from "#src/chain/sender.ts";
import type { HttpServer } from "#src/http/server.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import type { AdvisoryLock } from "#src/store/advisory-lock.ts";
import type { Database } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { createFollowStore } from "./follow-store.ts";
import { createMeteredSender } from "./metered-sender.ts";
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
  /** The number of the last block that was dealt with. */
  followedTo(): Promise<bigint | undefined>;
  /** Rejects when something fails that waiting does not mend; resolves after `stop`. */
  readonly done: Promise<void>;
  /** Ends following, and waits for what is running. */
  stop(): Promise<void>;
}

/** Time passes on a chain without blocks too: workers come and go. */
const UNREPLICATED_MS = 5_000;

/** Every open task is looked at this often, whatever it waits for: what should wake it might have been overlooked. */
const SWEEP_MS = 60_000;

/** Pause before a term that failed is begun anew, and between two tries for the lock of a scheduler that is gone. */
const RETRY_MS = 1_000;

/**
 * Starts the scheduler of one pool. When database or chain go away it waits for them, and goes on from what is in both.
 * @throws HANSE_POOL_NOT_OPEN, HANSE_CHAIN_MISMATCH, HANSE_STATE_LOCKED when another scheduler of this pool is running on
 * the database, HANSE_DATABASE_*, HANSE_RPC_UNAVAILABLE
 */
export async function startPoolService(
  deps: PoolServiceDeps,
  options: PoolServiceOptions,
): Promise<PoolService> {
  const { database, logger, deployment, clock = systemClock } = deps;
  const pool = assetIdToHex(options.pool);
  await migrate({ database: database as unknown as Database<unknown>, logger }, "pool", poolMigrations);
  const sender = createMeteredSender({ ...deps, clock });
  const anySender =
    deps.anySender === undefined ? sender : createMeteredSender({ ...deps, clock, sender: deps.anySender });
  const chain = createPocoChain({ ...deps, sender, anySender }, deployment);
  const { opened, terms } = await chain.pool(options.pool);
  if (!opened)
    throw new HanseError("HANSE_POOL_NOT_OPEN", `the pool ${pool} was not opened`, { details: { pool } });
  const store = createFollowStore(database);
  const identity = { pool, poco: chain.poco, genesisHash: deployment.genesisHash };
  await store.cursor(identity);
  const firstLock = await database.tryAdvisoryLock(`hanse:pool:${pool}`);
  if (firstLock === undefined) throw locked(pool);

  const scheduler = createScheduler(
    { ...deps, chain, hasContent: createContentProbe(options.contentUrl) },
    options,
  );
  const stopping = new AbortController();
  const every = (ms: number, act: () => Promise<void>) =>
    setInterval(
      () => void act().catch((err: unknown) => logger.warn({ err }, "open tasks cannot be read")),
      ms,
    );
  const timers = [
    every(UNREPLICATED_MS, scheduler.wakeUnreplicated),
    every(SWEEP_MS, scheduler.wakeOpen),
    every(10 * SWEEP_MS, scheduler.prune),
  ];
  const done = keepFollowing(firstLock);
  // It is the caller's to watch; until then it must not end the process as an unhandled one.
  done.catch(() => undefined);

  return {
    register: (server) =>
      scheduler.register(server, {
        pool,
        chainId: chain.chainId,
        poco: chain.poco,
        terms: { ...terms, seatStake: terms.seatStake.toString() },
        contentUrl: options.contentUrl,
      }),
    followedTo: store.followedTo,
    done,
    async stop() {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
      await done.catch(() => undefined);
      await scheduler.stop();
    },
  };

  /** Follows for as long as the lock is held; who lost it may have a successor at work, and asks for it again. */
  async function keepFollowing(held: AdvisoryLock): Promise<void> {
    for (let lock: AdvisoryLock | undefined = held; ; lock = undefined) {
      try {
        lock ??= await database.tryAdvisoryLock(`hanse:pool:${pool}`);
        if (lock !== undefined) await follow(lock.signal);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        logger.warn({ err: error }, "the pool stands still, trying again");
      } finally {
        await lock?.release().catch(() => undefined);
      }
      if (stopping.signal.aborted) return;
      await clock.sleep(RETRY_MS, stopping.signal).catch(() => undefined);
    }
  }

  async function follow(lockLost: AbortSignal): Promise<void> {
    const cursor = await store.cursor(identity);
    // What an earlier process, or term, left: it is found by looking.
    await scheduler.wakeOpen();
    const { onBlock, wakeOpen } = scheduler;
    const signal = AbortSignal.any([stopping.signal, lockLost]);
    lockLost.addEventListener("abort", scheduler.pause, { once: true });
    scheduler.resume();
    await followPool(
      { ...deps, store, onBlock, onReorg: wakeOpen },
      { pool: options.pool, sender: sender.address, cursor, signal },
    );
    if (!stopping.signal.aborted) throw lockLost.reason;
  }
}

function locked(pool: string): HanseError {
  return new HanseError("HANSE_STATE_LOCKED", `another scheduler of the pool ${pool} is running`, {
    details: { pool },
    hint: "Stop the other scheduler, or wait until the database has noticed that it is gone.",
  });
}
