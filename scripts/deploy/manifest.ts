import { readFile, rename, writeFile } from "node:fs/promises";
import { type Address, getAddress } from "viem";
import { z } from "zod";
import { deploymentSchema } from "#src/chain/deployment.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { DeployedName, OWNED } from "./contracts.ts";
import type { MarketParameters } from "./parameters.ts";

/** Who owns a contract; `pending` has to call `acceptOwnership` before it does. */
export interface Ownership {
  readonly owner: Address;
  readonly pending?: Address;
}

/** What a deployment leaves behind; services read it through `src/chain/deployment.ts`. */
export interface Manifest {
  readonly chainId: number;
  readonly genesisHash: string;
  readonly deployedAtBlock: string;
  readonly deployer: Address;
  readonly contracts: Readonly<Record<DeployedName | "till", Address>>;
  readonly codeHashes: Readonly<Record<string, string>>;
  readonly ownership: Readonly<Record<(typeof OWNED)[number], Ownership>>;
  readonly parameters: MarketParameters;
}

/** A deployment that is not finished: what was sent, so that a second run goes on where the first was interrupted. */
export interface Journal {
  readonly chainId: number;
  readonly genesisHash: string;
  readonly deployedAtBlock: string;
  readonly deployer: Address;
  readonly parameters: MarketParameters;
  readonly sent: Readonly<Partial<Record<DeployedName, Sent>>>;
}

/** A contract on its way to the chain. */
export interface Sent {
  /** The deployer's, which gives the address. */
  readonly nonce: number;
  readonly address: Address;
  /** Keccak-256 of the code that creates it, constructor arguments included. */
  readonly initCodeHash: string;
}

const parameters = z.object({
  governance: z.string(),
  treasury: z.string(),
  categories: z.array(z.unknown()),
  juryCategories: z.array(z.unknown()),
  hub: z.record(z.string(), z.unknown()),
  receipt: z.record(z.string(), z.unknown()),
  ratings: z.record(z.string(), z.unknown()),
});

const manifestSchema = deploymentSchema.extend({
  deployer: z.string().transform((text) => getAddress(text)),
  ownership: z.record(z.string(), z.object({ owner: z.string(), pending: z.string().optional() })),
  parameters,
});

const journalSchema = z.object({
  ...{ chainId: z.number(), genesisHash: z.string(), deployedAtBlock: z.string(), deployer: z.string() },
  parameters,
  sent: z.record(z.string(), z.object({ nonce: z.number(), address: z.string(), initCodeHash: z.string() })),
});

/**
 * @returns the manifest, or nothing where there is no such file
 * @throws HANSE_CONFIG_INVALID when the file holds anything else
 */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  const content = await readJson(path);
  if (content === undefined) return undefined;
  const { success, error } = manifestSchema.safeParse(content);
  if (success) return content as Manifest;
  throw new HanseError("HANSE_CONFIG_INVALID", `${path} is no deployment manifest`, {
    hint: "Name another file for the manifest, or move this one away.",
    details: { path, chainId: (content as { chainId?: unknown } | null)?.chainId },
    cause: error,
  });
}

/** Where an unfinished deployment is kept, beside the manifest that it will become. */
export const journalPath = (manifestPath: string) => `${manifestPath}.unfinished`;

/**
 * @returns the journal, or nothing where no deployment was interrupted
 * @throws HANSE_CONFIG_INVALID when the file holds anything else
 */
export async function readJournal(manifestPath: string): Promise<Journal | undefined> {
  const path = journalPath(manifestPath);
  const content = await readJson(path);
  if (content === undefined || journalSchema.safeParse(content).success)
    return content as Journal | undefined;
  throw new HanseError("HANSE_CONFIG_INVALID", `${path} is no unfinished deployment`, {
    hint: "Move it away to deploy anew.",
    details: { path },
  });
}

/** In one step, so that nobody reads half a file. */
export async function writeJson(path: string, content: Manifest | Journal): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HanseError("HANSE_CONFIG_INVALID", `${path} is not JSON`, {
      hint: "Name another file for the manifest, or move this one away.",
      details: { path },
      cause,
    });
  }
}
