import { join } from "node:path";
import { z } from "zod";
import { createChainCheck, createFollowingCheck } from "#src/chain/chain-check.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { checkDeployment, readDeployment } from "#src/chain/deployment.ts";
import { keepSeed } from "#src/crypto/seed-file.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { startHubService } from "#src/hub/hub-service.ts";
import type { HubTables } from "#src/hub/hub-tables.ts";
import { shopKeyFromSeed } from "#src/identity/shop-key.ts";
import { type ConfigSources, defineOption } from "#src/kernel/config.ts";
import { httpUrlOption, listOption, switchOption, wholeNumberOption } from "#src/kernel/config-types.ts";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import { openDatabase } from "#src/store/database.ts";
import { databaseUrl, deployment, host, pollMs, port, rpcUrl, stateDir, trustProxy } from "./options.ts";
import { runService } from "./run-service.ts";

export const hubOptions = {
  host,
  port: port(4104),
  rpcUrl,
  deployment,
  databaseUrl,
  pollMs,
  stateDir: { ...stateDir, default: ".hanse/hub" },
  publicUrl: defineOption({
    schema: httpUrlOption(),
    env: "HANSE_PUBLIC_URL",
    doc: "URL at which others know this service; log-ins and tokens are good for it alone",
    default: "http://127.0.0.1:4104",
  }),
  origins: defineOption({
    schema: listOption().pipe(z.array(httpUrlOption())),
    env: "HANSE_HUB_ORIGINS",
    doc: "base URLs of other hub services whose shops are listed too, separated by commas, the more trusted first",
    default: [],
  }),
  originPollS: defineOption({
    schema: wholeNumberOption({ min: 1, max: 86_400 }),
    env: "HANSE_HUB_ORIGIN_POLL_S",
    doc: "time between two looks at other hub services, in seconds",
    default: 30,
  }),
  allowPrivateEndpoints: defineOption({
    schema: switchOption(),
    env: "HANSE_ALLOW_PRIVATE_ENDPOINTS",
    doc: "whether shops and other hub services may answer by http, and at private and loopback addresses: for development",
    default: false,
  }),
  trustProxy,
  requestLimit: defineOption({
    schema: wholeNumberOption({ min: 1 }),
    env: "HANSE_REQUEST_LIMIT",
    doc: "requests in a minute that are taken of one address",
    default: 600,
  }),
  strictLimit: defineOption({
    schema: wholeNumberOption({ min: 1 }),
    env: "HANSE_STRICT_LIMIT",
    doc: "of these, log-ins, and what has the service call a shop",
    default: 30,
  }),
  deliveryRetries: defineOption({
    schema: wholeNumberOption({ min: 0, max: 100 }),
    env: "HANSE_DELIVERY_RETRIES",
    doc: "how often a shop that does not take the news of a change is told again",
    default: 10,
  }),
  deliveryDelayS: defineOption({
    schema: wholeNumberOption({ min: 1, max: 3_600 }),
    env: "HANSE_DELIVERY_DELAY_S",
    doc: "time before it is told again for the first time, in seconds; doubled each time, up to an hour",
    default: 30,
  }),
};

/** `hanse hub start`: lists the shops of a Hub, logs wallets in, and tells shops of each other. */
export async function startHub(sources: ConfigSources): Promise<void> {
  await runService("hub", hubOptions, sources, async ({ config, logger, metrics, shutdown }) => {
    const lock = await lockDirectory(config.stateDir);
    shutdown.add("lock", () => lock.release());
    const key = shopKeyFromSeed(await keepSeed(join(config.stateDir, "hub.key")));
    const database = await openDatabase<HubTables>(
      { logger },
      { url: config.databaseUrl, schema: "hub", applicationName: "hanse hub" },
    );
    shutdown.add("database", () => database.close());
    const manifest = await readDeployment(config.deployment);
    const chain = await connectChain(config.rpcUrl, { pollMs: config.pollMs, metrics });
    await checkDeployment(chain, manifest);
    const service = await startHubService(
      { chain, database, key, logger, metrics },
      {
        contracts: manifest.contracts,
        databaseUrl: config.databaseUrl,
        url: config.publicUrl,
        startBlock: manifest.deployedAtBlock + 1n,
        pollMs: config.pollMs,
        origins: config.origins,
        originPollMs: config.originPollS * 1000,
        allowPrivate: config.allowPrivateEndpoints,
        ...{ requestLimit: config.requestLimit, strictLimit: config.strictLimit },
        ...{ deliveryRetries: config.deliveryRetries, deliveryDelayS: config.deliveryDelayS },
      },
    );
    shutdown.add("hub", () => service.stop());
    const head = createChainCheck(chain);
    const server = await createServer(
      { logger, metrics },
      {
        name: "Hanse hub",
        description: "Lists the shops of a Hub, logs wallets in, and tells shops of each other.",
        bodyLimit: 65_536,
        ...(config.trustProxy.length === 0 ? {} : { trustProxy: config.trustProxy }),
        ready: {
          database: () => database.ping(),
          chain: head,
          following: createFollowingCheck(head, service.followedTo),
        },
      },
    );
    await service.register(server);
    shutdown.add("server", () => server.close());
    const { url } = await listen(server, config);
    logger.info({ url, hub: manifest.contracts.hub }, "hub service is up");
    return { done: service.done };
  });
}
