import { getAddress, hexToBigInt } from "viem";
import { z } from "zod";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { type ConfigSources, defineOption } from "#src/kernel/config.ts";
import { httpUrlOption, listOption } from "#src/kernel/config-types.ts";
import { startPoolService } from "#src/pool/pool-service.ts";
import type { PoolTables } from "#src/pool/pool-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import { joinChain } from "./join-chain.ts";
import {
  address,
  databaseUrl,
  deployment,
  host,
  pollMs,
  poolId,
  port,
  privateKey,
  rpcUrl,
} from "./options.ts";
import { runService } from "./run-service.ts";

export const poolOptions = {
  host,
  port: port(4101),
  rpcUrl,
  deployment,
  databaseUrl,
  privateKey,
  pool: poolId,
  pollMs,
  contentUrl: defineOption({
    schema: httpUrlOption(),
    env: "HANSE_CONTENT_URL",
    doc: "base URL of the content service that takes the workers' outputs",
  }),
  trustedWorkers: defineOption({
    schema: listOption().pipe(z.array(address)).optional(),
    env: "HANSE_TRUSTED_WORKERS",
    doc: "addresses of the workers that may be named for tasks of trust 0 and 1, separated by commas; default: whoever has a seat",
  }),
};

/** `hanse pool start`: the scheduler of one pool. */
export async function startPool(sources: ConfigSources): Promise<void> {
  await runService("pool", poolOptions, sources, async ({ config, logger, metrics, shutdown }) => {
    const { chain, deployment: manifest, sender } = await joinChain(config);
    const database = await openDatabase<PoolTables>(
      { logger },
      { url: config.databaseUrl, schema: "pool", applicationName: "hanse pool" },
    );
    shutdown.add("database", () => database.close());
    const service = await startPoolService(
      { chain, deployment: manifest, sender, database, logger, metrics },
      {
        pool: hexToBigInt(config.pool),
        contentUrl: config.contentUrl,
        ...(config.trustedWorkers === undefined
          ? {}
          : { trusted: config.trustedWorkers.map((each) => getAddress(each)) }),
      },
    );
    shutdown.add("scheduler", () => service.stop());
    const server = await createServer(
      { logger, metrics },
      { name: "pool", ready: { database: () => database.ping() } },
    );
    service.register(server);
    shutdown.add("server", () => server.close());
    const { url } = await listen(server, config);
    logger.info({ url, pool: config.pool }, "pool scheduler is up");
    return { done: service.done };
  });
}
