import type { Address, Hex } from "viem";
import type { OrderStatus } from "#src/client/broker-schema.ts";
import { type SignedOrder, soldAsset } from "#src/protocol/orders.ts";
import type { Refusal } from "#src/protocol/refusals.ts";
import type { ChainFacts } from "./chain-facts.ts";
import { CANCELLED, type Signing } from "./market-chain.ts";
import { shortfallOf } from "./order-needs.ts";
import { sponsorStanding } from "./sponsoring.ts";

/** How an order stands, by what the chain says. */
export interface OrderStanding {
  readonly status: OrderStatus;
  /** Tasks; what it was before for a cancelled order. */
  readonly filled: number;
  /** Why an open order cannot be filled now. */
  readonly blocked: Refusal | undefined;
}

export interface StandingInput {
  readonly hash: Hex;
  readonly signed: SignedOrder;
  readonly signer: Address;
  /** As `Clerk.filled` answers: `CANCELLED` for a cancelled order. */
  readonly filled: number;
  readonly filledBefore: number;
  /** Whether a signature of it rests on the Keyring's word, which is asked for anew then. */
  readonly byKeyring: boolean;
  /** Taken off the book by its signer. */
  readonly removed: boolean;
  /** Unix seconds. */
  readonly now: bigint;
}

export async function orderStanding(facts: ChainFacts, input: StandingInput): Promise<OrderStanding> {
  const { hash, signed, signer, filledBefore, byKeyring, removed, now } = input;
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
  const signing: Signing = byKeyring
    ? await facts.signing({ account: signer, kind: signed.type, hash, signature: signed.signature })
    : { type: "key" };
  if (signing.type === "nobody") return as("open", "BadSignature");
  const sponsored = await sponsorStanding(facts, signed, hash, now);
  if (sponsored?.type === "void") return as("open", "SponsorNotSigned");
  const sponsorSigning = sponsored?.signing;
  const shortfall = await shortfallOf(facts, { hash, signed, signer, signing, sponsorSigning });
  return as("open", shortfall?.refusal);
}
