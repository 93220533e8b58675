import {
  type Abi,
  type Address,
  encodeFunctionData,
  getAddress,
  getContractAddress,
  type Hex,
  hexToNumber,
  keccak256,
  maxUint256,
  sha256,
  stringToBytes,
  stringToHex,
  zeroAddress,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { ASSET_KINDS, type Asset, type AssetId, assetId } from "#src/protocol/ids.ts";
import type { Terms } from "#src/protocol/orders.ts";
import { POWER_NAMES, powersOf } from "#src/protocol/power-names.ts";
import {
  BlockhashSeedSource__factory,
  Clerk__factory,
  Jury__factory,
  Keyring__factory,
  Poco__factory,
  Registry__factory,
  Token__factory,
} from "#typechain";
import { createSimulatedChain, type SimulatedChain } from "./simulated-chain.ts";

export const HANSE = 10n ** 9n;
export const SEAT_STAKE = 100n * HANSE;
const BROUGHT = 1_000n * HANSE;
export const GENESIS_TIME = 1_767_225_600;
/** Short, so that a seed sees tasks through to every end. */
const CATEGORY = { roundBlocks: 6, deadlineBlocks: 26 } as const;

export const accountOf = (name: string) =>
  privateKeyToAccount(keccak256(stringToHex(`hanse simulation ${name}`)));

/** Who buys and sells, and who works. The last worker has no seat yet. */
export const REQUESTERS = [0, 1, 2].map((number) => accountOf(`requester ${number}`));
export const WORKERS = [0, 1, 2, 3].map((number) => accountOf(`worker ${number}`));
export const SELLER = accountOf("seller");
export const POOL_OWNER = accountOf("pool owner");
export const BROKER = accountOf("broker");
export const STRANGER = accountOf("stranger");
/** Signs orders in the name of everybody who trades. */
export const OPERATOR = accountOf("operator");
export const GRANT = { powers: powersOf(POWER_NAMES), limit: 500n * HANSE, validUntil: 2 ** 40 - 1 } as const;
/** What some orders' terms ask: a contract that accepts in blocks of an odd number only. */
export const TERMS: Terms = { checker: accountOf("terms").address, data: "0x" };
/** `return (bool(block.number & 1))`, whatever it is asked. */
const ODD_BLOCKS_ONLY = "0x4360011660005260206000f3";
const GOVERNANCE = accountOf("governance");
const TREASURY = accountOf("treasury");

export const CONTENTS = {
  app: stringToBytes("an app"),
  dataset: stringToBytes("a dataset"),
  pool: stringToBytes("a pool"),
};

export interface OpenedMarket {
  readonly chain: SimulatedChain;
  readonly deployment: Deployment;
  readonly app: AssetId;
  readonly dataset: AssetId;
  readonly pool: AssetId;
}

/** The real contracts on a chain in this process, everybody funded, assets registered, the pool open and most workers seated. */
export async function openMarket(): Promise<OpenedMarket> {
  const chain = await createSimulatedChain(GENESIS_TIME);
  const rpc = async <T>(method: string, ...params: unknown[]) => {
    const answer = await chain.request(method, params);
    if ("error" in answer) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result as T;
  };
  let time = GENESIS_TIME;
  const mine = async () => {
    time += 2;
    await chain.mine(BigInt(time));
  };
  const everybody = [...REQUESTERS, ...WORKERS, SELLER, POOL_OWNER, BROKER, STRANGER, GOVERNANCE, TREASURY];
  for (const { address } of everybody) {
    await rpc("hardhat_setBalance", address, `0x${(10n ** 24n).toString(16)}`);
    await rpc("hardhat_impersonateAccount", address);
  }
  const receipts: Hex[] = [];
  const call = async (
    from: Address,
    to: Address,
    abi: Abi | readonly unknown[],
    functionName: string,
    args: readonly unknown[],
  ) => {
    receipts.push(await chain.send(from, to, encodeFunctionData({ abi, functionName, args } as never)));
  };

  let nonce = 0n;
  async function deployed(transaction: Promise<{ data?: string | null }>): Promise<Address> {
    const address = getContractAddress({ from: GOVERNANCE.address, nonce: nonce++ });
    receipts.push(await chain.send(GOVERNANCE.address, undefined, (await transaction).data as Hex));
    await mine();
    return address;
  }
  const [owner, treasury] = [GOVERNANCE.address, TREASURY.address];
  const token = await deployed(new Token__factory().getDeployTransaction(owner));
  const registry = await deployed(new Registry__factory().getDeployTransaction());
  const keyring = await deployed(new Keyring__factory().getDeployTransaction());
  const seedSource = await deployed(new BlockhashSeedSource__factory().getDeployTransaction());
  const clerk = await deployed(new Clerk__factory().getDeployTransaction(token, registry, keyring, owner));
  const poco = await deployed(
    new Poco__factory().getDeployTransaction(clerk, registry, seedSource, treasury, owner),
  );
  const jury = await deployed(
    new Jury__factory().getDeployTransaction(clerk, registry, seedSource, treasury, owner),
  );

  await call(owner, clerk, clerkAbi, "registerCertifier", [poco, true]);
  await call(owner, poco, pocoAbi, "addCategory", [CATEGORY]);
  await call(owner, token, tokenAbi, "approve", [clerk, maxUint256]);
  for (const { address } of [...REQUESTERS, ...WORKERS, POOL_OWNER, SELLER]) {
    await call(owner, clerk, clerkAbi, "depositFor", [address, BROUGHT]);
    await call(owner, token, tokenAbi, "transfer", [address, BROUGHT]);
    await call(address, token, tokenAbi, "approve", [clerk, maxUint256]);
  }
  for (const { address } of [...REQUESTERS, POOL_OWNER, SELLER])
    await call(address, keyring, keyringAbi, "setOperator", [OPERATOR.address, GRANT]);
  await rpc("hardhat_setCode", TERMS.checker, ODD_BLOCKS_ONLY);
  const register = async (kind: Asset["kind"], registrar: Address, content: Uint8Array) => {
    const checksum = sha256(content);
    const uri = `urn:simulation:${kind}`;
    await call(registrar, registry, registryAbi, "register", [
      ASSET_KINDS.indexOf(kind),
      checksum,
      zeroHash,
      uri,
    ]);
    return assetId({ kind, registrar, checksum, measurement: zeroHash });
  };
  const app = await register("app", SELLER.address, CONTENTS.app);
  const dataset = await register("dataset", SELLER.address, CONTENTS.dataset);
  const pool = await register("pool", POOL_OWNER.address, CONTENTS.pool);
  await mine();
  const terms = { seatStake: SEAT_STAKE, schedulerShare: 500, closed: false };
  await call(POOL_OWNER.address, poco, pocoAbi, "openPool", [pool, terms]);
  await mine();
  for (const { address } of WORKERS.slice(0, -1)) {
    await call(address, clerk, clerkAbi, "allowCertifier", [poco, SEAT_STAKE]);
    await call(address, poco, pocoAbi, "enrol", [pool]);
  }
  await mine();
  for (const hash of receipts) {
    const receipt = await rpc<{ status: Hex } | null>("eth_getTransactionReceipt", hash);
    if (receipt === null || hexToNumber(receipt.status) !== 1) throw new Error("the market was not opened");
  }
  const till = `0x${(await rpc<Hex>("eth_call", { to: clerk, data: encodeFunctionData({ abi: clerkAbi, functionName: "TILL" }) }, "latest")).slice(-40)}`;
  await chain.remember();
  const genesis = await rpc<{ hash: Hex }>("eth_getBlockByNumber", "0x0", false);
  return {
    ...{ chain, app, dataset, pool },
    deployment: {
      ...{ chainId: 31_337, genesisHash: genesis.hash, deployedAtBlock: 0n, codeHashes: {} },
      contracts: {
        ...{ token, registry, keyring, clerk, till: getAddress(till), seedSource, poco, jury },
        // Nobody sells goods here.
        ...{ receipt: zeroAddress, hub: zeroAddress, ratings: zeroAddress },
      },
    },
  };
}
