import { getCreateAddress, keccak256, ZeroAddress, ZeroHash } from "ethers";
import { type Address, getAddress } from "viem";
import { DEVELOPMENT_CHAIN_ID } from "#src/chain/development-keys.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { Clerk__factory, Hub__factory, Panel__factory, Registry__factory } from "#typechain";
import { arbitrationApp } from "./arbitration-app.ts";
import { checkBeginning, checkLasting, readCategory, readOwnership } from "./check.ts";
import { type Addresses, CERTIFIERS, type DeployedName, OWNED, WAVES } from "./contracts.ts";
import { connectDeployer, type Deployer } from "./deployer.ts";
import type { Journal, Manifest, Sent } from "./manifest.ts";
import { findChange, type MarketParameters, resolveParameters } from "./parameters.ts";
import { checkRulingTime, measureBlockSeconds } from "./ruling-time.ts";

/** `AssetKind.App`. */
const APP_KIND = 1;

export interface DeployOptions {
  readonly rpcUrl: string;
  /** Pays for the gas, and owns the contracts until they are handed over. */
  readonly privateKey: string;
  /** From a file, not checked yet; on a development chain none are needed. */
  readonly parameters?: unknown;
  /** What an interrupted run left, and where this one keeps its own. */
  readonly unfinished?: Journal | undefined;
  readonly keep?: (journal: Journal) => Promise<void>;
}

/**
 * Deploys the market's contracts, sets them up, hands them over to governance and proves that all is as it should be.
 * An interrupted run is gone on with where `unfinished` tells of it.
 * @throws HANSE_CONFIG_INVALID for parameters that do not hold, by themselves or at this chain's pace, or differ from those of the
 * interrupted run;
 * HANSE_CHAIN_MISMATCH when something is not as it should be; and what `connectDeployer` throws
 */
export async function deploy({
  rpcUrl,
  privateKey,
  parameters: given,
  unfinished,
  keep = async () => {},
}: DeployOptions): Promise<Manifest> {
  const deployer = await connectDeployer(rpcUrl, privateKey);
  try {
    const { chainId, genesisHash, address, provider } = deployer;
    const parameters = resolveParameters(given, chainId, address);
    // A development chain has any pace that whoever develops likes.
    const blockSeconds = chainId === DEVELOPMENT_CHAIN_ID ? 1 : await measureBlockSeconds(provider);
    if (unfinished === undefined) checkRulingTime(parameters, blockSeconds);
    const journal = unfinished ?? {
      ...{ chainId, genesisHash, deployer: address, parameters, sent: {} },
      deployedAtBlock: String(await provider.getBlockNumber()),
    };
    checkJournal(journal, deployer, parameters);
    const created = await createContracts(deployer, journal, keep);
    await setUp(deployer, created, parameters);

    const till = getAddress(await Clerk__factory.connect(created.clerk, provider).TILL());
    const { token, registry, keyring, clerk, ...rest } = created;
    const contracts = { token, registry, keyring, clerk, till, ...rest };
    const deployed = { chainId, contracts, parameters, deployer: address };
    await checkLasting(provider, deployed);
    await checkBeginning(provider, deployed);
    const codeHashes = Object.entries(contracts).map(async ([name, at]) => [
      name,
      keccak256(await provider.getCode(at)),
    ]);
    return {
      ...{ chainId, genesisHash, deployedAtBlock: journal.deployedAtBlock, deployer: address, contracts },
      codeHashes: Object.fromEntries(await Promise.all(codeHashes)),
      ownership: await readOwnership(provider, contracts),
      parameters,
    };
  } finally {
    deployer.close();
  }
}

/** An interrupted deployment is finished as it was begun, or not at all. */
function checkJournal(journal: Journal, deployer: Deployer, parameters: MarketParameters): void {
  const change = findChange(journal.parameters, parameters);
  const reason =
    journal.genesisHash !== deployer.genesisHash
      ? "was begun on another chain"
      : journal.deployer !== deployer.address
        ? `was begun by ${journal.deployer}`
        : change && `was begun with other parameters: ${change}`;
  if (reason === undefined) return;
  throw new HanseError("HANSE_CONFIG_INVALID", `the interrupted deployment ${reason}`, {
    hint: "Go on as it was begun, or remove the unfinished file to begin anew: its contracts are then nobody's.",
    details: { reason },
  });
}

