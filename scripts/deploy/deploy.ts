import {
  type BaseContract,
  type ContractTransactionResponse,
  JsonRpcProvider,
  keccak256,
  NonceManager,
  Wallet,
} from "ethers";
import {
  BlockhashSeedSource__factory,
  Clerk__factory,
  Keyring__factory,
  Poco__factory,
  Registry__factory,
  Token__factory,
} from "#typechain";
import type { DeploymentParameters } from "./parameters.ts";

type ContractName = "token" | "registry" | "keyring" | "clerk" | "till" | "seedSource" | "poco";

/** What `src/chain/deployment.ts` reads. */
export interface Manifest {
  readonly chainId: number;
  readonly genesisHash: string;
  readonly deployedAtBlock: string;
  readonly contracts: Readonly<Record<ContractName, string>>;
  readonly codeHashes: Readonly<Record<string, string>>;
  readonly parameters: DeploymentParameters;
}

export interface DeployOptions {
  readonly rpcUrl: string;
  /** The deployer: receives the supply, governs, and is the treasury until it hands these over. */
  readonly privateKey: string;
  readonly parameters: DeploymentParameters;
}

/**
 * Deploys the market's contracts and proves that they stand as they should.
 * @throws Error when something that was deployed is not what was asked for
 */
export async function deploy({ rpcUrl, privateKey, parameters }: DeployOptions): Promise<Manifest> {
  const provider = new JsonRpcProvider(rpcUrl, undefined, { pollingInterval: 200, cacheTimeout: -1 });
  const owner = new NonceManager(new Wallet(privateKey, provider));
  try {
    const { chainId } = await provider.getNetwork();
    const genesis = await provider.getBlock(0);
    const deployedAtBlock = await provider.getBlockNumber();
    const governance = await owner.getAddress();

    const token = await new Token__factory(owner).deploy(governance);
    const registry = await new Registry__factory(owner).deploy();
    const seedSource = await new BlockhashSeedSource__factory(owner).deploy();
    const keyring = await new Keyring__factory(owner).deploy();
    const clerk = await new Clerk__factory(owner).deploy(
      await token.getAddress(),
      await registry.getAddress(),
      await keyring.getAddress(),
      governance,
    );
    const poco = await new Poco__factory(owner).deploy(
      await clerk.getAddress(),
      await registry.getAddress(),
      await seedSource.getAddress(),
      governance,
      governance,
    );
    await mined(await clerk.registerCertifier(await poco.getAddress(), true));
    for (const category of parameters.categories) await mined(await poco.addCategory(category));

    const deployed = { token, registry, keyring, clerk, seedSource, poco };
    await Promise.all(Object.values(deployed).map((contract: BaseContract) => contract.waitForDeployment()));
    await check(deployed, governance, parameters);

    const contracts = {
      ...(await mapValues(deployed, (contract) => contract.getAddress())),
      // The Clerk deployed it itself.
      till: await clerk.TILL(),
    };
    return {
      chainId: Number(chainId),
      genesisHash: genesis?.hash ?? "",
      deployedAtBlock: String(deployedAtBlock),
      contracts,
      codeHashes: await mapValues(contracts, async (address) => keccak256(await provider.getCode(address))),
      parameters,
    };
  } finally {
    provider.destroy();
  }
}

async function mined(transaction: ContractTransactionResponse): Promise<void> {
  await transaction.wait();
}

/** Everything that would be found out too late otherwise. */
async function check(
  deployed: {
    readonly token: ReturnType<typeof Token__factory.connect>;
    readonly registry: ReturnType<typeof Registry__factory.connect>;
    readonly keyring: ReturnType<typeof Keyring__factory.connect>;
    readonly clerk: ReturnType<typeof Clerk__factory.connect>;
    readonly poco: ReturnType<typeof Poco__factory.connect>;
  },
  governance: string,
  parameters: DeploymentParameters,
): Promise<void> {
  const { token, registry, keyring, clerk, poco } = deployed;
  const facts: readonly [string, unknown, unknown][] = [
    ["the Clerk keeps the token", await clerk.TOKEN(), await token.getAddress()],
    ["the Clerk reads the registry", await clerk.REGISTRY(), await registry.getAddress()],
    ["the Clerk asks the keyring", await clerk.KEYRING(), await keyring.getAddress()],
    ["governance owns the Clerk", await clerk.owner(), governance],
    ["governance owns Poco", await poco.owner(), governance],
    ["Poco is a certifier", await clerk.isCertifier(await poco.getAddress()), true],
    ["the whole supply exists", await token.totalSupply(), await token.SUPPLY()],
  ];
  for (const [what, found, expected] of facts) {
    if (found !== expected)
      throw new Error(`after deployment: ${what}: expected ${expected}, found ${found}`);
  }
  for (const [number, category] of parameters.categories.entries()) {
    const stored = await poco.category(number);
    if (
      Number(stored.roundBlocks) !== category.roundBlocks ||
      Number(stored.deadlineBlocks) !== category.deadlineBlocks
    ) {
      throw new Error(`after deployment: category ${number} is not what the parameters say`);
    }
  }
}

async function mapValues<K extends string, V, R>(
  record: Readonly<Record<K, V>>,
  map: (value: V) => Promise<R>,
): Promise<Record<K, R>> {
  const entries = await Promise.all(
    (Object.entries(record) as [K, V][]).map(async ([key, value]) => [key, await map(value)] as const),
  );
  return Object.fromEntries(entries) as Record<K, R>;
}
