import { type Address, encodeAbiParameters, type Hex, keccak256, sliceHex } from "viem";
import type { Arbiter, GoodsId, Outcome } from "./goods-orders.ts";
import { dealId } from "./ids.ts";

/** A sealed deal of goods, one to one with `contracts/types/Goods.sol`. Amounts are nano-HANSE per piece. */
export interface GoodsDeal {
  readonly purchaseId: Hex;
  readonly seller: Address;
  readonly buyer: Address;
  readonly referrer: Address;
  readonly goods: GoodsId;
  readonly shipTo: Hex;
  readonly arbiter: Arbiter;
  readonly supply: Hex;
  readonly price: bigint;
  readonly sellerBond: bigint;
  readonly commission: bigint;
  readonly shipWithin: number;
  readonly deliverWithin: number;
  readonly complaintTime: number;
  readonly resaleMargin: number;
  readonly defaultOutcome: Outcome;
  /** Unix seconds. */
  readonly sealedAt: number;
  readonly firstPiece: number;
  readonly quantity: number;
}

/** The members of a deal in order, as the ABI encodes them: a word each. */
const GOODS_DEAL_MEMBERS = [
  ["purchaseId", "bytes32"],
  ["seller", "address"],
  ["buyer", "address"],
  ["referrer", "address"],
  ["goods", "bytes32"],
  ["shipTo", "bytes32"],
  ["arbiter", "bytes32"],
  ["supply", "bytes32"],
  ["price", "uint64"],
  ["sellerBond", "uint64"],
  ["commission", "uint64"],
  ["shipWithin", "uint32"],
  ["deliverWithin", "uint32"],
  ["complaintTime", "uint32"],
  ["resaleMargin", "uint32"],
  ["defaultOutcome", "uint8"],
  ["sealedAt", "uint40"],
  ["firstPiece", "uint32"],
  ["quantity", "uint32"],
] as const satisfies readonly (readonly [keyof GoodsDeal, string])[];

/** Where a deal stands, in the order of `Stage` in `contracts/types/Goods.sol`. */
export const STAGES = [
  "None",
  "Sealed",
  "Shipped",
  "Disputed",
  "Contested",
  "Paid",
  "Refunded",
  "Split",
  "WonBySeller",
  "WonByBuyer",
] as const;
export type Stage = (typeof STAGES)[number];

/** Whether nothing more can become of a deal. */
export function isOver(stage: Stage): boolean {
  return STAGES.indexOf(stage) >= STAGES.indexOf("Paid");
}

/** Why a buyer complains, in the order of `Complaint` in `contracts/types/Goods.sol`. */
export const COMPLAINTS = ["NotArrived", "NotAsAgreed"] as const;
export type Complaint = (typeof COMPLAINTS)[number];

/** One deal: `keccak256(abi.encode(purchaseId, firstPiece))`. */
export function goodsDealId(deal: Pick<GoodsDeal, "purchaseId" | "firstPiece">): Hex {
  return dealId(deal.purchaseId, deal.firstPiece);
}

/** All that was agreed: `keccak256(abi.encode(deal))`. Whoever confirms or splits signs it. */
export function goodsDealHash(deal: GoodsDeal): Hex {
  const types = GOODS_DEAL_MEMBERS.map(([, type]) => ({ type }));
  return keccak256(encodeAbiParameters(types, GOODS_DEAL_MEMBERS.map(([name]) => deal[name]) as never));
}

/** What the Receipt keeps of a deal: the first 24 bytes of its hash. */
export function goodsCommitment(deal: GoodsDeal): Hex {
  return sliceHex(goodsDealHash(deal), 0, 24);
}

/** What the buyer has locked for all pieces, in nano-HANSE. */
export function priceOfAll({ price, quantity }: Pick<GoodsDeal, "price" | "quantity">): bigint {
  return price * BigInt(quantity);
}

/** A deal whose members came as text, as JSON has them: whole numbers in decimal. */
export function parseGoodsDeal(members: Readonly<Record<keyof GoodsDeal, string | number>>): GoodsDeal {
  const parsed = GOODS_DEAL_MEMBERS.map(([name, type]) => {
    const value = members[name];
    if (type === "uint64") return [name, BigInt(value)];
    return [name, type.startsWith("uint") ? Number(value) : value];
  });
  return Object.fromEntries(parsed) as unknown as GoodsDeal;
}
