import { rm } from "node:fs/promises";
import { connectChain } from "#src/chain/chain-client.ts";
import { checkDeployment, deploymentSchema } from "#src/chain/deployment.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID } from "#src/chain/development-keys.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { checkLasting, readOwnership } from "./check.ts";
import { deploy } from "./deploy.ts";
import { connectProvider } from "./deployer.ts";
import { journalPath, type Manifest, readJournal, readManifest, writeJson } from "./manifest.ts";
import { findChange, resolveParameters } from "./parameters.ts";

export interface RunOptions {
  readonly rpcUrl: string;
  readonly privateKey: string;
  readonly manifestPath: string;
  /** What a file of parameters holds, not checked yet; absent: none was named. */
  readonly parameters?: unknown;
}

/**
 * Deploys, goes on with an interrupted deployment, or proves that the one of the manifest stands. What stands is never
 * deployed again; only a development chain that was thrown away is.
 * @returns what was done
 * @throws HANSE_CONFIG_INVALID when the parameters differ from those of what stands; HANSE_CHAIN_MISMATCH when the chain
 * is not the manifest's; and what `deploy` throws
 */
export async function runDeployment(options: RunOptions): Promise<{ deployed: boolean; manifest: Manifest }> {
  const { rpcUrl, privateKey, manifestPath, parameters } = options;
  const { chainId } = await connectChain(rpcUrl);
  const standing = await readManifest(manifestPath).catch((error) => {
    // Made by an older version: nothing that a development chain would miss.
    if (isThrowaway(chainId, error)) return undefined;
    throw error;
  });
  if (standing !== undefined && (await stands(rpcUrl, standing))) {
    return { deployed: false, manifest: await confirm(options, standing) };
  }

  const journal = await readJournal(manifestPath);
  const isGone =
    journal?.chainId === DEVELOPMENT_CHAIN_ID &&
    chainId === DEVELOPMENT_CHAIN_ID &&
    !(await isOfChain(rpcUrl, journal.genesisHash));
  const manifest = await deploy({
    ...{ rpcUrl, privateKey, parameters },
    unfinished: isGone ? undefined : journal,
    keep: (current) => writeJson(journalPath(manifestPath), current),
  });
  await writeJson(manifestPath, manifest);
  await rm(journalPath(manifestPath), { force: true });
  return { deployed: true, manifest };
}

/** Whether the contracts of the manifest are there. A development chain may have been thrown away, others may not. */
async function stands(rpcUrl: string, manifest: Manifest): Promise<boolean> {
  const chain = await connectChain(rpcUrl);
  try {
    await checkDeployment(chain, deploymentSchema.parse(manifest));
    return true;
  } catch (error) {
    const isMismatch = isHanseError(error, "HANSE_CHAIN_MISMATCH");
    if (isMismatch && chain.chainId === DEVELOPMENT_CHAIN_ID && manifest.chainId === DEVELOPMENT_CHAIN_ID) {
      return false;
    }
    throw error;
  }
}

/** Whether it was a manifest of a development chain, and this is one. */
function isThrowaway(chainId: number, error: unknown): boolean {
  return (
    chainId === DEVELOPMENT_CHAIN_ID &&
    isHanseError(error, "HANSE_CONFIG_INVALID") &&
    error.details.chainId === DEVELOPMENT_CHAIN_ID
  );
}

async function isOfChain(rpcUrl: string, genesisHash: string): Promise<boolean> {
  const { viem } = await connectChain(rpcUrl);
  return (await viem.getBlock({ blockNumber: 0n })).hash === genesisHash;
}

/** What stands is as the manifest says, and nobody asks for anything else. */
async function confirm(
  { rpcUrl, privateKey, manifestPath, parameters }: RunOptions,
  standing: Manifest,
): Promise<Manifest> {
  if (parameters !== undefined) {
    const { address } = accountOfKey(privateKey as `0x${string}`, standing.chainId);
    const change = findChange(standing.parameters, resolveParameters(parameters, standing.chainId, address));
    if (change !== undefined) {
      throw new HanseError("HANSE_CONFIG_INVALID", `the market stands with other parameters: ${change}`, {
        hint: "Governance changes what stands. To deploy another market, name another manifest.",
        details: { change },
      });
    }
  }
  const provider = connectProvider(rpcUrl);
  try {
    await checkLasting(provider, standing);
    const ownership = await readOwnership(provider, standing.contracts);
    if (JSON.stringify(ownership) === JSON.stringify(standing.ownership)) return standing;
    // Governance has accepted since.
    const manifest = { ...standing, ownership };
    await writeJson(manifestPath, manifest);
    return manifest;
  } finally {
    provider.destroy();
  }
}
