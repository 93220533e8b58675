import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, erc20Abi } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { runDevelopmentChain } from "#src/bin/development-chain.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { readDeployment } from "#src/chain/deployment.ts";
import { developmentKey } from "#src/chain/development-keys.ts";
import { createSender } from "#src/chain/sender.ts";
import { createShopOwnerClient } from "#src/client/shop-client.ts";
import { keepSeed } from "#src/crypto/seed-file.ts";
import { createHttpClient } from "#src/http/http-client.ts";
import { type ShopKey, shopKeyFromSeed } from "#src/identity/shop-key.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import type { ShopDatabase, ShopTables } from "#src/shop/shop-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import { startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { freePort } from "#src/store/free-port.ts";

import { runDeployment } from "../../deploy/run.ts";
import { readMetric } from "../market/open-market.ts";

const ENTRY = join(import.meta.dirname, "../../../src/bin/hanse.ts");
const PROFILES = ".hanse/profiles";
const OWNER_TOKEN = "the owner's token of a measured shop";
/** Nobody listens there: who is in the federation is written into the shops' databases. */
const NO_HUB = "http://127.0.0.1:9";
const PATIENCE_MS = 60_000;

/** A shop as a process of its own, and who it is. */
export interface MeasuredShop {
  readonly code: string;
  readonly url: string;
  readonly owner: Address;
  readonly key: ShopKey;
  /** The shop's own database, for measurements. */
  readonly database: ShopDatabase;
  /** CPU time (seconds) of its process so far. */
  cpuSeconds(): Promise<number>;
  /** What its owner has it do. */
  own<Schema extends z.ZodType>(path: string, body: unknown, schema: Schema): Promise<z.output<Schema>>;
}

export interface MeasuredShops {
  /** Sells, in pounds. */
  readonly seller: MeasuredShop;
  /** A partner of the seller's, with the rights to look and to sell. */
  readonly buyer: MeasuredShop;
  stop(): Promise<void>;
}

/**
 * Two shops on a development chain, each with a database in one PostgreSQL, as `hanse shop start` runs them.
 * @param options `profile`: the seller writes a CPU profile into `.hanse/profiles` when it ends
 */
