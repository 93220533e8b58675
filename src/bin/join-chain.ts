import type { Hex } from "viem";
import { connectChain } from "#src/chain/chain-client.ts";
import { checkDeployment, readDeployment } from "#src/chain/deployment.ts";
import { accountOfKey } from "#src/chain/development-keys.ts";
import { createSender } from "#src/chain/sender.ts";

/**
 * What every service that acts on the chain begins with: the manifest, the chain it belongs to, and who acts.
 * @throws HANSE_CONFIG_INVALID, HANSE_RPC_UNAVAILABLE, HANSE_CHAIN_MISMATCH, HANSE_DEVELOPMENT_KEY_REFUSED
 */
export async function joinChain(config: {
  readonly deployment: string;
  readonly rpcUrl: string;
  readonly pollMs: number;
  readonly privateKey: Hex;
}) {
  const deployment = await readDeployment(config.deployment);
  const chain = await connectChain(config.rpcUrl, { pollMs: config.pollMs });
  await checkDeployment(chain, deployment);
  const account = accountOfKey(config.privateKey, chain.chainId);
  const sender = createSender({ chain, account }, { pollMs: config.pollMs });
  return { deployment, chain, account, sender };
}
