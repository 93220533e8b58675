import { id, MaxUint256, toUtf8Bytes, type Wallet, ZeroAddress, ZeroHash, zeroPadBytes } from "ethers";
import {
  BlockhashSeedSource__factory,
  Clerk__factory,
  Hub__factory,
  Jury__factory,
  Keyring__factory,
  Poco__factory,
  Registry__factory,
  Token__factory,
} from "#typechain";
import type { MeasuringChain } from "./chain.ts";

const HANSE = 10n ** 9n;
const SEAT_STAKE = 100n * HANSE;
const BALANCE = 10_000n * HANSE;
/** Of a shop with a long code. */
export const SHOP_STAKE = 1_000n * HANSE;
/** Seconds for which a stake stays when a shop leaves. */
export const UNBONDING_TIME = 1_209_600;
const SEATS = 40;
export const JURORS = 12;
const REQUESTERS = 50;

/** As long as a place in a content service is. */
export const assetUri = (name: string) => `https://content.example/${id(name).slice(2)}`;

/** What a shop joins with, in the order of the Hub's parameters. */
export const shopOf = (code: string) =>
  [
    zeroPadBytes(toUtf8Bytes(code), 8),
    ...[id(`key of ${code}`), "https://shop.example/api", "https://shop.example/about"],
  ] as [string, string, string, string];

export type Market = Awaited<ReturnType<typeof openMarket>>;

/** The market's contracts with everybody in place: accounts funded, assets registered, seats taken. */
export async function openMarket(chain: MeasuringChain) {
  const { account, send } = chain;
  const [governance, treasury] = [account("governance"), account("treasury")];
  const [requester, appOwner, datasetOwner, poolOwner, sponsor, attester] = [
    account("requester"),
    account("app owner"),
    account("dataset owner"),
    account("pool owner"),
    account("sponsor"),
    account("attester"),
  ];
  const shopOwner = account("shop owner");
  const workers = Array.from({ length: SEATS }, (_, index) => account(`worker ${index}`));
  const requesters = Array.from({ length: REQUESTERS }, (_, index) => account(`requester ${index}`));

  // Each by an account of its own: its address does not depend on what else is deployed, nor in which order.
  async function deployed(name: string, transaction: Promise<{ data?: string | null }>) {
    const { contractAddress } = await send(
      account(`deployer of ${name}`),
      transaction.then(({ data }) => ({ data: data ?? "0x" })),
    );
    return contractAddress as `0x${string}`;
  }
  const token = await deployed("token", new Token__factory().getDeployTransaction(governance.address));
  const registry = await deployed("registry", new Registry__factory().getDeployTransaction());
  const keyring = await deployed("keyring", new Keyring__factory().getDeployTransaction());
  const seeds = await deployed("seeds", new BlockhashSeedSource__factory().getDeployTransaction());
  const clerk = await deployed(
    "clerk",
    new Clerk__factory().getDeployTransaction(token, registry, keyring, governance.address),
  );
  const poco = await deployed(
    "poco",
    new Poco__factory().getDeployTransaction(clerk, registry, seeds, treasury.address, governance.address),
  );
  const jury = await deployed(
    "jury",
    new Jury__factory().getDeployTransaction(clerk, registry, seeds, treasury.address, governance.address),
  );
  const hub = await deployed(
    "hub",
    new Hub__factory().getDeployTransaction(clerk, treasury.address, governance.address, {
      ...{ stake: SHOP_STAKE, unbondingTime: UNBONDING_TIME, longestOverlap: 172_800, lossShare: 1_000 },
      admission: ZeroAddress,
    }),
  );
  const addresses = { token, registry, keyring, seeds, clerk, poco, jury, hub };
  const contracts = {
    token: Token__factory.connect(token, chain.provider),
    registry: Registry__factory.connect(registry, chain.provider),
    keyring: Keyring__factory.connect(keyring, chain.provider),
    clerk: Clerk__factory.connect(clerk, chain.provider),
    poco: Poco__factory.connect(poco, chain.provider),
    jury: Jury__factory.connect(jury, chain.provider),
    hub: Hub__factory.connect(hub, chain.provider),
  };

  const category = { roundBlocks: 20, deadlineBlocks: 200 };
  const panels = [contracts.poco, contracts.jury];
  for (const panel of panels) {
    await send(governance, contracts.clerk.registerCertifier.populateTransaction(panel.target, true));
    await send(governance, panel.addCategory.populateTransaction(category));
  }
  await send(governance, contracts.token.approve.populateTransaction(clerk, MaxUint256));
  const everybody = [
    treasury,
    requester,
    appOwner,
    datasetOwner,
    poolOwner,
    sponsor,
    shopOwner,
    ...workers,
    ...requesters,
  ];
  for (const { address } of everybody) {
    await send(governance, contracts.clerk.depositFor.populateTransaction(address, BALANCE));
  }

  async function register(owner: Wallet, kind: number, name: string, measurement = ZeroHash) {
    const asset = { kind, registrar: owner.address, checksum: id(name), measurement };
    await send(
      owner,
      contracts.registry.register.populateTransaction(kind, asset.checksum, measurement, assetUri(name)),
    );
    return { asset, id: await contracts.registry.idOf(asset) };
  }
  const { id: app } = await register(appOwner, 1, "app");
  const enclaveApp = await register(appOwner, 1, "enclave app", id("measurement"));
  const { id: dataset } = await register(datasetOwner, 2, "dataset");
  const { id: pool } = await register(poolOwner, 3, "pool");
  const terms = { seatStake: SEAT_STAKE, schedulerShare: 500, closed: false };
  for (const panel of panels) {
    await send(poolOwner, panel.openPool.populateTransaction(pool, terms));
    for (const worker of panel === contracts.jury ? workers.slice(0, JURORS) : workers) {
      await send(worker, contracts.clerk.allowCertifier.populateTransaction(panel.target, SEAT_STAKE));
      await send(worker, panel.enrol.populateTransaction(pool));
    }
  }

  // The owner has a shop already: the list is no longer empty.
  await send(shopOwner, contracts.clerk.allowCertifier.populateTransaction(hub, BALANCE));
  await send(shopOwner, contracts.hub.join.populateTransaction(...shopOf("FIRST")));

  return {
    ...{ chain, addresses, ...contracts, app, enclaveApp, dataset, pool, workers, requesters, governance },
    ...{ requester, appOwner, datasetOwner, poolOwner, sponsor, attester, shopOwner },
  };
}
