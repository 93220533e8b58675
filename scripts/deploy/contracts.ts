import type { Address } from "viem";
import {
  BlockhashSeedSource__factory,
  Clerk__factory,
  Hub__factory,
  Jury__factory,
  Keyring__factory,
  Poco__factory,
  Ratings__factory,
  Receipt__factory,
  Registry__factory,
  Token__factory,
} from "#typechain";
import { arbitrationApp } from "./arbitration-app.ts";
import { disputeRulesOf, hubParametersOf, type MarketParameters, ratingBoundsOf } from "./parameters.ts";

export type DeployedName =
  | ("token" | "registry" | "keyring" | "seedSource" | "clerk" | "poco" | "jury")
  | ("receipt" | "hub" | "ratings");
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
    jury: (at, { parameters, deployer }) =>
      new Jury__factory().getDeployTransaction(
        ...([at.clerk, at.registry, at.seedSource, parameters.treasury, deployer] as const),
      ),
    hub: (at, { parameters, deployer }) =>
      new Hub__factory().getDeployTransaction(
        ...([at.clerk, parameters.treasury, deployer, hubParametersOf(parameters)] as const),
      ),
    ratings: (at, { parameters }) => {
      const { floor, cap } = ratingBoundsOf(parameters);
      return new Ratings__factory().getDeployTransaction(at.clerk, floor, cap);
    },
  },
  {
    receipt: (at, { parameters, deployer }) =>
      new Receipt__factory().getDeployTransaction(
        at.clerk,
        disputeRulesOf(parameters, at.jury, arbitrationApp(deployer).id),
      ),
  },
];

/** Those by whose verdict the Clerk pays, and the parameter that has their categories. */
export const CERTIFIERS = [
  ["poco", "categories"],
  ["jury", "juryCategories"],
] as const satisfies readonly (readonly [DeployedName, keyof MarketParameters])[];

/** Those that governance owns. */
export const OWNED = ["clerk", "poco", "jury", "hub"] as const satisfies readonly DeployedName[];
