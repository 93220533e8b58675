import { spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { Finding } from "#src/audit/finding.ts";
import { bundleProgram } from "#src/bin/program-bundle.ts";
import { developmentKey } from "#src/chain/development-keys.ts";
import { putContent } from "#src/content/content-client.ts";
import { stringifyJson } from "#src/http/json.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { freePort } from "#src/store/free-port.ts";
import { query, silent, temporaryDirectory } from "../store/test-database.ts";
import { buildModule } from "../worker/runner/build-module.ts";
import { startTestChain, type TestChain } from "./chain-fixture.ts";
import { type KeptService, keepService } from "./kept-service.ts";
import { FIRST_WORKER, openTestMarket, SELLER, type TestMarket } from "./market-fixture.ts";

/** How PostgreSQL ends: asked to, told to leave everything as it is, or not told anything. */
export type PostgresEnd = "fast" | "immediate" | "killed";

export interface AuditOutcome {
  readonly exitCode: number;
  readonly looked?: Readonly<Record<string, number | null>>;
  readonly findings: readonly Finding[];
  /** What it wrote to its errors. */
  readonly complaint: string;
}

/** A whole market, of which everything but the chain is a process that may be killed at any time. */
export interface MarketProcesses {
  readonly testChain: TestChain;
  readonly market: TestMarket;
  readonly goods: Readonly<Record<"app" | "dataset" | "pool", bigint>>;
  readonly services: readonly KeptService[];
  readonly broker: KeptService;
  readonly pool: KeptService;
  readonly databaseUrls: Readonly<Record<"broker" | "pool", string>>;
  /** Ends PostgreSQL, and starts it again after so many milliseconds. */
  restartPostgres(end: PostgresEnd, awayMs: number): Promise<void>;
  /** `hanse audit`, a process too. */
  audit(options: { readonly atRest: boolean; readonly acknowledged?: readonly Hex[] }): Promise<AuditOutcome>;
  /** Ends all services; database and chain stay. */
  endServices(): Promise<void>;
  stop(): Promise<void>;
}

export async function startMarketProcesses(workers: number): Promise<MarketProcesses> {
  const [testChain, directory, port] = await Promise.all([
    // Long enough that who was killed comes back in time, short enough to wait for what nobody certified.
    startTestChain({ categories: [{ roundBlocks: 90, deadlineBlocks: 240 }] }),
    temporaryDirectory(),
    freePort(),
  ]);
  const startPostgres = () =>
    startEmbeddedPostgres({ logger: silent }, { directory: join(directory, "postgres"), port });
  let postgres: EmbeddedPostgres = await startPostgres();
  for (const name of ["broker", "pool"]) await query(postgres.url, `create database ${name}`);
  const databaseUrls = { broker: postgres.urlOf("broker"), pool: postgres.urlOf("pool") };

  const market = await openTestMarket(testChain, workers);
  const [wasm, data] = [buildModule(), new TextEncoder().encode("some data")];
  const goods = {
    app: await market.registerApp(wasm),
    dataset: await market.registerDataset(data),
    pool: market.pool,
  };
  const manifest = join(directory, "deployment.json");
  await writeFile(manifest, stringifyJson(testChain.deployment));
  const common = { HANSE_RPC_URL: testChain.rpcUrl, HANSE_DEPLOYMENT: manifest, HANSE_POLL_MS: "300" };

  const content = await keepService("content", {
    service: "content",
    env: { HANSE_STATE_DIR: join(directory, "content") },
  });
  await content.untilReady();
  for (const bytes of [wasm, data]) await putContent(bytes, { target: content.url });
  const broker = await keepService("broker", {
    service: "broker",
    env: { ...common, DATABASE_URL: databaseUrls.broker, HANSE_PRIVATE_KEY: developmentKey(0) },
  });
  const pool = await keepService("pool", {
    service: "pool",
    env: {
      ...{ ...common, DATABASE_URL: databaseUrls.pool, HANSE_PRIVATE_KEY: developmentKey(SELLER) },
      ...{ HANSE_POOL: assetIdToHex(market.pool), HANSE_CONTENT_URL: content.url },
    },
  });
  const agents = await Promise.all(
    Array.from({ length: workers }, (_, number) =>
      keepService(`worker ${number}`, {
        service: "worker",
        env: {
          ...{ ...common, HANSE_PRIVATE_KEY: developmentKey(FIRST_WORKER + number), HANSE_SLOTS: "4" },
          ...{ HANSE_POOL: assetIdToHex(market.pool), HANSE_POOL_URL: pool.url },
          ...{ HANSE_CONTENT_SOURCES: content.url, HANSE_ALLOW_PRIVATE_SOURCES: "true" },
          HANSE_STATE_DIR: join(directory, `worker-${number}`),
        },
      }),
    ),
  );
  const services = [content, broker, pool, ...agents];
  await Promise.all(services.map((each) => each.untilReady()));
  await market.watcher.waitFor("the seats", seatsTaken, 60_000);

  const endServices = async () => {
    await Promise.all(services.map((each) => each.end()));
  };
  return {
    ...{ testChain, market, goods, services, broker, pool, databaseUrls, endServices },

    async restartPostgres(end, awayMs) {
      if (end !== "fast") process.kill(postgres.pid, end === "immediate" ? "SIGQUIT" : "SIGKILL");
      if (end !== "fast") await postgres.ended;
      await postgres.stop();
      await sleep(awayMs);
      postgres = await startPostgres();
    },

    async audit({ atRest, acknowledged }) {
      const orders = join(directory, "acknowledged");
      if (acknowledged !== undefined) await writeFile(orders, acknowledged.join("\n"));
      const child = spawn(
        process.execPath,
        [
          ...[await bundleProgram(), "audit", "--json", ...(atRest ? ["--at-rest"] : [])],
          ...(acknowledged === undefined ? [] : ["--orders", orders]),
        ],
        {
          env: {
            ...{ PATH: process.env.PATH, ...common },
            DATABASE_URL: `${databaseUrls.broker},${databaseUrls.pool}`,
          },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      const told = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"] as const) {
        child[stream].setEncoding("utf8").on("data", (chunk: string) => {
          told[stream] += chunk;
        });
      }
      const exitCode = await new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => resolve(code ?? -1));
      });
      const answer = told.stdout === "" ? { findings: [] } : JSON.parse(told.stdout);
      return { exitCode, complaint: told.stderr, ...answer };
    },

    endServices,

    async stop() {
      await endServices();
      await market.stop();
      await postgres.stop();
      await testChain.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };

  async function seatsTaken(): Promise<true | undefined> {
    const { poco } = testChain.deployment.contracts;
    const args = [market.pool] as const;
    const { viem } = testChain.chain;
    const { liveSeats } = await viem.readContract({
      ...{ address: poco, abi: pocoAbi, functionName: "pool", args },
    });
    return liveSeats === workers ? true : undefined;
  }
}
