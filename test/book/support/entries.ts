import { type Hex, numberToHex, zeroAddress, zeroHash } from "viem";
import type { BookEntry } from "#src/book/resting-order.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import {
  type AppOrder,
  type Conditions,
  conditions,
  type DatasetOrder,
  type PoolOrder,
  type RequestOrder,
  type SignedOrder,
} from "#src/protocol/orders.ts";

export const CERTIFIER = "0x00000000000000000000000000000000000000ce";
export const APP: AssetId = (1n << 248n) | 0xaan;
export const DATASET: AssetId = (2n << 248n) | 0xdan;
export const POOL: AssetId = (3n << 248n) | 0xb0n;

/** The engine takes hashes as names: any distinct ones do. */
export const hashOf = (sequence: number): Hex => numberToHex(sequence, { size: 32 });

export interface EntryInput<Order> {
  readonly sequence: number;
  readonly order?: Partial<Omit<Order, "conditions">>;
  readonly conditions?: Partial<Conditions>;
  readonly remaining?: number;
}

const sold = { price: 10n, trust: 0, tag: zeroHash, onlyRequester: zeroHash } as const;

export const appEntry = (input: EntryInput<AppOrder>): BookEntry =>
  entry(input, {
    type: "app",
    order: {
      ...sold,
      app: APP,
      onlyDataset: zeroHash,
      onlyPool: zeroHash,
      ...input.order,
      conditions: terms(input),
    },
    signature: "0x",
  });

export const datasetEntry = (input: EntryInput<DatasetOrder>): BookEntry =>
  entry(input, {
    type: "dataset",
    order: {
      ...sold,
      dataset: DATASET,
      onlyApp: zeroHash,
      onlyPool: zeroHash,
      ...input.order,
      conditions: terms(input),
    },
    signature: "0x",
  });

export const poolEntry = (input: EntryInput<PoolOrder>): BookEntry =>
  entry(input, {
    type: "pool",
    order: {
      ...sold,
      pool: POOL,
      category: 1,
      trust: 10,
      onlyApp: zeroHash,
      onlyDataset: zeroHash,
      ...input.order,
      conditions: terms(input),
    },
    signature: "0x",
  });

export const requestEntry = (input: EntryInput<RequestOrder>): BookEntry =>
  entry(input, {
    type: "request",
    order: {
      requester: "0x00000000000000000000000000000000000000Aa",
      app: APP,
      maxAppPrice: 10n,
      dataset: 0n,
      maxDatasetPrice: 10n,
      maxPoolPrice: 10n,
      category: 1,
      trust: 0,
      tag: zeroHash,
      onlyApp: zeroHash,
      onlyDataset: zeroHash,
      onlyPool: zeroHash,
      minSeats: 0,
      minSeatStake: 0n,
      beneficiary: zeroAddress,
      callback: zeroAddress,
      sponsor: zeroAddress,
      attesters: zeroHash,
      params: "0x",
      ...input.order,
      conditions: terms(input),
    },
    signature: "0x",
  });

function terms({ sequence, conditions: changes }: EntryInput<unknown>): Conditions {
  return conditions({
    certifier: CERTIFIER,
    validUntil: 1_000n,
    volume: 5,
    salt: hashOf(sequence),
    ...changes,
  });
}

function entry(input: EntryInput<unknown>, signed: SignedOrder): BookEntry {
  const { sequence, remaining = signed.order.conditions.volume } = input;
  return { hash: hashOf(sequence), signed, signer: zeroAddress, remaining, sequence };
}
