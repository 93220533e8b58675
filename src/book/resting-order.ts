import type { Hex } from "viem";
import type { OrderType, SignedOrder } from "#src/protocol/orders.ts";
import type { Refusal } from "#src/protocol/refusals.ts";

/** An order as it enters the book. */
export interface BookEntry {
  /** The EIP-712 struct hash. */
  readonly hash: Hex;
  readonly signed: SignedOrder;
  readonly signer: Hex;
  /** Tasks not filled on chain. */
  readonly remaining: number;
  /** Time priority: the lower came first. */
  readonly sequence: number;
}

/** The signed order of one type. */
export type SignedOf<Type extends OrderType> = Extract<SignedOrder, { type: Type }>;

/** An order in the book; only the book changes it. */
export interface RestingOrder<Signed extends SignedOrder = SignedOrder> {
  readonly hash: Hex;
  readonly signed: Signed;
  readonly signer: Hex;
  readonly sequence: number;
  /** Nano-HANSE per task: the ask, or a request's highest price for the pool. */
  readonly price: bigint;
  readonly minFill: number;
  readonly validUntil: bigint;
  remaining: number;
  /** Tasks that proposals in flight count on. */
  reserved: number;
  blockedBy: Refusal | undefined;
  /** On its ladder, where matches are looked for. */
  active: boolean;
  /** State of the other side when nothing was found for this order last; -1: not looked yet. */
  searchedAt: number;
  /** Neighbours on its price level. */
  previous: RestingOrder | undefined;
  next: RestingOrder | undefined;
}

/** An order of one type in the book. */
export type Resting<Type extends OrderType> = RestingOrder<SignedOf<Type>>;

export function restingOrder({ hash, signed, signer, remaining, sequence }: BookEntry): RestingOrder {
  const { minFill, validUntil } = signed.order.conditions;
  return {
    hash,
    signed,
    signer,
    sequence,
    price: signed.type === "request" ? signed.order.maxPoolPrice : signed.order.price,
    minFill: Math.max(minFill, 1),
    validUntil,
    remaining,
    reserved: 0,
    blockedBy: undefined,
    active: false,
    searchedAt: -1,
    previous: undefined,
    next: undefined,
  };
}

/** Tasks that may still be proposed. */
export function available(order: Pick<RestingOrder, "remaining" | "reserved">): number {
  return Math.max(order.remaining - order.reserved, 0);
}
