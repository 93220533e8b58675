import { randomBytes } from "node:crypto";
import type { Registry } from "prom-client";
import type { Address, Hex } from "viem";
import { z } from "zod";
import type { ReadHubShop } from "#src/chain/hub-shop-reader.ts";
import { fetchStatement } from "#src/client/fetch-statement.ts";
import { createFailureLimit } from "#src/http/failure-limit.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { limitRequests } from "#src/http/rate-limit.ts";
import type { HttpServer } from "#src/http/server.ts";
import { HUB_SIGNER } from "#src/identity/http-signature.ts";
import type { ShopKey } from "#src/identity/shop-key.ts";
import { CHALLENGE_PATTERN, STATEMENT_PATH, signStatement } from "#src/identity/statement.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Database } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { registerChangeRoutes } from "./federation/change-routes.ts";
import { createDirectory, type Directory, type KnownHub } from "./federation/directory.ts";
import { createPeerPost, type PeerPost } from "./federation/peer-post.ts";
import { createPeers, type Peers } from "./federation/peers.ts";
import { type Catalogue, createCatalogue } from "./inventory/catalogue.ts";
import { registerInventoryRoutes } from "./inventory/inventory-routes.ts";
import {
  createReservationDesk,
  type ReservationDesk,
  type ReservationDeskOptions,
} from "./inventory/reservation-desk.ts";
import { createNonces } from "./nonces.ts";
import { createOwnerCheck } from "./owner-token.ts";
import { registerPartnershipCalls, registerPartnershipManagement } from "./partnership/partnership-routes.ts";
import {
  createPartnerships,
  type PartnershipOptions,
  type Partnerships,
} from "./partnership/partnerships.ts";
import { createShopKeys, type ShopKeyStore, type ShopKeys } from "./shop-keys.ts";
import { createShopMetrics, type ShopMetrics } from "./shop-metrics.ts";
import { shopMigrations } from "./shop-migrations.ts";
import { createShopCheck, keepSignedBodies, signerOf } from "./shop-signature.ts";
import type { ShopDatabase } from "./shop-tables.ts";

export interface ShopServiceDeps {
  readonly key: ShopKey;
  /** Its other keys, where it may change them. */
  readonly keyStore?: ShopKeyStore;
  /** Hub services to listen to. */
  readonly hubs: readonly KnownHub[];
  /** Opened with the shop's schema. Not closed by the service. */
  readonly database: ShopDatabase;
  /** For addresses that other shops chose. */
  readonly fetch: Fetch;
  /** Reads the Hub that this shop is in. */
  readonly readHubShop: ReadHubShop;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock?: Clock;
}

export interface ShopServiceOptions {
  /** The schema that the database was opened with; `shop` unless told. */
  readonly databaseSchema?: string;
  readonly code: string;
  /** The wallet that joined the Hub with this shop. */
  readonly owner: Address;
  /** Under which others reach this shop; what the Hub has as its endpoint. */
  readonly endpoint: string;
  readonly chainId: number;
  readonly hub: Address;
  /** ISO 4217, of all prices here. */
  readonly currency: string;
  /** Minor units of the shop's currency to US dollars, for display. */
  readonly inDollars: (minor: bigint) => Promise<number>;
  /** What proves the owner: at least 16 characters. */
  readonly ownerToken: string;
  readonly partnership?: PartnershipOptions;
  readonly reservation?: ReservationDeskOptions;
  /** Signed requests that one partner may send in a minute; 6,000 unless told. */
  readonly partnerRequestsPerMinute?: number;
  /** Requests that one address may send in a minute to what anybody may call, which has pieces kept; 600 unless told. */
  readonly customerRequestsPerMinute?: number;
  /** Badly signed requests that one address may send in a minute; 120 unless told. */
  readonly badRequestsPerMinute?: number;
}

