import { createBroker } from "#src/broker/broker.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { createClerkMarketChain } from "#src/broker/clerk-market-chain.ts";
import { openPostgresJournal } from "#src/chain/postgres-journal.ts";
import { type ConfigSources, defineOption } from "#src/kernel/config.ts";
import { wholeNumberOption } from "#src/kernel/config-types.ts";
import { openDatabase } from "#src/store/database.ts";
import { joinChain } from "./join-chain.ts";
import { databaseUrl, deployment, host, pollMs, port, privateKey, rpcUrl } from "./options.ts";
import { runService } from "./run-service.ts";

export const brokerOptions = {
  host,
  port: port(4100),
  rpcUrl,
  deployment,
  databaseUrl,
  privateKey,
  pollMs,
  batchSize: defineOption({
    schema: wholeNumberOption({ min: 1, max: 50 }),
    env: "HANSE_BATCH_SIZE",
    doc: "matches that go into one transaction at most",
    default: 50,
  }),
};

/** `hanse broker start`: keeps orders, matches them and has them sealed. */
export async function startBroker(sources: ConfigSources): Promise<void> {
  await runService("broker", brokerOptions, sources, async ({ config, logger, metrics, shutdown }) => {
    const database = await openDatabase<BrokerTables>(
      { logger },
      { url: config.databaseUrl, schema: "broker", applicationName: "hanse broker" },
    );
    shutdown.add("database", () => database.close());
    const journal = await openPostgresJournal({ database, logger }, "broker_journal");
    const { chain, deployment: manifest, sender } = await joinChain({ journal, logger, metrics }, config);
    const market = createClerkMarketChain(
      { chain, deployment: manifest, sender, logger },
      { pollMs: config.pollMs },
    );
    const broker = createBroker({ chain: market, database, logger, metrics }, config);
    shutdown.add("broker", () => broker.stop());
    const { url } = await broker.start();
    logger.info({ url }, "broker is up");
    return {};
  });
}
