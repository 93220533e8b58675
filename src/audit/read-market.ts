import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Database } from "#src/store/database.ts";
import type { MarketFacts } from "./facts.ts";
import { readBrokerFacts } from "./read-broker.ts";
import { readChainFacts } from "./read-chain.ts";
import { readPoolFacts } from "./read-pool.ts";

export interface MarketSources {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Of a broker and of pools: a database may hold one of each. */
  readonly databases: readonly Database<unknown>[];
}

/** All facts about one market: databases first, so that the chain is at least as new. */
export async function readMarketFacts(sources: MarketSources): Promise<Omit<MarketFacts, "now">> {
  const { chain, deployment, databases } = sources;
  const { clerk } = deployment.contracts;
  const brokers = await Promise.all(databases.map((database) => readBrokerFacts({ database, chain, clerk })));
  const pools = await Promise.all(databases.map((database) => readPoolFacts({ database, chain })));
  const [broker, ...others] = brokers.filter((each) => each !== undefined);
  if (others.length > 0) {
    throw new HanseError(
      "HANSE_ARGUMENT_INVALID",
      "Several of the databases are brokers'; audit one at a time",
    );
  }
  return {
    broker,
    pools: pools.filter((pool) => pool !== undefined),
    chain: await readChainFacts(chain, deployment),
  };
}
