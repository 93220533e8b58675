import { getAddress, hexToBigInt } from "viem";
import { z } from "zod";
import { createChainCheck, createFollowingCheck } from "#src/chain/chain-check.ts";
import { accountOfKey } from "#src/chain/development-keys.ts";
import { openPostgresJournal } from "#src/chain/postgres-journal.ts";
import { createSender } from "#src/chain/sender.ts";
import { createSenderPool } from "#src/chain/sender-pool.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import { type ConfigSources, defineOption } from "#src/kernel/config.ts";
import { httpUrlOption, listOption, wholeNumberOption } from "#src/kernel/config-types.ts";
import { startPoolService } from "#src/pool/pool-service.ts";
import type { PoolTables } from "#src/pool/pool-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import { joinChain, runSender } from "./join-chain.ts";
import {
  address,
  bytes32,
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
  helperKeys: defineOption({
    schema: listOption().pipe(z.array(bytes32)),
    env: "HANSE_HELPER_KEYS",
    doc: "further keys that take turns with the pool's own where anybody may send, separated by commas; each needs coin for gas",
    default: [],
    secret: true,
  }),
  trustedWorkers: defineOption({
    schema: listOption().pipe(z.array(address)).optional(),
    env: "HANSE_TRUSTED_WORKERS",
    doc: "addresses of the workers that may be named for tasks of trust 0 and 1, separated by commas; default: whoever has a seat",
  }),
  logRetentionDays: defineOption({
    schema: wholeNumberOption({ min: 1, max: 36_500 }),
    env: "HANSE_LOG_RETENTION_DAYS",
    doc: "for how many days the log of a settled task is kept",
    default: 30,
  }),
};

const DAY_MS = 86_400_000;

/** `hanse pool start`: the scheduler of one pool. */
export async function startPool(sources: ConfigSources): Promise<void> {
  await runService("pool", poolOptions, sources, async ({ config, logger, metrics, shutdown }) => {
    const database = await openDatabase<PoolTables>(
      { logger },
      { url: config.databaseUrl, schema: "pool", applicationName: "hanse pool" },
    );
    shutdown.add("database", () => database.close());
    const journal = await openPostgresJournal({ database, logger }, "pool_journal");
    const { chain, deployment: manifest, sender } = await joinChain({ journal, logger, metrics }, config);
    const accounts = new Map(
      config.helperKeys.map((key) => accountOfKey(key, chain.chainId)).map((each) => [each.address, each]),
    );
    // One account has one sender, which knows its nonces.
    accounts.delete(sender.address);
    const helpers = [...accounts.values()].map((account) =>
      createSender({ chain, account, journal, logger }, { pollMs: config.pollMs }),
    );
    const anySender = createSenderPool({ chain, journal, senders: [sender, ...helpers] });
    const service = await startPoolService(
      { chain, deployment: manifest, sender, anySender, database, logger, metrics },
      {
        pool: hexToBigInt(config.pool),
        contentUrl: config.contentUrl,
        logRetentionMs: config.logRetentionDays * DAY_MS,
        ...(config.trustedWorkers === undefined
          ? {}
          : { trusted: config.trustedWorkers.map((each) => getAddress(each)) }),
      },
    );
    // Its lock says by now that no other process sends for this pool.
    for (const each of [sender, ...helpers]) runSender(each, shutdown);
    shutdown.add("scheduler", () => service.stop());
    const head = createChainCheck(chain);
    const ready = {
      database: () => database.ping(),
      chain: head,
      following: createFollowingCheck(head, service.followedTo),
    };
    const server = await createServer({ logger, metrics }, { name: "pool", ready });
    service.register(server);
    shutdown.add("server", () => server.close());
    const { url } = await listen(server, config);
    logger.info({ url, pool: config.pool }, "pool scheduler is up");
    return { done: service.done };
  });
}
