import { readFile } from "node:fs/promises";
import { type Address, getAddress, type Hex, isAddress, keccak256 } from "viem";
import { z } from "zod";
import { HanseError } from "#src/kernel/errors.ts";
import type { ChainClient } from "./chain-client.ts";

const address = z
  .string()
  .refine((text) => isAddress(text, { strict: false }))
  .transform((text): Address => getAddress(text));
const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Hex);

/** What `scripts/deploy` leaves behind: where the contracts are, and on exactly which chain. */
export const deploymentSchema = z.object({
  chainId: z.number().int().positive(),
  /** Tells a chain from another of the same id, such as a development chain that was started anew. */
  genesisHash: hash,
  /** The block before the first contract: nothing of interest happened earlier. */
  deployedAtBlock: z.string().transform((text) => BigInt(text)),
  contracts: z.object({
    token: address,
    registry: address,
    /** Who signs for whom. */
    keyring: address,
    clerk: address,
    /** Holds the Clerk's tokens. */
    till: address,
    seedSource: address,
    poco: address,
    jury: address,
    /** Goods: orders, deals, parcels. */
    receipt: address,
    /** Who is in, of shops. */
    hub: address,
    /** What buyers think of sellers. */
    ratings: address,
  }),
  /** Keccak-256 of each contract's code, by the names above. */
  codeHashes: z.record(z.string(), hash),
});

export type Deployment = z.output<typeof deploymentSchema>;

/** @throws HANSE_CONFIG_INVALID when the file is missing or is no manifest */
export async function readDeployment(path: string): Promise<Deployment> {
  try {
    return deploymentSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new HanseError(
      "HANSE_CONFIG_INVALID",
      `${path} is ${missing ? "not there" : "no deployment manifest"}`,
      {
        hint: "Deploy the contracts first, or correct the path to the manifest.",
        details: { path },
      },
    );
  }
}

/**
 * Proves that the chain is the one of the manifest.
 * @throws HANSE_CHAIN_MISMATCH when it has another id, another genesis or no contracts: the development chain was
 * rewound or replaced, or the endpoint is wrong
 */
export async function checkDeployment(chain: ChainClient, deployment: Deployment): Promise<void> {
  const genesis = await chain.viem.getBlock({ blockNumber: 0n });
  const changed = await findChangedCode(chain, deployment);
  const wrong =
    chain.chainId !== deployment.chainId
      ? { what: "chain id", expected: deployment.chainId, found: chain.chainId }
      : genesis.hash !== deployment.genesisHash
        ? { what: "genesis block", expected: deployment.genesisHash, found: genesis.hash }
        : changed;
  if (wrong === undefined) return;
  throw new HanseError("HANSE_CHAIN_MISMATCH", `the chain is another one: its ${wrong.what} differs`, {
    details: wrong,
  });
}

/** The first contract whose code is not what was deployed. */
async function findChangedCode(chain: ChainClient, { contracts, codeHashes }: Deployment) {
  const found = await Promise.all(
    Object.entries(contracts).map(async ([name, address]) => {
      const code = await chain.viem.getCode({ address });
      return { what: `code of ${name}`, expected: codeHashes[name], found: keccak256(code ?? "0x") };
    }),
  );
  return found.find(({ expected, found }) => expected !== found);
}
