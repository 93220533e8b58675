import type { Address, TypedDataDomain } from "viem";
import type { OrderType } from "./orders.ts";

const CONDITIONS = [
  { name: "certifier", type: "address" },
  { name: "matcher", type: "address" },
  { name: "validUntil", type: "uint64" },
  { name: "epoch", type: "uint64" },
  { name: "volume", type: "uint32" },
  { name: "minFill", type: "uint32" },
  { name: "salt", type: "bytes32" },
  { name: "externalRef", type: "bytes32" },
  { name: "terms", type: "bytes32" },
] as const;

/**
 * The EIP-712 types of the orders, as wallets want them. Twin of `contracts/libraries/OrderHash.sol`; both are held to
 * `test/vectors/orders.json`.
 */
export const ORDER_TYPED_DATA = {
  Conditions: CONDITIONS,
  AppOrder: [
    { name: "app", type: "uint256" },
    { name: "price", type: "uint64" },
    { name: "trust", type: "uint32" },
    { name: "tag", type: "bytes32" },
    { name: "onlyDataset", type: "bytes32" },
    { name: "onlyPool", type: "bytes32" },
    { name: "onlyRequester", type: "bytes32" },
    { name: "conditions", type: "Conditions" },
  ],
  DatasetOrder: [
    { name: "dataset", type: "uint256" },
    { name: "price", type: "uint64" },
    { name: "trust", type: "uint32" },
    { name: "tag", type: "bytes32" },
    { name: "onlyApp", type: "bytes32" },
    { name: "onlyPool", type: "bytes32" },
    { name: "onlyRequester", type: "bytes32" },
    { name: "conditions", type: "Conditions" },
  ],
  PoolOrder: [
    { name: "pool", type: "uint256" },
    { name: "price", type: "uint64" },
    { name: "category", type: "uint16" },
    { name: "trust", type: "uint32" },
    { name: "tag", type: "bytes32" },
    { name: "onlyApp", type: "bytes32" },
    { name: "onlyDataset", type: "bytes32" },
    { name: "onlyRequester", type: "bytes32" },
    { name: "conditions", type: "Conditions" },
  ],
  RequestOrder: [
    { name: "requester", type: "address" },
    { name: "app", type: "uint256" },
    { name: "maxAppPrice", type: "uint64" },
    { name: "dataset", type: "uint256" },
    { name: "maxDatasetPrice", type: "uint64" },
    { name: "maxPoolPrice", type: "uint64" },
    { name: "category", type: "uint16" },
    { name: "trust", type: "uint32" },
    { name: "tag", type: "bytes32" },
    { name: "onlyApp", type: "bytes32" },
    { name: "onlyDataset", type: "bytes32" },
    { name: "onlyPool", type: "bytes32" },
    { name: "minSeats", type: "uint32" },
    { name: "minSeatStake", type: "uint64" },
    { name: "beneficiary", type: "address" },
    { name: "callback", type: "address" },
    { name: "sponsor", type: "address" },
    { name: "attesters", type: "bytes32" },
    { name: "params", type: "bytes" },
    { name: "conditions", type: "Conditions" },
  ],
} as const;

export const PRIMARY_TYPES = {
  app: "AppOrder",
  dataset: "DatasetOrder",
  pool: "PoolOrder",
  request: "RequestOrder",
} as const satisfies Record<OrderType, keyof typeof ORDER_TYPED_DATA>;

/** The EIP-712 domain of orders: a signature holds for one Clerk on one chain. */
export function clerkDomain(chainId: number, clerk: Address) {
  return { name: "Hanse Clerk", version: "1", chainId, verifyingContract: clerk } satisfies TypedDataDomain;
}
