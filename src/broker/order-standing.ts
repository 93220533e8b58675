import type { Address } from "viem";
import type { OrderStatus } from "#src/client/broker-schema.ts";
import { type SignedOrder, soldAsset } from "#src/protocol/orders.ts";
import type { Refusal } from "#src/protocol/refusals.ts";
import type { ChainFacts } from "./chain-facts.ts";
import { CANCELLED } from "./market-chain.ts";
import { neededNano } from "./order-needs.ts";

/** How an order stands, by what the chain says. */
export interface OrderStanding {
  readonly status: OrderStatus;
  /** Tasks; what it was before for a cancelled order. */
  readonly filled: number;
  /** Why an open order cannot be filled now. */
  readonly blocked: Refusal | undefined;
}

export interface StandingInput {
  readonly signed: SignedOrder;
  readonly signer: Address;
  /** As `Clerk.filled` answers: `CANCELLED` for a cancelled order. */
  readonly filled: number;
  readonly filledBefore: number;
  /** Taken off the book by its signer. */
  readonly removed: boolean;
  /** Unix seconds. */
  readonly now: bigint;
}

export async function orderStanding(facts: ChainFacts, input: StandingInput): Promise<OrderStanding> {
  const { signed, signer, filledBefore, removed, now } = input;
  const { conditions } = signed.order;
  const cancelled = input.filled === CANCELLED;
  const filled = cancelled ? filledBefore : input.filled;
  const as = (status: OrderStatus, blocked?: Refusal): OrderStanding => ({ status, filled, blocked });

  if (filled >= conditions.volume) return as("filled");
  if (removed || cancelled) return as("cancelled");
  const account = await facts.account(signer);
  // An epoch only rises: what is older is void for good.
  if (conditions.epoch < account.epoch) return as("cancelled");
  if (conditions.validUntil < now) return as("expired");

  const asset = soldAsset(signed);
  const owner = asset === undefined ? signer : await facts.ownerOf(asset);
  if (owner === undefined) return as("open", "WrongKind");
  // Sold: its orders count for nothing unless it comes back.
  if (owner.toLowerCase() !== signer.toLowerCase()) return as("open", "BadSignature");
  if (conditions.epoch > account.epoch) return as("open", "WrongEpoch");
  if (!(await facts.isCertifier(conditions.certifier))) return as("open", "CertifierNotRegistered");
  if (account.freeNano < (await neededNano(facts, signer, signed))) {
    return as("open", signed.type === "request" ? "PayerUnfunded" : "PoolUnfunded");
  }
  return as("open");
}
