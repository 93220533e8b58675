import { ethers as lib, type Signer } from "ethers";
import { type Deal, taskId } from "#src/protocol/deals.ts";
import {
  BlockhashSeedSource__factory,
  Clerk__factory,
  Keyring__factory,
  Poco__factory,
  Registry__factory,
  Token__factory,
} from "#typechain";
import { network } from "../support/hardhat-network.ts";

const HANSE = 10n ** 9n;
const ANY = lib.ZeroHash;

export const PRICE = { app: 5n * HANSE, dataset: 3n * HANSE, pool: 20n * HANSE } as const;
export const SEAT_STAKE = 100n * HANSE;

/** The real contracts on Hardhat's network, typed by TypeChain, with assets registered and workers seated. */
export async function createMarket(workerCount: number) {
  const connection = await network.create();
  const { ethers, provider } = connection;
  const signers = await ethers.getSigners();
  const [governance, requester, appOwner, datasetOwner, poolOwner, ...rest] = signers as unknown as [
    Signer,
    Signer,
    Signer,
    Signer,
    Signer,
    ...Signer[],
  ];
  const workers = rest.slice(0, workerCount);
  const owner = await governance.getAddress();
  const token = await new Token__factory(governance).deploy(owner);
  const registry = await new Registry__factory(governance).deploy();
  const seeds = await new BlockhashSeedSource__factory(governance).deploy();
  const clerk = await new Clerk__factory(governance).deploy(
    token,
    registry,
    await new Keyring__factory(governance).deploy(),
    owner,
  );
  const poco = await new Poco__factory(governance).deploy(clerk, registry, seeds, owner, owner);
  await clerk.registerCertifier(poco, true);
  await poco.addCategory({ roundBlocks: 20, deadlineBlocks: 200 });
  await token.approve(clerk, lib.MaxUint256);
  for (const each of [requester, poolOwner, ...workers]) {
    await clerk.depositFor(await each.getAddress(), 1_000n * HANSE);
  }

  async function register(signer: Signer, kind: number, name: string): Promise<bigint> {
    const registrar = await signer.getAddress();
    const asset = { kind, registrar, checksum: lib.id(name), measurement: lib.ZeroHash };
    await registry.connect(signer).register(kind, asset.checksum, asset.measurement, `urn:test:${name}`);
    return await registry.idOf(asset);
  }
  const app = await register(appOwner, 1, "app");
  const dataset = await register(datasetOwner, 2, "dataset");
  const pool = await register(poolOwner, 3, "pool");
  await poco.connect(poolOwner).openPool(pool, { seatStake: SEAT_STAKE, schedulerShare: 500, closed: false });
  for (const worker of workers) {
    await clerk.connect(worker).allowCertifier(poco, SEAT_STAKE);
    await poco.connect(worker).enrol(pool);
  }

  const conditions = {
    certifier: await poco.getAddress(),
    matcher: lib.ZeroAddress,
    validUntil: 2n ** 63n,
    epoch: 0n,
    volume: 1_000,
    minFill: 1,
    salt: ANY,
    externalRef: ANY,
    terms: ANY,
  };
  let salt = 0;

  /** Seals one task at the given trust with really signed orders. @returns the deal as the event told it */
  async function sealTask(trust: number) {
    salt++;
    const own = { ...conditions, salt: lib.toBeHex(salt, 32) };
    const offer = { trust: 0, tag: ANY, onlyRequester: ANY, conditions: own };
    const apps = { ...offer, app, price: PRICE.app, onlyDataset: ANY, onlyPool: ANY };
    const datasets = { ...offer, dataset, price: PRICE.dataset, onlyApp: ANY, onlyPool: ANY };
    const pools = {
      ...offer,
      trust: 1_000,
      pool,
      price: PRICE.pool,
      category: 0,
      onlyApp: ANY,
      onlyDataset: ANY,
    };
    const requests = {
      ...{ requester: await requester.getAddress(), app, maxAppPrice: PRICE.app, dataset },
      ...{ maxDatasetPrice: PRICE.dataset, maxPoolPrice: PRICE.pool, category: 0, trust, tag: ANY },
      ...{ onlyApp: ANY, onlyDataset: ANY, onlyPool: ANY, minSeats: 0, minSeatStake: 0n },
      ...{ beneficiary: lib.ZeroAddress, callback: lib.ZeroAddress, sponsor: lib.ZeroAddress },
      ...{ attesters: ANY, params: "0x", conditions: { ...own, volume: 1 } },
    };
    const { chainId } = await ethers.provider.getNetwork();
    const domain = {
      name: "Hanse Clerk",
      version: "1",
      chainId,
      verifyingContract: await clerk.getAddress(),
    };
    const { ORDER_TYPED_DATA } = await import("#src/protocol/order-types.ts");
    const sign = async <T extends object>(
      signer: Signer,
      primary: keyof typeof ORDER_TYPED_DATA,
      order: T,
    ) => {
      const types = {
        [primary]: [...ORDER_TYPED_DATA[primary]],
        Conditions: [...ORDER_TYPED_DATA.Conditions],
      };
      return { order, signature: await signer.signTypedData(domain, types, order) };
    };
    const transaction = await clerk.seal(
      {
        apps: [await sign(appOwner, "AppOrder", apps)],
        datasets: [await sign(datasetOwner, "DatasetOrder", datasets)],
        pools: [await sign(poolOwner, "PoolOrder", pools)],
        requests: [await sign(requester, "RequestOrder", requests)],
        sponsorships: [],
        terms: [],
        matches: [{ app: 0, dataset: 0, pool: 0, request: 0 }],
      },
      true,
    );
    const receipt = await transaction.wait();
    const [event] = await clerk.queryFilter(
      clerk.filters.DealSealed(),
      receipt?.blockNumber,
      receipt?.blockNumber,
    );
    if (event === undefined) throw new Error("nothing was sealed");
    const deal = copyOf(event.args.deal);
    // What ethers decodes differs by type alone: whole numbers are bigints.
    const task = taskId(deal as unknown as Deal, Number(deal.firstTask));
    return { id: event.args.id, deal, task, gasUsed: receipt?.gasUsed };
  }

  const mine = (blocks: number) =>
    provider.request({ method: "hardhat_mine", params: [lib.toQuantity(blocks)] });
  return {
    connection,
    ethers,
    token,
    registry,
    clerk,
    poco,
    seeds,
    workers,
    requester,
    poolOwner,
    pool,
    sealTask,
    mine,
  };
}

/** A plain copy: ethers' results are frozen and refuse to be encoded again. */
function copyOf<T extends object>(result: T): T {
  return (result as unknown as { toObject(): T }).toObject();
}

/** Why a call was refused, by the name of Poco's error or else in words; empty when it was not. */
export async function refusalOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "";
  } catch (error) {
    for (let at = error; at instanceof Error; at = at.cause as Error) {
      const { data } = at as { data?: unknown };
      const known = typeof data === "string" ? Poco__factory.createInterface().parseError(data) : null;
      if (known !== null) return known.name;
    }
    return String(error);
  }
}
