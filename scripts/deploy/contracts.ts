import type { Address } from "viem";
import {
  BlockhashSeedSource__factory,
  Clerk__factory,
  Keyring__factory,
  Poco__factory,
  Registry__factory,
  Token__factory,
} from "#typechain";
import type { MarketParameters } from "./parameters.ts";

export type DeployedName = "token" | "registry" | "keyring" | "seedSource" | "clerk" | "poco";
export type Addresses = Readonly<Record<DeployedName, Address>>;

/** The deployer owns what it has to set up, until all is in place. */
export interface Blueprint {
  readonly parameters: MarketParameters;
  readonly deployer: Address;
}

type InitCode = (at: Addresses, blueprint: Blueprint) => Promise<{ readonly data: string }>;

/** What is deployed, in waves: each refers only to what earlier waves deployed. A further contract is added here. */
export const WAVES: readonly Readonly<Partial<Record<DeployedName, InitCode>>>[] = [
  {
    token: (_, { parameters }) => new Token__factory().getDeployTransaction(parameters.treasury),
    registry: () => new Registry__factory().getDeployTransaction(),
    keyring: () => new Keyring__factory().getDeployTransaction(),
    seedSource: () => new BlockhashSeedSource__factory().getDeployTransaction(),
  },
  {
    clerk: (at, { deployer }) =>
      new Clerk__factory().getDeployTransaction(at.token, at.registry, at.keyring, deployer),
  },
  {
    poco: (at, { parameters, deployer }) =>
      new Poco__factory().getDeployTransaction(
        ...([at.clerk, at.registry, at.seedSource, parameters.treasury, deployer] as const),
      ),
  },
];

/** Those by whose verdict the Clerk pays. */
export const CERTIFIERS = ["poco"] as const satisfies readonly DeployedName[];

/** Those that governance owns. */
export const OWNED = ["clerk", "poco"] as const satisfies readonly DeployedName[];
