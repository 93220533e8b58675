import type { Registry } from "prom-client";
import type { Hex } from "viem";
import { connectChain } from "#src/chain/chain-client.ts";
import { checkDeployment, readDeployment } from "#src/chain/deployment.ts";
import { accountOfKey } from "#src/chain/development-keys.ts";
import { createSender, type JournaledSender } from "#src/chain/sender.ts";
import type { TransactionJournal } from "#src/chain/transaction-journal.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Shutdown } from "#src/kernel/shutdown.ts";

/**
 * What every service that acts on the chain begins with: the manifest, the chain it belongs to, and who acts.
 * @throws HANSE_CONFIG_INVALID, HANSE_RPC_UNAVAILABLE, HANSE_CHAIN_MISMATCH, HANSE_DEVELOPMENT_KEY_REFUSED
 */
export async function joinChain(
  deps: { readonly journal: TransactionJournal; readonly logger: Logger; readonly metrics: Registry },
  config: {
    readonly deployment: string;
    readonly rpcUrl: readonly string[];
    readonly pollMs: number;
    readonly privateKey: Hex;
  },
) {
  const { journal, logger, metrics } = deps;
  const { pollMs } = config;
  const deployment = await readDeployment(config.deployment);
  const chain = await connectChain(config.rpcUrl, { pollMs, metrics });
  await checkDeployment(chain, deployment);
  const account = accountOfKey(config.privateKey, chain.chainId);
  const sender = createSender({ chain, account, journal, logger }, { pollMs });
  return { deployment, chain, account, sender };
}

/** Has a sender see to its transactions until the shutdown; those of services that lead by turns do it themselves. */
export function runSender(sender: JournaledSender, shutdown: Shutdown): void {
  const stopping = new AbortController();
  const running = sender.run(stopping.signal);
  shutdown.add("sender", async () => {
    stopping.abort();
    await running;
  });
}
