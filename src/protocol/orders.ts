import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import type { AssetId } from "./ids.ts";

// The orders as they are signed: one to one with `contracts/types/Orders.sol`, where each member is explained.
// Amounts are nano-HANSE per task, times Unix seconds.

export interface Conditions {
  readonly certifier: Address;
  readonly matcher: Address;
  readonly validUntil: bigint;
  readonly epoch: bigint;
  readonly volume: number;
  readonly minFill: number;
  readonly salt: Hex;
  readonly externalRef: Hex;
  readonly terms: Hex;
}

export interface AppOrder {
  readonly app: AssetId;
  readonly price: bigint;
  readonly trust: number;
  readonly tag: Hex;
  readonly onlyDataset: Hex;
  readonly onlyPool: Hex;
  readonly onlyRequester: Hex;
  readonly conditions: Conditions;
}

export interface DatasetOrder {
  readonly dataset: AssetId;
  readonly price: bigint;
  readonly trust: number;
  readonly tag: Hex;
  readonly onlyApp: Hex;
  readonly onlyPool: Hex;
  readonly onlyRequester: Hex;
  readonly conditions: Conditions;
}

export interface PoolOrder {
  readonly pool: AssetId;
  readonly price: bigint;
  readonly category: number;
  readonly trust: number;
  readonly tag: Hex;
  readonly onlyApp: Hex;
  readonly onlyDataset: Hex;
  readonly onlyRequester: Hex;
  readonly conditions: Conditions;
}

export interface RequestOrder {
  readonly requester: Address;
  readonly app: AssetId;
  readonly maxAppPrice: bigint;
  readonly dataset: AssetId;
  readonly maxDatasetPrice: bigint;
  readonly maxPoolPrice: bigint;
  readonly category: number;
  readonly trust: number;
  readonly tag: Hex;
  readonly onlyApp: Hex;
  readonly onlyDataset: Hex;
  readonly onlyPool: Hex;
  readonly minSeats: number;
  readonly minSeatStake: bigint;
  readonly beneficiary: Address;
  readonly callback: Address;
  readonly sponsor: Address;
  readonly attesters: Hex;
  readonly params: Hex;
  readonly conditions: Conditions;
}

/** Any order of the market, with what tells the four apart. */
export type Order =
  | { readonly type: "app"; readonly order: AppOrder }
  | { readonly type: "dataset"; readonly order: DatasetOrder }
  | { readonly type: "pool"; readonly order: PoolOrder }
  | { readonly type: "request"; readonly order: RequestOrder };

export type OrderType = Order["type"];
export const ORDER_TYPES = ["app", "dataset", "pool", "request"] as const satisfies readonly OrderType[];

/** What an order's `terms` is the hash of: one to one with `Terms` in `contracts/interfaces/IClerk.sol`. */
export interface Terms {
  /** The contract that decides. */
  readonly checker: Address;
  readonly data: Hex;
}

/** A sponsor's word that it pays for a request: one to one with `Sponsorship` in `contracts/interfaces/IClerk.sol`. */
export interface Sponsorship {
  /** The most it pays for the request, over all its deals, in nano-HANSE. */
  readonly cap: bigint;
  /** The last second at which it may be sealed. */
  readonly validUntil: bigint;
  /** The sponsor's epoch. */
  readonly epoch: bigint;
  readonly signature: Hex;
}

/**
 * An order and all that has to be brought with it to be sealed. The signature is one of those that
 * `contracts/interfaces/IKeyring.sol` names; what comes beside it is no part of the order's hash.
 */
export type SignedOrder = Order & {
  readonly signature: Hex;
  /** Where the order's conditions name terms. */
  readonly terms?: Terms | undefined;
  /** Of a request that names a sponsor. */
  readonly sponsorship?: Sponsorship | undefined;
};

/** What the signer of an order has to state; the rest has a neutral value. */
export type ConditionsInput = Pick<Conditions, "certifier" | "validUntil" | "volume" | "salt"> &
  Partial<Conditions>;

/** Conditions with everything optional left open: anyone may match, first epoch, any fill, nothing attached. */
export function conditions(input: ConditionsInput): Conditions {
  return { matcher: zeroAddress, epoch: 0n, minFill: 1, externalRef: zeroHash, terms: zeroHash, ...input };
}

/** What a requester has to state; the rest has a neutral value. */
export type RequestInput = Pick<
  RequestOrder,
  | "requester"
  | "app"
  | "maxAppPrice"
  | "dataset"
  | "maxDatasetPrice"
  | "maxPoolPrice"
  | "category"
  | "trust"
  | "params"
  | "conditions"
> &
  Partial<RequestOrder>;

/** A request with everything optional left open: any pool of any size, nothing demanded, paid and received by the requester. */
export function request(input: RequestInput): Extract<Order, { type: "request" }> {
  return {
    type: "request",
    order: {
      ...{ tag: zeroHash, onlyApp: zeroHash, onlyDataset: zeroHash, onlyPool: zeroHash, attesters: zeroHash },
      ...{ minSeats: 0, minSeatStake: 0n, callback: zeroAddress, sponsor: zeroAddress },
      beneficiary: input.requester,
      ...input,
    },
  };
}

/** Who pays for a request: its sponsor, where it names one. */
export function payerOf({ requester, sponsor }: Pick<RequestOrder, "requester" | "sponsor">): Address {
  return sponsor === zeroAddress ? requester : sponsor;
}

/** The asset an order sells; a request sells none. */
export function soldAsset(order: Order): AssetId | undefined {
  switch (order.type) {
    case "app":
      return order.order.app;
    case "dataset":
      return order.order.dataset;
    case "pool":
      return order.order.pool;
    case "request":
      return undefined;
  }
}
