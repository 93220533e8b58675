import type { Hex } from "viem";
import { createBroker } from "#src/broker/broker.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { createClerkMarketChain } from "#src/broker/clerk-market-chain.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { accountOfKey } from "#src/chain/development-keys.ts";
import { createSender } from "#src/chain/sender.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { openDatabase } from "#src/store/database.ts";
import { silent } from "../../store/test-database.ts";

/** A broker in this process, on a real database and chain. */
export async function startTestBroker(
  { chain, deployment }: { readonly chain: ChainClient; readonly deployment: Deployment },
  { databaseUrl, key }: { readonly databaseUrl: string; readonly key: Hex },
) {
  const sender = createSender({ chain, account: accountOfKey(key, chain.chainId) });
  const database = await openDatabase<BrokerTables>(
    { logger: silent },
    { url: databaseUrl, schema: "broker" },
  );
  const market = createClerkMarketChain({ chain, deployment, sender, logger: silent }, { pollMs: 100 });
  const metrics = createMetrics({ service: "test", processMetrics: false });
  const broker = createBroker({ chain: market, database, logger: silent, metrics }, { port: 0 });
  const { url } = await broker.start();
  return {
    url,
    async stop() {
      await broker.stop();
      await database.close();
    },
  };
}
