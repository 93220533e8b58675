import type { Registry } from "prom-client";
import type { Address } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { HubInfo } from "#src/client/hub-schema.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { limitRequests } from "#src/http/rate-limit.ts";
import type { HttpServer } from "#src/http/server.ts";
import type { ShopKey } from "#src/identity/shop-key.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { AdvisoryLock } from "#src/store/advisory-lock.ts";
import type { Database } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { createAccessTokens } from "./access-tokens.ts";
import { openAnnouncements } from "./announcements.ts";
import { createFindCaller, registerAuthRoutes } from "./auth-routes.ts";
import { bindFeed, countShops } from "./feed.ts";
import { createHubChain } from "./hub-chain.ts";
import { followHub } from "./hub-follower.ts";
import { createHubMetrics } from "./hub-metrics.ts";
import { hubMigrations } from "./hub-migrations.ts";
import type { HubDatabase } from "./hub-tables.ts";
import { registerIdentityRoutes } from "./identity-routes.ts";
import { createKeyProof } from "./key-proof.ts";
import { registerMembershipRoutes } from "./membership-routes.ts";
import { createOriginShops } from "./origin-shops.ts";
import { followOrigins } from "./origins.ts";
import { createSessions } from "./sessions.ts";
import { registerShopRoutes } from "./shop-routes.ts";
import { createShopStore } from "./shop-store.ts";

export interface HubServiceDeps {
  readonly chain: ChainClient;
  /** Opened with the schema `hub`. Not closed by the service. */
  readonly database: HubDatabase;
  /** What the service signs with. */
  readonly key: ShopKey;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
}

export interface HubServiceOptions {
  readonly contracts: { readonly hub: Address; readonly clerk: Address };
  readonly databaseUrl: string;
  /** Where others know this service; in log-in messages, tokens and webhooks. */
  readonly url: string;
  /** The first block that may tell of a shop. */
  readonly startBlock: bigint;
  readonly pollMs: number;
  /** Other hub services, the more trusted first. */
  readonly origins: readonly string[];
  readonly originPollMs: number;
  /** Lets private and loopback addresses, and http, pass as endpoints: for development. */
  readonly allowPrivate: boolean;
  /** Requests in a minute of one address. */
  readonly requestLimit: number;
  /** The same for log-ins, and for what has us call others. */
  readonly strictLimit: number;
  /** See `AnnouncementsOptions`. */
  readonly deliveryRetries?: number;
  readonly deliveryDelayS?: number;
}

export interface HubService {
  /** Puts the API on a server; to be called before it listens. */
  register(server: HttpServer): Promise<void>;
  /** The number of the last block that was dealt with. */
  followedTo(): Promise<bigint | undefined>;
  /** Rejects when something fails that waiting does not mend; resolves after `stop`. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

const SIGN_IN_STATEMENT = "Log in to this hub of Hanse. It costs nothing and sends no transaction.";
const RETRY_MS = 1_000;

/**
 * Starts the hub service. When database or chain go away it waits for them, and goes on from what is in both.
 * @throws HANSE_CHAIN_MISMATCH, HANSE_DATABASE_*, HANSE_RPC_UNAVAILABLE
 */
export async function startHubService(deps: HubServiceDeps, options: HubServiceOptions): Promise<HubService> {
  const { chain, database, key, logger, clock = systemClock } = deps;
  const { contracts, url, origins, allowPrivate } = options;
  const { hub } = contracts;
  await migrate({ database: database as unknown as Database<unknown>, logger }, "hub", hubMigrations);
  const genesisHash = await chain.genesisHash();
  const feed = await bindFeed(database.kysely, { chainId: chain.chainId, hub, genesisHash });
  const fetch = createGuardedFetch({ allowPrivate });
  const metrics = createHubMetrics(deps.metrics, () => countShops(database.kysely));
  const { deliveryRetries: retries, deliveryDelayS: retryDelayS } = options;
  const announcements = await openAnnouncements(
    { fetch, key, logger, deliveries: metrics.deliveries, clock },
    {
      ...{ databaseUrl: options.databaseUrl, url },
      ...(retries === undefined ? {} : { retries }),
      ...(retryDelayS === undefined ? {} : { retryDelayS }),
    },
  );
  const originShops = createOriginShops(database, { urls: origins });
  const store = createShopStore(database, announcements.announce, originShops);
  const stopping = new AbortController();
  const done = leadWhenPossible();
  // It is the caller's to watch; until then it must not end the process as an unhandled one.
  done.catch(() => undefined);

  return {
    async register(server) {
      await limitRequests(server, { max: options.requestLimit });
      const { strictLimit: limit } = options;
      const hubChain = createHubChain(chain, contracts);
      const sessions = createSessions({ database, clock });
      const tokens = createAccessTokens({ key, clock }, { url });
      const statement = SIGN_IN_STATEMENT;
      const { chainId } = chain;
      const expected = { domain: new URL(url).host, uri: url, chainId, statement };
      const info: HubInfo = { url, chainId, hub, feed, key: key.publicKey, signInStatement: statement };
      registerIdentityRoutes(server, info);
      registerShopRoutes(server, { database, feed, clock });
      const auth = { sessions, tokens, chain: hubChain, expected, signIns: metrics.signIns, clock };
      registerAuthRoutes(server, auth, { limit });
      registerMembershipRoutes(
        server,
        {
          chain: hubChain,
          findCaller: createFindCaller({ tokens, sessions }),
          proveKey: createKeyProof({ chain: hubChain, fetch, clock }),
        },
        { allowHttp: allowPrivate, limit },
      );
    },
    followedTo: store.followedTo,
    done,
    async stop() {
      stopping.abort();
      await done.catch(() => undefined);
      await announcements.stop();
    },
  };

  /** One process follows; others on the same database answer, and tell what is to be told. */
  async function leadWhenPossible(): Promise<void> {
    while (!stopping.signal.aborted) {
      let lock: AdvisoryLock | undefined;
      try {
        lock = await database.tryAdvisoryLock(`hanse:hub:${feed}`);
        if (lock !== undefined) await lead(AbortSignal.any([lock.signal, stopping.signal]));
      } catch (error) {
        if (!isRetryable(error)) throw error;
        logger.warn({ err: error }, "the list stands still, trying again");
      } finally {
        await lock?.release().catch(() => undefined);
      }
      await clock.sleep(RETRY_MS, stopping.signal).catch(() => undefined);
    }
  }

  /** Resolves once the list has come to the block that is the newest now, or the signal aborts. */
  async function untilCaughtUp(signal: AbortSignal): Promise<void> {
    let head: bigint | undefined;
    while (!signal.aborted) {
      head ??= await chain.viem.getBlockNumber().catch(() => undefined);
      if (head !== undefined && ((await store.followedTo()) ?? -1n) >= head) return;
      await clock.sleep(options.pollMs, signal).catch(() => undefined);
    }
  }

  async function lead(lost: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([lost, ended.signal]);
    const following = followHub(
      { chain, store, logger, clock },
      { hub, startBlock: options.startBlock, pollMs: options.pollMs, signal },
    );
    // What others list comes after all that is ours: it must not stand in its place for a moment.
    const others = untilCaughtUp(signal).then(() =>
      followOrigins(
        { shops: originShops, fetch, logger, polls: metrics.polls, clock },
        { urls: origins, pollMs: options.originPollMs, signal },
      ),
    );
    try {
      // Others end only with the signal: whichever fails ends both.
      await Promise.all([following, others]);
    } finally {
      ended.abort(new HanseError("HANSE_NOT_READY", "the term has ended"));
      await Promise.allSettled([following, others]);
    }
  }
}
