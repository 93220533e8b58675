import { sql } from "kysely";
import { z } from "zod";
import type { ReadHubShop } from "#src/chain/hub-shop-reader.ts";
import { partnershipListSchema } from "#src/client/shop-schema.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { createHttpClient, type Fetch } from "#src/http/http-client.ts";
import { listen } from "#src/http/listen.ts";
import { createServer, type HttpServer } from "#src/http/server.ts";
import { generateShopKey, type ShopKey } from "#src/identity/shop-key.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import type { KnownHub } from "#src/shop/federation/directory.ts";
import type { ShopKeyStore } from "#src/shop/shop-keys.ts";
import {
  createShopService,
  type ShopRoutes,
  type ShopService,
  type ShopServiceOptions,
} from "#src/shop/shop-service.ts";
import type { ShopDatabase, ShopTables } from "#src/shop/shop-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import { freePort } from "#src/store/free-port.ts";

export const CHAIN_ID = 31_337;
export const HUB = "0x00000000000000000000000000000000000000AB";
export const OWNER_TOKEN = "the owner's token of this test";

export interface TestShop {
  readonly code: string;
  readonly owner: `0x${string}`;
  readonly endpoint: string;
  readonly key: ShopKey;
  readonly service: ShopService;
  readonly database: ShopDatabase;
  readonly server: HttpServer;
  readonly log: string[];
  /** As the owner. */
  ask(path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** What Prometheus would read. */
  metric(name: string, labels: Readonly<Record<string, string>>): Promise<number>;
  /** As on the first day, but for who the other shops are. */
  forget(): Promise<void>;
  /** Ends the process's part: server and work; what is in the database stays. */
  stop(): Promise<void>;
  /** As `stop`, of a shop that is dead: waits for nothing that is under way. */
  kill(): Promise<void>;
}

export interface ShopSetup {
  readonly code: string;
  readonly databaseUrl: string;
  readonly key?: ShopKey;
  readonly keyStore?: ShopKeyStore;
  readonly port?: number;
  readonly clock?: Clock;
  readonly hubs?: readonly KnownHub[];
  /** Of the wallet that joined with it; made up unless told. */
  readonly owner?: `0x${string}`;
  readonly options?: Partial<ShopServiceOptions>;
  /** How it reads the Hub; where there is no chain, the Hub has what the directory tells. */
  readonly readHubShop?: ReadHubShop;
  /** Whose X-Forwarded-For is believed. */
  readonly trustProxy?: string[];
  /** Puts something between the shop and its database, and between it and other shops. */
  readonly between?: {
    readonly database: (database: ShopDatabase) => ShopDatabase;
    readonly fetch: (fetch: Fetch) => Fetch;
  };
  /** What more the shop has and does. */
  readonly also?: (
    parts: ShopService,
    more: { readonly database: ShopDatabase; readonly key: ShopKey },
  ) => ShopRoutes & { run(signal: AbortSignal): Promise<void> };
}

const silent = createLogger({ service: "test", level: "silent" });

/** One shop service with its own database and server on loopback, as its process would have it. */
export async function startTestShop(setup: ShopSetup): Promise<TestShop> {
  const { code, databaseUrl, key = generateShopKey().key, port = await freePort() } = setup;
  const { between = { database: (own) => own, fetch: (own) => own } } = setup;
  const database = between.database(
    await openDatabase<ShopTables>({ logger: silent }, { url: databaseUrl, schema: "shop" }),
  );
  const log: string[] = [];
  const logger = createLogger({
    service: "shop",
    level: "debug",
    destination: { write: (line: string) => void log.push(line) },
  });
  const registry = createMetrics({ service: "shop", processMetrics: false });
  const endpoint = `http://127.0.0.1:${port}`;
  const owner = setup.owner ?? (`0x${code.charCodeAt(0).toString(16).padStart(40, "0")}` as const);
  const service = await createShopService(
    {
      ...{ key, database, logger, metrics: registry, hubs: setup.hubs ?? [] },
      fetch: between.fetch(createGuardedFetch({ allowPrivate: true })),
      readHubShop: setup.readHubShop ?? hubAsTold(database),
      ...(setup.clock === undefined ? {} : { clock: setup.clock }),
      ...(setup.keyStore === undefined ? {} : { keyStore: setup.keyStore }),
    },
    {
      ...{ code, owner, endpoint, chainId: CHAIN_ID, hub: HUB, ownerToken: OWNER_TOKEN },
      ...{ currency: "USD", inDollars: async (minor: bigint) => Number(minor) / 100 },
      ...setup.options,
    },
  );
  const server = await createServer(
    { logger, metrics: registry },
    { name: "shop", ...(setup.trustProxy === undefined ? {} : { trustProxy: setup.trustProxy }) },
  );
  const more = setup.also?.(service, { database, key });
  await service.register(server, more);
  await listen(server, { port });
  const stopping = new AbortController();
  const running = Promise.all([service.run(stopping.signal), more?.run(stopping.signal)]);
  const client = createHttpClient({}, { retries: 0, headers: { authorization: `Bearer ${OWNER_TOKEN}` } });
  let stopped = false;
  return {
    ...{ code, owner, endpoint, key, service, database, server, log },
    async ask(path, body) {
      return await client.request(`${endpoint}${path}`, {
        schema: z.record(z.string(), z.unknown()),
        ...(body === undefined ? {} : { method: "POST" as const, body }),
      });
    },
    async metric(name, labels) {
      const metric = (await registry.getMetricsAsJSON()).find((each) => each.name === name);
      const found = metric?.values.filter(({ labels: of }) =>
        Object.entries(labels).every(([label, value]) => (of as Record<string, unknown>)[label] === value),
      );
      return (found ?? []).reduce((sum, { value }) => sum + Number(value), 0);
    },
    async forget() {
      await sql`truncate partnerships, partnership_answers, deliveries, reservations, products cascade`.execute(
        database.kysely,
      );
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      stopping.abort();
      await server.close();
      await running;
      await database.close();
    },
    async kill() {
      if (stopped) return;
      stopped = true;
      stopping.abort();
      // What is under way may be answered by nobody any more.
      running.catch(() => undefined);
      server.server.close();
      server.server.closeAllConnections();
      await database.close();
    },
  };
}

function hubAsTold(database: ShopDatabase): ReadHubShop {
  return async (code) => {
    const row = await database.kysely
      .selectFrom("peers")
      .selectAll()
      .where("code", "=", code)
      .executeTakeFirstOrThrow();
    const { owner, standing, endpoint, key, previous_key, previous_key_until } = row;
    return {
      ...{ owner, standing, endpoint, key, suspended: standing === "suspended" },
      previousKey: previous_key ?? undefined,
      overlapEnds: Math.floor((previous_key_until?.getTime() ?? 0) / 1_000),
    };
  };
}

/** Lets shops know of each other, as a hub service would have told them. */
export async function introduce(...shops: readonly TestShop[]): Promise<void> {
  for (const shop of shops) {
    for (const { code, owner, endpoint, key } of shops) {
      await shop.database.kysely
        .insertInto("peers")
        .values({
          ...{ code, owner, endpoint, key: key.publicKey, previous_key: null, previous_key_until: null },
          ...{ standing: "member", origin: "test", seen_at: new Date() },
        })
        .onConflict((conflict) =>
          conflict.column("code").doUpdateSet({ endpoint, key: key.publicKey, owner }),
        )
        .execute();
    }
  }
}

const DAY_MS = 86_400_000;
export const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

/** `granter` gives `grantee` rights, asked for and granted as their owners would. */
export async function makePartners(
  granter: TestShop,
  grantee: TestShop,
  rights: readonly string[],
): Promise<void> {
  await grantee.ask(`/v1/owner/partnerships/${granter.code}/request`, { rights, until: inDays(30) });
  const answers = await pendingIdAt(granter, grantee.code, "granter");
  await granter.ask(`/v1/owner/partnerships/${grantee.code}/accept`, { answers });
}

/** What waits for an answer between a shop and another, as the shop's owner sees it; undefined where nothing does. */
export async function pendingIdAt(
  { ask }: Pick<TestShop, "ask">,
  peer: string,
  role?: "granter" | "grantee",
): Promise<string | undefined> {
  const { partnerships } = partnershipListSchema.parse(await ask("/v1/owner/partnerships"));
  const fits = partnerships.filter(
    (each) => each.peer === peer && (role === undefined || each.role === role),
  );
  return fits.find(({ pendingId }) => pendingId !== null)?.pendingId ?? undefined;
}