export async function openShops(options: { readonly profile?: boolean } = {}): Promise<MeasuredShops> {
  const logger = createLogger({ service: "measure", level: "warn" });
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), "hanse-shops-"));
    await chmod(directory, 0o755);
    stops.push(() => rm(directory, { recursive: true, force: true }));
    const postgres = await startEmbeddedPostgres({ logger }, { directory: join(directory, "database") });
    stops.push(() => postgres.stop());
    const rpcUrl = await startChain(stops);
    const manifestPath = join(directory, "deployment.json");
    await runDeployment({ rpcUrl, privateKey: developmentKey(0), manifestPath, parameters: undefined });

    const admin = await openDatabase<unknown>({ logger }, { url: postgres.url });
    stops.push(() => admin.close());
    const start = async (code: string, account: number, currency: string, profile: boolean) => {
      await admin.pool.query(`create database ${code.toLowerCase()}`);
      return await startShop({
        ...{ code, account, currency, profile, rpcUrl, manifestPath, stops, logger },
        databaseUrl: postgres.urlOf(code.toLowerCase()),
        stateDir: join(directory, code),
      });
    };
    const seller = await start("SELL", 5, "GBP", options.profile ?? false);
    const buyer = await start("BUY", 6, "USD", false);
    await joinHub(rpcUrl, manifestPath, [
      [seller, 5],
      [buyer, 6],
    ]);
    await introduce([seller, buyer]);
    const rights = ["share-inventory", "sell"];
    const until = new Date(Date.now() + 86_400_000).toISOString();
    await buyer.own("/v1/owner/partnerships/SELL/request", { rights, until }, z.unknown());
    const owner = createShopOwnerClient({}, { baseUrl: seller.url, token: OWNER_TOKEN });
    const [asked] = await owner.partnerships();
    await owner.partnership("BUY", "accept", { answers: asked?.pendingId ?? "" });
    return { seller, buyer, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startChain(stops: (() => Promise<unknown>)[]): Promise<string> {
  const port = await freePort();
  const controller = new AbortController();
  const ended = runDevelopmentChain({ port, blockTime: 1 }, controller.signal);
  stops.push(async () => {
    controller.abort();
    await ended;
  });
  const rpcUrl = `http://127.0.0.1:${port}`;
  await ready(() => connectChain(rpcUrl));
  return rpcUrl;
}

async function startShop(setup: {
  readonly code: string;
  readonly account: number;
  readonly currency: string;
  readonly profile: boolean;
  readonly rpcUrl: string;
  readonly manifestPath: string;
  readonly databaseUrl: string;
  readonly stateDir: string;
  readonly stops: (() => Promise<unknown>)[];
  readonly logger: ReturnType<typeof createLogger>;
}): Promise<MeasuredShop> {
  const { code, account, currency, profile, stateDir, databaseUrl, stops, logger } = setup;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const key = shopKeyFromSeed(await keepSeed(join(stateDir, "shop.key")));
  const profiling = profile ? ["--cpu-prof", `--cpu-prof-dir=${PROFILES}`] : [];
  const child = spawn(process.execPath, [...profiling, ENTRY, "shop", "start"], {
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, HANSE_SUPERVISED: "1", HANSE_PORT: String(port) },
      ...{ HANSE_RPC_URL: setup.rpcUrl, HANSE_DEPLOYMENT: setup.manifestPath, DATABASE_URL: databaseUrl },
      ...{ HANSE_STATE_DIR: stateDir, HANSE_PRIVATE_KEY: developmentKey(account), HANSE_SHOP_CODE: code },
      ...{ HANSE_PUBLIC_URL: url, HANSE_SHOP_OWNER_TOKEN: OWNER_TOKEN, HANSE_HUBS: NO_HUB },
      ...{ HANSE_SHOP_CURRENCY: currency, HANSE_SHOP_RATES: "GBP=0.20,USD=0.25" },
      // Nothing but what is measured happens, and nobody is asked to slow down.
      ...{ HANSE_SHOP_SYNC_SECONDS: "86400", HANSE_PARTNER_LIMIT: "10000000" },
      ...{ HANSE_ALLOW_PRIVATE_ENDPOINTS: "true", HANSE_LOG_LEVEL: "error" },
    },
    // The pipe to its standard input tells it when this process is gone.
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  stops.push(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  await ready(async () => {
    if (child.exitCode !== null) throw new Error(`shop ${code} ended with ${child.exitCode}`);
    if (!(await fetch(`${url}/readyz`)).ok) throw new Error(`shop ${code} is not ready`);
  });
  const database = await openDatabase<ShopTables>({ logger }, { url: databaseUrl, schema: "shop" });
  stops.push(() => database.close());
  const client = createHttpClient(
    {},
    { retries: 0, timeoutMs: PATIENCE_MS, headers: { authorization: `Bearer ${OWNER_TOKEN}` } },
  );
  return {
    ...{ code, url, key, database, owner: privateKeyToAccount(developmentKey(account)).address },
    cpuSeconds: () => readMetric({ name: code, url }, "process_cpu_seconds_total"),
    own: (path, body, schema) => client.request(`${url}${path}`, { method: "POST", body, schema }),
  };
}

/** A shop that the Hub has not is nobody's partner. */
async function joinHub(
  rpcUrl: string,
  manifestPath: string,
  shops: readonly (readonly [MeasuredShop, number])[],
): Promise<void> {
  const chain = await connectChain(rpcUrl);
  const { token, clerk, hub } = (await readDeployment(manifestPath)).contracts;
  const senderOf = (account: number) =>
    createSender({ chain, account: privateKeyToAccount(developmentKey(account)) }, { pollMs: 100 });
  const governance = senderOf(0);
  for (const [{ code, url, key }, account] of shops) {
    const sender = senderOf(account);
    const bytes = shopCodeToHex(code);
    const stake = await chain.viem.readContract({
      ...{ address: hub, abi: hubAbi, functionName: "stakeFor", args: [bytes] },
    });
    const approve = { address: token, abi: erc20Abi, functionName: "approve" as const };
    await governance.send({ ...approve, args: [clerk, stake] });
    const onClerk = { address: clerk, abi: clerkAbi };
    await governance.send({ ...onClerk, functionName: "depositFor", args: [sender.address, stake] });
    await sender.send({ ...onClerk, functionName: "allowCertifier", args: [hub, stake] });
    const args = [bytes, key.publicKey, url, ""] as const;
    await sender.send({ address: hub, abi: hubAbi, functionName: "join", args });
  }
}

/** As a hub service would have told each of the other. */
async function introduce(shops: readonly MeasuredShop[]): Promise<void> {
  for (const { database } of shops) {
    const rows = shops.map(({ code, owner, url, key }) => ({
      ...{ code, owner, endpoint: url, key: key.publicKey, previous_key: null, previous_key_until: null },
      ...{ standing: "member" as const, origin: "measured", seen_at: new Date() },
    }));
    await database.kysely.insertInto("peers").values(rows).execute();
  }
}

async function ready(attempt: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
  }
}