async function createContracts(
  deployer: Deployer,
  begun: Journal,
  keep: (journal: Journal) => Promise<void>,
): Promise<Addresses> {
  const { provider } = deployer;
  const blueprint = { parameters: begun.parameters, deployer: deployer.address };
  let journal = begun;
  const at: Partial<Record<DeployedName, Address>> = {};
  for (const wave of WAVES) {
    for (const [name, initCode] of Object.entries(wave) as [DeployedName, (typeof wave)[DeployedName]][]) {
      if (initCode === undefined) continue;
      // Earlier waves are complete, and a wave refers to nothing else.
      const { data } = await initCode(at as Addresses, blueprint);
      const initCodeHash = keccak256(data);
      const earlier = journal.sent[name];
      if (earlier !== undefined && (await provider.getCode(earlier.address)) !== "0x") {
        refuseOtherCode(name, earlier, initCodeHash);
        at[name] = earlier.address;
        continue;
      }
      const nonce = deployer.nextNonce();
      const address = getAddress(getCreateAddress({ from: deployer.address, nonce }));
      // Kept before it is sent: an interruption between the two loses nothing.
      journal = { ...journal, sent: { ...journal.sent, [name]: { nonce, address, initCodeHash } } };
      await keep(journal);
      await deployer.send({ data });
      at[name] = address;
    }
    await deployer.settle();
  }
  return at as Addresses;
}

function refuseOtherCode(name: DeployedName, earlier: Sent, initCodeHash: string): void {
  if (earlier.initCodeHash === initCodeHash) return;
  throw new HanseError(
    "HANSE_CONFIG_INVALID",
    `the interrupted deployment created another ${name} than is built now`,
    {
      hint: "Build the sources it was begun with, or remove the unfinished file to begin anew.",
      details: { contract: name, address: earlier.address },
    },
  );
}

/** What makes goods be sold: the Receipt is taken by Clerk and Hub, and what jurors are asked is registered. */
async function callsOfShops(
  { address, provider }: Deployer,
  at: Addresses,
  { governance }: MarketParameters,
) {
  const clerk = Clerk__factory.connect(at.clerk, provider);
  const hub = Hub__factory.connect(at.hub, provider);
  const registry = Registry__factory.connect(at.registry, provider);
  const app = arbitrationApp(address);
  const owner = await registry.ownerOrZero(app.id);
  const calls: { to: string; data: string }[] = [];
  if (!(await clerk.isCertifier(at.receipt))) {
    calls.push(await clerk.registerCertifier.populateTransaction(at.receipt, true));
  }
  if (!(await hub.receipts()).includes(at.receipt)) {
    calls.push(await hub.setReceipt.populateTransaction(at.receipt, true));
  }
  if (owner === ZeroAddress) {
    calls.push(await registry.register.populateTransaction(APP_KIND, app.checksum, ZeroHash, app.uri));
  }
  // Whoever owns it could withhold it from jurors.
  if (governance !== address && (owner === ZeroAddress || owner === address)) {
    calls.push(await registry.transferFrom.populateTransaction(address, governance, app.id));
  }
  return calls;
}

/** Does what is left to do, by what the chain says. */
async function setUp(deployer: Deployer, at: Addresses, parameters: MarketParameters): Promise<void> {
  const { provider } = deployer;
  const clerk = Clerk__factory.connect(at.clerk, provider);
  const calls: { to: string; data: string }[] = [];
  for (const [name, categories] of CERTIFIERS) {
    const certifier = Panel__factory.connect(at[name], provider);
    if (!(await clerk.isCertifier(at[name]))) {
      calls.push(await clerk.registerCertifier.populateTransaction(at[name], true));
    }
    for (const [number, category] of parameters[categories].entries()) {
      // Categories are never removed: what is there, an interrupted run has added.
      if ((await readCategory(certifier, number)) !== "0 0") continue;
      calls.push(await certifier.addCategory.populateTransaction(category));
    }
  }
  calls.push(...(await callsOfShops(deployer, at, parameters)));
  for (const name of OWNED) {
    const contract = Clerk__factory.connect(at[name], provider);
    const [owner, pending] = [await contract.owner(), await contract.pendingOwner()];
    if (owner === parameters.governance || pending === parameters.governance) continue;
    calls.push(await contract.transferOwnership.populateTransaction(parameters.governance));
  }
  for (const call of calls) await deployer.send(call);
  await deployer.settle();
}
