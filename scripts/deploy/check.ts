import type { JsonRpcProvider } from "ethers";
import { MaxUint256, ZeroAddress } from "ethers";
import { type Address, getAddress } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import {
  Clerk__factory,
  Hub__factory,
  Panel__factory,
  Ratings__factory,
  Receipt__factory,
  Registry__factory,
  Token__factory,
} from "#typechain";
import { arbitrationApp } from "./arbitration-app.ts";
import { CERTIFIERS, OWNED } from "./contracts.ts";
import type { Manifest, Ownership } from "./manifest.ts";
import { disputeRulesOf, hubParametersOf, ratingBoundsOf } from "./parameters.ts";

type Deployed = Pick<Manifest, "chainId" | "contracts" | "parameters" | "deployer">;

interface Fact {
  readonly what: string;
  readonly found: unknown;
  readonly expected: unknown;
}

const SUPPLY = 87_000_000n * 10n ** 9n;

/**
 * What holds for as long as the market stands: nobody can change it.
 * @throws HANSE_CHAIN_MISMATCH with everything that is not so
 */
export async function checkLasting(provider: JsonRpcProvider, deployed: Deployed): Promise<void> {
  const { contracts, parameters } = deployed;
  const token = Token__factory.connect(contracts.token, provider);
  const clerk = Clerk__factory.connect(contracts.clerk, provider);
  const domain = await clerk.eip712Domain();
  const facts: Fact[] = [
    { what: "the whole supply exists", found: await token.totalSupply(), expected: SUPPLY },
    { what: "amounts have nine decimals", found: await token.decimals(), expected: 9n },
    { what: "the Clerk keeps the token", found: await clerk.TOKEN(), expected: contracts.token },
    { what: "the Clerk reads the registry", found: await clerk.REGISTRY(), expected: contracts.registry },
    { what: "the Clerk asks the keyring", found: await clerk.KEYRING(), expected: contracts.keyring },
    { what: "the Clerk has its till", found: await clerk.TILL(), expected: contracts.till },
    {
      what: "the Clerk may move all that is in the till",
      found: await token.allowance(contracts.till, contracts.clerk),
      expected: MaxUint256,
    },
    { what: "orders are signed for this Clerk", found: domain.verifyingContract, expected: contracts.clerk },
    { what: "orders are signed for this chain", found: domain.chainId, expected: BigInt(deployed.chainId) },
  ];
  for (const [name, categories] of CERTIFIERS) {
    const certifier = Panel__factory.connect(contracts[name], provider);
    facts.push(
      { what: `${name} settles with the Clerk`, found: await certifier.CLERK(), expected: contracts.clerk },
      { what: `${name} reads the registry`, found: await certifier.REGISTRY(), expected: contracts.registry },
      {
        what: `${name} draws by the seed source`,
        found: await certifier.SEEDS(),
        expected: contracts.seedSource,
      },
      {
        what: `${name} fines to the treasury`,
        found: await certifier.TREASURY(),
        expected: parameters.treasury,
      },
    );
    for (const [number, category] of parameters[categories].entries()) {
      facts.push({
        what: `${name} has category ${number}`,
        found: await readCategory(certifier, number),
        expected: `${category.roundBlocks} ${category.deadlineBlocks}`,
      });
    }
  }
  facts.push(...(await factsOfShops(provider, deployed)));
  insist(facts);
}

async function factsOfShops(
  provider: JsonRpcProvider,
  { contracts, parameters, deployer }: Deployed,
): Promise<Fact[]> {
  const hub = Hub__factory.connect(contracts.hub, provider);
  const ratings = Ratings__factory.connect(contracts.ratings, provider);
  const receipt = Receipt__factory.connect(contracts.receipt, provider);
  const app = arbitrationApp(deployer);
  const rules = disputeRulesOf(parameters, contracts.jury, app.id);
  const found = await receipt.rules();
  const registry = Registry__factory.connect(contracts.registry, provider);
  const { floor, cap } = ratingBoundsOf(parameters);
  return [
    { what: "the Receipt's bonds are the Clerk's", found: await receipt.CLERK(), expected: contracts.clerk },
    ...Object.entries(rules).map(([name, expected]) => ({
      what: `the Receipt has its ${name}`,
      found: String(found[name as keyof typeof rules]),
      expected: String(expected),
    })),
    {
      what: "what jurors are asked is registered",
      found: (await registry.ownerOrZero(app.id)) !== ZeroAddress,
      expected: true,
    },
    { what: "the Hub's stakes are the Clerk's bonds", found: await hub.CLERK(), expected: contracts.clerk },
    { what: "the Hub slashes to the treasury", found: await hub.TREASURY(), expected: parameters.treasury },
    { what: "ratings ask the Clerk", found: await ratings.CLERK(), expected: contracts.clerk },
    { what: "ratings have their floor", found: await ratings.FLOOR(), expected: floor },
    { what: "ratings have their cap", found: await ratings.CAP(), expected: cap },
  ];
}

