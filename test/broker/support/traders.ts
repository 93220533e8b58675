import { getAddress, type Hex, keccak256, numberToHex, stringToHex, zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { signOrder } from "#src/client/sign-order.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import {
  type AppOrder,
  type Conditions,
  conditions,
  type DatasetOrder,
  type Order,
  type PoolOrder,
  type RequestOrder,
  type SignedOrder,
} from "#src/protocol/orders.ts";
import { ANYONE } from "#src/protocol/restrictions.ts";
import { NO_TAGS } from "#src/protocol/tags.ts";
import type { MemoryMarketChain } from "./memory-market-chain.ts";

const account = (name: string) => privateKeyToAccount(keccak256(stringToHex(`test trader ${name}`)));

export const requester = account("requester");
export const appOwner = account("app owner");
export const datasetOwner = account("dataset owner");
export const poolOwner = account("pool owner");
export const stranger = account("stranger");
/** A key that signs in the names of others, where they let it. */
export const operator = account("operator");

export const CHAIN_ID = 31_337;
export const CLERK = getAddress("0x00000000000000000000000000000000000c1e6c");
export const CERTIFIER = getAddress("0x000000000000000000000000000000000000ce27");
export const MATCHER = account("broker").address;
export const APP: AssetId = (1n << 248n) | 0xaan;
export const DATASET: AssetId = (2n << 248n) | 0xdan;
export const POOL: AssetId = (3n << 248n) | 0xb0n;

export const HANSE = 10n ** 9n;
/** All times of the tests: 2026-01-01. */
export const NOW = 1_767_225_600n;
export const LATER = NOW + 86_400n;

/** Registers the assets to their owners and gives everybody money. */
export function openTestMarket(chain: MemoryMarketChain): void {
  chain.transfer(APP, appOwner.address);
  chain.transfer(DATASET, datasetOwner.address);
  chain.transfer(POOL, poolOwner.address);
  chain.registerCertifier(CERTIFIER, true);
  chain.deposit(requester.address, 1_000n * HANSE);
  chain.deposit(poolOwner.address, 1_000n * HANSE);
  chain.mine();
}

export type Changes<Of> = Partial<Omit<Of, "conditions">> & { readonly conditions?: Partial<Conditions> };

let salts = 0;
const terms = (changes: Partial<Conditions> = {}) =>
  conditions({
    certifier: CERTIFIER,
    validUntil: LATER,
    volume: 5,
    salt: numberToHex(++salts, { size: 32 }),
    ...changes,
  });

export const appOrder = (changes: Changes<AppOrder> = {}): Order => ({
  type: "app",
  order: {
    app: APP,
    price: 1n * HANSE,
    trust: 0,
    tag: NO_TAGS,
    onlyDataset: ANYONE,
    onlyPool: ANYONE,
    onlyRequester: ANYONE,
    ...changes,
    conditions: terms(changes.conditions),
  },
});

export const datasetOrder = (changes: Changes<DatasetOrder> = {}): Order => ({
  type: "dataset",
  order: {
    dataset: DATASET,
    price: 1n * HANSE,
    trust: 0,
    tag: NO_TAGS,
    onlyApp: ANYONE,
    onlyPool: ANYONE,
    onlyRequester: ANYONE,
    ...changes,
    conditions: terms(changes.conditions),
  },
});

export const poolOrder = (changes: Changes<PoolOrder> = {}): Order => ({
  type: "pool",
  order: {
    pool: POOL,
    price: 10n * HANSE,
    category: 1,
    trust: 100,
    tag: NO_TAGS,
    onlyApp: ANYONE,
    onlyDataset: ANYONE,
    onlyRequester: ANYONE,
    ...changes,
    conditions: terms(changes.conditions),
  },
});

export const requestOrder = (changes: Changes<RequestOrder> = {}): Order => ({
  type: "request",
  order: {
    requester: requester.address,
    app: APP,
    maxAppPrice: 2n * HANSE,
    dataset: 0n,
    maxDatasetPrice: 2n * HANSE,
    maxPoolPrice: 10n * HANSE,
    category: 1,
    trust: 0,
    tag: NO_TAGS,
    onlyApp: ANYONE,
    onlyDataset: ANYONE,
    onlyPool: ANYONE,
    minSeats: 0,
    minSeatStake: 0n,
    beneficiary: requester.address,
    callback: zeroAddress,
    sponsor: zeroAddress,
    attesters: ANYONE,
    params: "0x",
    ...changes,
    conditions: terms(changes.conditions),
  },
});

const signers = { app: appOwner, dataset: datasetOwner, pool: poolOwner, request: requester };

export const saltOf = ({ order }: Order): Hex => order.conditions.salt;

/** Signed by whom the order's kind belongs to in these tests. */
export const signed = (
  order: Order,
  signer = signers[order.type],
  chainId = CHAIN_ID,
): Promise<SignedOrder> => signOrder(signer, order, chainId, CLERK);

export const unknownHash: Hex = numberToHex(0xdead, { size: 32 });
