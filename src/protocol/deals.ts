import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";
import { type AssetId, dealId } from "./ids.ts";

/** A sealed deal, one to one with `contracts/types/Deals.sol`. Amounts are nano-HANSE per task. */
export interface Deal {
  readonly requestId: Hex;
  readonly app: AssetId;
  readonly dataset: AssetId;
  readonly pool: AssetId;
  readonly appOwner: Address;
  readonly datasetOwner: Address;
  readonly poolOwner: Address;
  readonly requester: Address;
  readonly payer: Address;
  readonly beneficiary: Address;
  readonly callback: Address;
  readonly certifier: Address;
  readonly appPrice: bigint;
  readonly datasetPrice: bigint;
  readonly poolPrice: bigint;
  readonly poolStake: bigint;
  readonly sealedAtBlock: bigint;
  readonly firstTask: number;
  readonly volume: number;
  readonly trust: number;
  readonly category: number;
  readonly tag: Hex;
  readonly paramsHash: Hex;
  readonly attesters: Hex;
  readonly frozen: Hex;
}

/** The members of a deal in order, as the ABI encodes them: a word each. */
const DEAL_MEMBERS = [
  ["requestId", "bytes32"],
  ["app", "uint256"],
  ["dataset", "uint256"],
  ["pool", "uint256"],
  ["appOwner", "address"],
  ["datasetOwner", "address"],
  ["poolOwner", "address"],
  ["requester", "address"],
  ["payer", "address"],
  ["beneficiary", "address"],
  ["callback", "address"],
  ["certifier", "address"],
  ["appPrice", "uint64"],
  ["datasetPrice", "uint64"],
  ["poolPrice", "uint64"],
  ["poolStake", "uint64"],
  ["sealedAtBlock", "uint64"],
  ["firstTask", "uint32"],
  ["volume", "uint32"],
  ["trust", "uint32"],
  ["category", "uint16"],
  ["tag", "bytes32"],
  ["paramsHash", "bytes32"],
  ["attesters", "bytes32"],
  ["frozen", "bytes32"],
] as const satisfies readonly (readonly [keyof Deal, string])[];

/**
 * A task, named by all that was agreed: `keccak256(abi.encode(keccak256(abi.encode(deal)), taskIndex))`; `toTaskId` in
 * `contracts/types/Deals.sol`.
 */
export function taskId(deal: Deal, taskIndex: number): Hex {
  return keccak256(
    encodeAbiParameters([{ type: "bytes32" }, { type: "uint32" }], [hashOfDeal(deal), taskIndex]),
  );
}

function hashOfDeal(deal: Deal): Hex {
  const types = DEAL_MEMBERS.map(([, type]) => ({ type }));
  return keccak256(encodeAbiParameters(types, DEAL_MEMBERS.map(([name]) => deal[name]) as never));
}

/** A deal whose members came as text, as JSON has them: whole numbers in decimal. */
export function parseDeal(members: Readonly<Record<keyof Deal, string | number>>): Deal {
  const parsed = DEAL_MEMBERS.map(([name, type]) => {
    const value = members[name];
    if (type === "uint256" || type === "uint64") return [name, BigInt(value)];
    return [name, type === "uint32" || type === "uint16" ? Number(value) : value];
  });
  return Object.fromEntries(parsed) as unknown as Deal;
}

export function idOfDeal(deal: Pick<Deal, "requestId" | "firstTask">): Hex {
  return dealId(deal.requestId, deal.firstTask);
}

/** What the buyer has locked for each task, in nano-HANSE. */
export function buyerUnit(deal: Pick<Deal, "appPrice" | "datasetPrice" | "poolPrice">): bigint {
  return deal.appPrice + deal.datasetPrice + deal.poolPrice;
}

/** The indices of a deal's tasks in its request. */
export function taskIndices(deal: Pick<Deal, "firstTask" | "volume">): number[] {
  return Array.from({ length: deal.volume }, (_, i) => deal.firstTask + i);
}
