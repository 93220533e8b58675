import { type Address, isAddressEqual, zeroAddress, zeroHash } from "viem";
import type { OrderPost } from "#src/client/broker-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type AssetId, assetIdToHex, assetKind, NO_ASSET } from "#src/protocol/ids.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import type { ChainFacts } from "./chain-facts.ts";
import { CANCELLED, type MarketChain } from "./market-chain.ts";
import { neededNano } from "./order-needs.ts";

// Every reason to refuse an order by itself, in the order in which the broker asks. Where the Clerk has a name for it,
// `details.refusal` carries that name.

/** What can never be sealed, whatever the chain says. */
export function checkForm({ order }: SignedOrder): void {
  const { minFill, volume, terms } = order.conditions;
  if (minFill > volume) {
    throw malformed("conditions.minFill", "minFill exceeds the volume", { minFill, volume });
  }
  if (terms !== zeroHash) {
    throw malformed("conditions.terms", "Orders with terms are not supported yet", {
      refusal: "TermsNotMet",
      terms,
    });
  }
  if ("sponsor" in order && !isAddressEqual(order.sponsor, zeroAddress)) {
    throw malformed("sponsor", "Sponsored requests are not supported yet", {
      refusal: "SponsorNotSigned",
      sponsor: order.sponsor,
    });
  }
}

/** What the sender believes to trade on, where it says so. */
export function checkChain(chain: MarketChain, { chainId, clerk }: OrderPost): void {
  if (chainId !== undefined && chainId !== chain.chainId) {
    throw new HanseError(
      "HANSE_ORDER_WRONG_CHAIN",
      `The order is for chain ${chainId}, this broker trades on ${chain.chainId}`,
      { details: { stated: chainId, expected: chain.chainId } },
    );
  }
  if (clerk !== undefined && !isAddressEqual(clerk, chain.clerk)) {
    throw new HanseError(
      "HANSE_ORDER_WRONG_CHAIN",
      `The order is for the Clerk ${clerk}, this broker trades on ${chain.clerk}`,
      { details: { stated: clerk, expected: chain.clerk } },
    );
  }
}

/** Every asset named exists and is of its kind. @returns who has to have signed */
export async function checkAssets(facts: ChainFacts, signed: SignedOrder): Promise<Address> {
  switch (signed.type) {
    case "app":
      return await ownerOf(facts, "app", signed.order.app);
    case "dataset":
      return await ownerOf(facts, "dataset", signed.order.dataset);
    case "pool":
      return await ownerOf(facts, "pool", signed.order.pool);
    case "request": {
      const { app, dataset, requester } = signed.order;
      await ownerOf(facts, "app", app);
      if (dataset !== NO_ASSET) await ownerOf(facts, "dataset", dataset);
      return requester;
    }
  }
}

async function ownerOf(
  facts: ChainFacts,
  kind: "app" | "dataset" | "pool",
  asset: AssetId,
): Promise<Address> {
  const owner = assetKind(asset) === kind ? await facts.ownerOf(asset) : undefined;
  if (owner !== undefined) return owner;
  const text = assetKind(asset) === kind ? "is registered by nobody" : `is no ${kind}`;
  throw new HanseError("HANSE_ORDER_ASSET_UNKNOWN", `${assetIdToHex(asset)} ${text}`, {
    details: { asset: assetIdToHex(asset), expectedKind: kind, refusal: "WrongKind" },
  });
}

export interface StandingToCheck {
  readonly signed: SignedOrder;
  readonly signer: Address;
  /** As `Clerk.filled` answers. */
  readonly filled: number;
  /** Unix seconds. */
  readonly now: bigint;
}

/** Time, epoch and what is left of the order. */
export async function checkStanding(
  facts: ChainFacts,
  { signed, signer, filled, now }: StandingToCheck,
): Promise<void> {
  const { validUntil, epoch, volume } = signed.order.conditions;
  if (validUntil < now) {
    throw new HanseError("HANSE_ORDER_EXPIRED", `The order was valid until ${validUntil}, it is ${now}`, {
      details: { validUntil, now },
    });
  }
  const account = await facts.account(signer);
  if (account.epoch !== epoch) {
    throw new HanseError(
      "HANSE_ORDER_WRONG_EPOCH",
      `The order is of epoch ${epoch}, its signer's account of ${account.epoch}`,
      { details: { epoch, accountEpoch: account.epoch, signer } },
    );
  }
  if (filled === CANCELLED) {
    throw new HanseError("HANSE_ORDER_CANCELLED", "The order was cancelled on chain", {
      details: { signer },
    });
  }
  if (filled >= volume) {
    throw new HanseError("HANSE_ORDER_OVERFILLED", `All ${volume} tasks of the order are filled`, {
      details: { filled, volume },
    });
  }
}

/** What this market, and this broker in it, can serve. */
export async function checkMarket(
  facts: ChainFacts,
  chain: MarketChain,
  { order }: SignedOrder,
): Promise<void> {
  const { matcher, certifier } = order.conditions;
  if (!isAddressEqual(matcher, zeroAddress) && !isAddressEqual(matcher, chain.matcher)) {
    throw new HanseError("HANSE_ORDER_RESTRICTED", `Only ${matcher} may seal this order`, {
      hint: `Send it to the broker it names, or sign it for ${chain.matcher} or for anyone.`,
      details: { refusal: "NotTheMatcher", matcher, expected: chain.matcher },
    });
  }
  if (!(await facts.isCertifier(certifier))) {
    throw malformed(
      "conditions.certifier",
      `The Clerk takes no deals with the certifier ${certifier}`,
      { refusal: "CertifierNotRegistered", certifier },
      "Name a certifier that the Clerk has registered.",
    );
  }
}

/** Money for the smallest fill: the requester's price, or the pool owner's stake. */
export async function checkMoney(facts: ChainFacts, signer: Address, signed: SignedOrder): Promise<void> {
  const needed = await neededNano(facts, signer, signed);
  const { freeNano } = await facts.account(signer);
  if (freeNano >= needed) return;
  const details = { signer, freeNano, neededNano: needed, missingNano: needed - freeNano };
  throw signed.type === "request"
    ? new HanseError("HANSE_ORDER_UNFUNDED", "The requester's free balance is below the smallest fill", {
        details,
      })
    : new HanseError("HANSE_ORDER_STAKE_MISSING", "The pool owner's free balance is below the stake", {
        details,
      });
}

function malformed(
  field: string,
  text: string,
  details: Readonly<Record<string, unknown>>,
  hint?: string,
): HanseError {
  return new HanseError("HANSE_ORDER_MALFORMED", text, {
    details: { field, ...details },
    ...(hint === undefined ? {} : { hint }),
  });
}