/**
 * What holds besides when everything has just been deployed; governance may change it from then on.
 * @throws HANSE_CHAIN_MISMATCH with everything that is not so
 */
export async function checkBeginning(provider: JsonRpcProvider, deployed: Deployed): Promise<void> {
  const { contracts, parameters, deployer } = deployed;
  const token = Token__factory.connect(contracts.token, provider);
  const clerk = Clerk__factory.connect(contracts.clerk, provider);
  const facts: Fact[] = [
    {
      what: "the treasury has the whole supply",
      found: await token.balanceOf(parameters.treasury),
      expected: SUPPLY,
    },
    { what: "the till is empty", found: await token.balanceOf(contracts.till), expected: 0n },
  ];
  for (const [name, categories] of CERTIFIERS) {
    const certifier = Panel__factory.connect(contracts[name], provider);
    facts.push(
      {
        what: `the Clerk takes ${name}'s verdicts`,
        found: await clerk.isCertifier(contracts[name]),
        expected: true,
      },
      {
        what: `${name} has no further category`,
        found: await readCategory(certifier, parameters[categories].length),
        expected: "0 0",
      },
    );
  }
  const hub = Hub__factory.connect(contracts.hub, provider);
  facts.push(
    {
      what: "the Clerk takes the Receipt",
      found: await clerk.isCertifier(contracts.receipt),
      expected: true,
    },
    {
      what: "the Hub heeds the Receipt's deals",
      found: (await hub.receipts()).join(" "),
      expected: contracts.receipt,
    },
    {
      what: "governance has what jurors are asked",
      found: await Registry__factory.connect(contracts.registry, provider).ownerOrZero(
        arbitrationApp(deployer).id,
      ),
      expected: parameters.governance,
    },
  );
  const { stake, unbondingTime, longestOverlap, lossShare, admission } = hubParametersOf(parameters);
  facts.push(
    { what: "nobody has joined the Hub", found: await hub.shopCount(), expected: 0n },
    {
      what: "the Hub has its parameters",
      found: (await hub.parameters()).join(" "),
      expected: [stake, unbondingTime, longestOverlap, lossShare, admission].join(" "),
    },
  );
  const { governance } = parameters;
  for (const [name, { owner, pending }] of Object.entries(await readOwnership(provider, contracts))) {
    const handedOver = owner === governance || (owner === deployer && pending === governance);
    facts.push({ what: `governance owns ${name}, or is to`, found: handedOver, expected: true });
  }
  insist(facts);
}

/** Who owns what, and who has yet to accept. */
export async function readOwnership(
  provider: JsonRpcProvider,
  contracts: Manifest["contracts"],
): Promise<Manifest["ownership"]> {
  const entries = await Promise.all(
    OWNED.map(async (name): Promise<[string, Ownership]> => {
      const contract = Clerk__factory.connect(contracts[name], provider);
      const [owner, pending] = [await contract.owner(), await contract.pendingOwner()];
      return [
        name,
        {
          owner: getAddress(owner),
          ...(pending === ZeroAddress ? {} : { pending: getAddress(pending) as Address }),
        },
      ];
    }),
  );
  return Object.fromEntries(entries) as Manifest["ownership"];
}

/** As words that can be compared; `0 0` where there is no such category. */
export async function readCategory(
  certifier: ReturnType<typeof Panel__factory.connect>,
  number: number,
): Promise<string> {
  const { roundBlocks, deadlineBlocks } = await certifier.category(number);
  return `${roundBlocks} ${deadlineBlocks}`;
}

function insist(facts: readonly Fact[]): void {
  const wrong = facts.filter(({ found, expected }) => found !== expected);
  if (wrong.length === 0) return;
  const told = wrong.map(({ what, found, expected }) => `${what}: expected ${expected}, found ${found}`);
  throw new HanseError(
    "HANSE_CHAIN_MISMATCH",
    `the contracts are not as they should be: ${told.join("; ")}`,
    {
      hint: "Use nothing of this deployment before you know why.",
      details: { wrong: told },
    },
  );
}
