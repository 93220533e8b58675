import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeFunctionData, getAddress } from "viem";
import { z } from "zod";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { developmentKey } from "#src/chain/development-keys.ts";
import { createSender } from "#src/chain/sender.ts";
import { createHubClient, type HubClient } from "#src/client/hub-client.ts";
import type { Prepared } from "#src/client/hub-schema.ts";
import { keepSeed } from "#src/crypto/seed-file.ts";
import { createHttpClient } from "#src/http/http-client.ts";
import { stringifyJson } from "#src/http/json.ts";
import { shopKeyFromSeed } from "#src/identity/shop-key.ts";
import type { ShopDatabase, ShopTables } from "#src/shop/shop-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import { freePort } from "#src/store/free-port.ts";
import { type GoodsChain, startGoodsChain } from "../shop/support/market-shops.ts";
import { pendingIdAt } from "../shop/support/test-shops.ts";
import { silent, startTestPostgres, temporaryDirectory } from "../store/test-database.ts";
import { testAccount } from "./chain-fixture.ts";
import { type ServiceProcess, spawnService, untilReady } from "./service-process.ts";

export const OWNER_TOKEN = "the owner's token of this test";

/** A shop as a process of its own, with its own database and folder. */
export interface ShopProcess {
  readonly code: string;
  /** The number of the development account that owns it. */
  readonly owner: number;
  readonly endpoint: string;
  readonly stateDir: string;
  /** To look into, beside it. */
  readonly database: ShopDatabase;
  /** As its owner. */
  ask(path: string, body?: unknown): Promise<Record<string, unknown>>;
  start(): Promise<void>;
  kill(): Promise<void>;
  output(): string;
}

export interface Federation {
  readonly chain: GoodsChain;
  readonly hub: HubClient;
  readonly hubProcess: ServiceProcess;
  readonly directory: string;
  readonly shops: readonly ShopProcess[];
  /** Has the shop's owner sign in at the hub service, and send what that prepares. */
  onHub(
    shop: ShopProcess,
    prepare: (hub: HubClient, accessToken: string) => Promise<Prepared>,
  ): Promise<void>;
  stop(): Promise<void>;
}

/** By which URLs the processes reach what they stand on. */
export interface Ways {
  /** Of a database's own URL. */
  readonly database?: (url: string) => Promise<string>;
  /** Of the chain's own URL. */
  readonly rpc?: (url: string) => Promise<string>;
}

/** A hub service and shops as real processes on a real chain; each shop has joined by the hub service. */
export async function startFederation(
  cast: readonly { readonly code: string; readonly owner: number }[],
  env: Readonly<Record<string, string>> = {},
  { database: wayTo = async (url) => url, rpc: wayToChain = async (url) => url }: Ways = {},
): Promise<Federation> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const [postgres, chain, directory] = await Promise.all([
      startTestPostgres(),
      startGoodsChain(),
      temporaryDirectory(),
    ]);
    stops.push(
      () => postgres.stop(),
      () => chain.stop(),
    );
    const manifest = join(directory, "deployment.json");
    await writeFile(manifest, stringifyJson(chain.deployment));
    const hubPort = await freePort();
    const hubUrl = `http://127.0.0.1:${hubPort}`;
    const common = {
      ...{ HANSE_RPC_URL: await wayToChain(chain.rpcUrl), HANSE_DEPLOYMENT: manifest },
      ...{ HANSE_POLL_MS: "100", HANSE_ALLOW_PRIVATE_ENDPOINTS: "true" },
    };
    const hubProcess = await spawnService(
      "hub",
      {
        ...{ ...common, DATABASE_URL: await wayTo(await postgres.fresh()) },
        ...{ HANSE_STATE_DIR: join(directory, "hub"), HANSE_PUBLIC_URL: hubUrl },
        ...{ HANSE_DELIVERY_DELAY_S: "1", ...env },
      },
      hubPort,
    );
    stops.push(() => hubProcess.stop());
    const shops: ShopProcess[] = [];
    for (const { code, owner } of cast) {
      const port = await freePort();
      const endpoint = `http://127.0.0.1:${port}`;
      const stateDir = join(directory, code);
      const databaseUrl = await postgres.fresh();
      const database = await openDatabase<ShopTables>(
        { logger: silent },
        { url: databaseUrl, schema: "shop", poolSize: 2 },
      );
      stops.push(() => database.close());
      const lives: ServiceProcess[] = [];
      const client = createHttpClient(
        {},
        { retries: 0, timeoutMs: 30_000, headers: { authorization: `Bearer ${OWNER_TOKEN}` } },
      );
      const shop: ShopProcess = {
        ...{ code, owner, endpoint, stateDir, database },
        async ask(path, body) {
          return await client.request(`${endpoint}${path}`, {
            schema: z.record(z.string(), z.unknown()),
            ...(body === undefined ? {} : { method: "POST" as const, body }),
          });
        },
        async start() {
          const life = await spawnService(
            "shop",
            {
              ...{
                ...common,
                DATABASE_URL: await wayTo(databaseUrl),
                HANSE_STATE_DIR: stateDir,
                HANSE_PUBLIC_URL: endpoint,
              },
              ...{ HANSE_SHOP_CODE: code, HANSE_PRIVATE_KEY: developmentKey(owner), HANSE_HUBS: hubUrl },
              ...{
                HANSE_SHOP_OWNER_TOKEN: OWNER_TOKEN,
                HANSE_SHOP_RATES: "USD=0.25",
                HANSE_SHOP_SYNC_SECONDS: "1",
              },
              ...env,
            },
            port,
          );
          lives.push(life);
          await untilReady(life);
        },
        async kill() {
          await lives.at(-1)?.kill();
        },
        output: () => lives.map((life) => life.output()).join(""),
      };
      stops.push(() => shop.kill());
      shops.push(shop);
      await chain.fund(owner);
    }
    const hub = createHubClient({}, { baseUrl: hubUrl });
    const federation: Federation = {
      ...{ chain, hub, hubProcess, directory, shops, stop },
      async onHub({ owner }, prepare) {
        const account = testAccount(owner);
        const { accessToken } = await hub.signIn(account);
        const { transactions } = await prepare(hub, accessToken);
        // The shop's process sends from this account too: nonces are asked for anew.
        const sender = createSender({ chain: chain.chain, account }, { pollMs: 50 });
        for (const { to, data } of transactions) {
          const abi = getAddress(to) === chain.deployment.contracts.hub ? hubAbi : clerkAbi;
          const { functionName, args } = decodeFunctionData({ abi, data });
          await sender.send({ address: getAddress(to), abi, functionName, args: args ?? [] });
        }
      },
    };
    await Promise.all([untilReady(hubProcess), ...shops.map((shop) => shop.start())]);
    for (const shop of shops) {
      const { code, endpoint } = shop;
      const { publicKey: key } = await keyIn(shop, "shop.key");
      await federation.onHub(shop, (service, token) =>
        service.join(token, { code, key, endpoint, profile: "" }),
      );
    }
    return federation;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A key in a shop's folder; made where there is none. */
export async function keyIn({ stateDir }: ShopProcess, file: string) {
  return shopKeyFromSeed(await keepSeed(join(stateDir, file)));
}

/** `granter` gives `grantee` rights, as their owners would have it done. */
export async function becomePartners(granter: ShopProcess, grantee: ShopProcess, rights: readonly string[]) {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  await grantee.ask(`/v1/owner/partnerships/${granter.code}/request`, { rights, until });
  const answers = await pendingIdAt(granter, grantee.code, "granter");
  await granter.ask(`/v1/owner/partnerships/${grantee.code}/accept`, { answers });
}
