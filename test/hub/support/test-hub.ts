import { createHubClient, type HubClient } from "#src/client/hub-client.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { type HubServiceOptions, startHubService } from "#src/hub/hub-service.ts";
import type { HubTables } from "#src/hub/hub-tables.ts";
import { generateShopKey, type ShopKey } from "#src/identity/shop-key.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { openDatabase } from "#src/store/database.ts";
import { freePort } from "#src/store/free-port.ts";
import { silent } from "../../store/test-database.ts";
import type { HubChainFixture } from "./hub-chain.ts";

export type TestHub = Awaited<ReturnType<typeof startTestHub>>;

/** A hub service in this process, on a real database and chain. */
export async function startTestHub(
  chain: Pick<HubChainFixture, "chain" | "hub" | "clerk" | "deployment">,
  databaseUrl: string,
  over: Partial<HubServiceOptions> = {},
  { trustProxy = [] }: { readonly trustProxy?: string[] } = {},
) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const database = await openDatabase<HubTables>({ logger: silent }, { url: databaseUrl, schema: "hub" });
  const { key } = generateShopKey();
  const metrics = createMetrics({ service: "hub", processMetrics: false });
  const service = await startHubService(
    { chain: chain.chain, database, key, logger: silent, metrics },
    {
      contracts: { hub: chain.hub, clerk: chain.clerk },
      ...{ databaseUrl, url, startBlock: chain.deployment.deployedAtBlock, pollMs: 50 },
      ...{ origins: [], originPollMs: 100, allowPrivate: true, requestLimit: 100_000, strictLimit: 100_000 },
      ...{ deliveryRetries: 5, deliveryDelayS: 1 },
      ...over,
    },
  );
  const server = await createServer({ logger: silent, metrics }, { name: "hub", trustProxy });
  await service.register(server);
  await listen(server, { port });
  const client: HubClient = createHubClient({}, { baseUrl: url, retries: 0 });
  return {
    url,
    key: key as ShopKey,
    database,
    service,
    client,
    metrics,
    /** Resolves once the list shows it. */
    until: (code: string, standing: string) =>
      until(
        `${code} is ${standing}`,
        async () => (await client.shop(code).catch(() => undefined))?.standing === standing,
      ),
    async stop() {
      await server.close();
      await service.stop();
      await database.close();
    },
  };
}

/** Asks until it is so; fails after a while. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so in ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