/** The parts of a shop that others of its parts build on. */
export interface ShopParts {
  readonly keys: ShopKeys;
  readonly directory: Directory;
  readonly peers: Peers;
  readonly post: PeerPost;
  readonly partnerships: Partnerships;
  readonly catalogue: Catalogue;
  readonly reservations: ReservationDesk;
  readonly metrics: ShopMetrics;
}

export interface ShopService extends ShopParts {
  /** Puts the API on a server; to be called before it listens. `more` adds what else partners and the owner may call. */
  register(server: HttpServer, more?: ShopRoutes): Promise<void>;
  /** Delivers, expires, and looks around until the signal. Rejects when something fails that waiting does not mend. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ShopRoutes {
  readonly forPartners?: (scope: HttpServer) => void;
  readonly forOwner?: (scope: HttpServer) => void;
  /** For anybody. */
  readonly forCustomers?: (scope: HttpServer) => void;
}

const SWEEP_MS = 1_000;
/** A call that comes again after so long is another. */
const ANSWERS_MS = 30 * 86_400_000;
const PRUNE_MS = 3_600_000;

/** One shop of a federation: who its partners are, what they may do, and what there is. */
export async function createShopService(
  deps: ShopServiceDeps,
  options: ShopServiceOptions,
): Promise<ShopService> {
  const { database, fetch, logger, clock = systemClock } = deps;
  const { code, owner, endpoint, chainId, hub, partnerRequestsPerMinute = 6_000 } = options;
  const { customerRequestsPerMinute = 600, badRequestsPerMinute = 120 } = options;
  const { databaseSchema = "shop" } = options;
  await migrate(
    { database: database as unknown as Database<unknown>, logger },
    databaseSchema,
    shopMigrations,
  );
  const metrics = createShopMetrics(deps.metrics);
  const keys = await createShopKeys(
    {
      ...{ key: deps.key, database, logger, clock },
      ...(deps.keyStore === undefined ? {} : { store: deps.keyStore }),
    },
    { code, owner },
  );
  await keys.catchUp();
  const directory = createDirectory({ database, hubs: deps.hubs, logger, clock, onSynced: keys.catchUp });
  const peers = createPeers(
    {
      ...{ database, clock, readHubShop: deps.readHubShop },
      fetchStatement: (...asked) => fetchStatement(fetch, ...asked),
      newChallenge: () => randomBytes(24).toString("base64url"),
    },
    { chainId, hub },
  );
  const post = createPeerPost({
    ...{ database, code, keys, peers, fetch, logger, clock },
    lookAgain: directory.lookAgain,
  });
  const partnerships = createPartnerships(
    {
      ...{ database, code, keys, post, clock },
      // What is signed with a key that was changed a moment ago.
      peers: { ...peers, isKeyOf: isKeyOfShop },
    },
    options.partnership,
  );
  const catalogue = createCatalogue({ database });
  const reservations = createReservationDesk(
    { database, clock, onChange: metrics.reserved },
    options.reservation,
  );
  const { take: takeNonce } = createNonces({ database, clock });
  const checkShop = createShopCheck({ isKeyOf: isKeyOfShop, takeNonce, clock, addressee: code }, endpoint);
  const checkHub = createShopCheck({ isKeyOf: isKeyOfAnyHub, takeNonce, clock, addressee: code }, endpoint);
  const unsigned = createFailureLimit(
    { clock },
    { max: badRequestsPerMinute, isKnown: ({ shopCode }) => shopCode !== undefined },
  );

  return {
    ...{ keys, directory, peers, post, partnerships, catalogue, reservations, metrics },

    async register(server, more = {}) {
      server.get(
        STATEMENT_PATH,
        {
          schema: {
            summary: "Who this shop is, signed with its key",
            querystring: z.object({
              challenge: z.string().regex(CHALLENGE_PATTERN).optional(),
              key: z
                .templateLiteral(["0x", z.string().regex(/^[0-9a-f]{64}$/)])
                .optional()
                .describe("Which key is to be proved, where the shop is about to change it"),
            }),
            response: { 200: z.string().describe("A compact JWS") },
          },
        },
        async (request, reply) => {
          const { challenge, key: asked } = request.query;
          const key = (asked === undefined ? undefined : await keys.find(asked)) ?? keys.present;
          const issuedAt = Math.floor(clock.now() / 1_000);
          const statement = { chainId, hub, owner, code, key: key.publicKey, endpoint, issuedAt };
          const jws = await signStatement(key, {
            ...statement,
            ...(challenge === undefined ? {} : { challenge }),
          });
          return reply.type("application/jose; charset=utf-8").header("cache-control", "no-store").send(jws);
        },
      );

      await server.register(async (child) => {
        const scope = child as unknown as HttpServer;
        limitUnsigned(scope);
        keepSignedBodies(scope);
        scope.addHook("preValidation", checkShop);
        scope.addHook("onResponse", (request, reply, done) => {
          metrics.observe(request.routeOptions.url ?? "unknown", reply.elapsedTime / 1_000);
          done();
        });
        // By partner, once its signature is checked: nobody can use up another's share.
        await limitRequests(scope, { max: partnerRequestsPerMinute, by: signerOf });
        registerPartnershipCalls(scope, partnerships);
        registerInventoryRoutes(scope, {
          ...{ code, currency: options.currency, inDollars: options.inDollars },
          ...{ catalogue, reservations, rightsOf: partnerships.rightsOf, metrics },
        });
        more.forPartners?.(scope);
      });

      await server.register(async (child) => {
        const scope = child as unknown as HttpServer;
        limitUnsigned(scope);
        keepSignedBodies(scope);
        scope.addHook("preValidation", checkHub);
        registerChangeRoutes(scope, { directory, logger });
      });

      await server.register(async (child) => {
        const scope = child as unknown as HttpServer;
        scope.addHook("onRequest", createOwnerCheck(options.ownerToken));
        registerPartnershipManagement(scope, partnerships);
        more.forOwner?.(scope);
      });

      await server.register(async (child) => {
        const scope = child as unknown as HttpServer;
        await limitRequests(scope, { max: customerRequestsPerMinute });
        more.forCustomers?.(scope);
      });
    },

    async run(signal) {
      await Promise.all([
        ...[directory.keepSyncing(signal), post.keepDelivering(signal), keepExpiring(signal)],
        partnerships.keepAsking(signal),
      ]);
    },
  };

  /** By address, of all signed parts together: whose requests they are is not known. */
  function limitUnsigned(scope: HttpServer): void {
    scope.addHook("onRequest", unsigned.onRequest);
    scope.addHook("onResponse", unsigned.onResponse);
  }

  /** A key that is not listed may have been changed a moment ago, before the hub service told us. */
  async function isKeyOfShop(signer: string, publicKey: Hex): Promise<boolean> {
    if (await peers.isKeyOf(signer, publicKey)) return true;
    return (await directory.lookAgain()) && (await peers.isKeyOf(signer, publicKey));
  }

  async function isKeyOfAnyHub(signer: string, publicKey: Hex): Promise<boolean> {
    if (signer !== HUB_SIGNER) return false;
    for (const hub of directory.hubs)
      if (await directory.isKeyOfHub(hub, publicKey).catch(() => false)) return true;
    return false;
  }

  async function keepExpiring(signal: AbortSignal): Promise<void> {
    let prunedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      try {
        const over = await reservations.expire();
        for (const { partner } of over) metrics.reserved(partner, "expired");
        if (clock.now() - prunedAt > PRUNE_MS) {
          prunedAt = clock.now();
          await database.kysely
            .deleteFrom("partnership_answers")
            .where("at", "<", new Date(prunedAt - ANSWERS_MS))
            .execute();
        }
      } catch (error) {
        if (!isRetryable(error)) throw error;
        logger.warn({ err: error }, "reservations cannot expire now");
      }
      await clock.sleep(SWEEP_MS, signal).catch(() => undefined);
    }
  }
}
