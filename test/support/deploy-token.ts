import { JsonRpcProvider, Wallet } from "ethers";
import { developmentKey } from "#src/chain/development-keys.ts";
import { Token__factory } from "#typechain";

/** Deploys HANSE alone, its supply with development account 0. */
export async function deployToken(rpcUrl: string): Promise<`0x${string}`> {
  const provider = new JsonRpcProvider(rpcUrl, undefined, { pollingInterval: 50, cacheTimeout: -1 });
  try {
    const owner = new Wallet(developmentKey(0), provider);
    const token = await new Token__factory(owner).deploy(owner.address);
    await token.waitForDeployment();
    return (await token.getAddress()) as `0x${string}`;
  } finally {
    provider.destroy();
  }
}
