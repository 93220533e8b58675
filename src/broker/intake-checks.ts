import { type Address, type Hex, isAddressEqual, zeroAddress, zeroHash } from "viem";
import type { OrderPost } from "#src/client/broker-schema.ts";
import type { ErrorCode } from "#src/kernel/error-codes.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type AssetId, assetIdToHex, assetKind, NO_ASSET } from "#src/protocol/ids.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import { termsHash } from "#src/protocol/terms.ts";
import type { ChainFacts } from "./chain-facts.ts";
import { CANCELLED, type MarketChain, type Signing } from "./market-chain.ts";
import { type Funding, type Shortfall, shortfallOf } from "./order-needs.ts";
import { sponsorOf, sponsorStanding } from "./sponsoring.ts";

// Every reason to refuse an order by itself, in the order in which the broker asks. Where the Clerk has a name for it,
// `details.refusal` carries that name.

/** What can never be sealed, whatever the chain says. */
export function checkForm(signed: SignedOrder): void {
  const { order } = signed;
  const { minFill, volume } = order.conditions;
  if (minFill > volume) {
    throw malformed("conditions.minFill", "minFill exceeds the volume", { minFill, volume });
  }
  checkTerms(signed);
  if (signed.sponsorship !== undefined && sponsorOf(signed) === undefined) {
    throw malformed("sponsorship", "The order names no sponsor", {});
  }
}

/** Terms are brought where the order names some, and are those it names. */
function checkTerms({ order, terms }: SignedOrder): void {
  const named = order.conditions.terms;
  const brought = terms === undefined ? zeroHash : termsHash(terms);
  if (named === brought) return;
  const text =
    terms === undefined
      ? "The order names terms that did not come with it"
      : "The terms are not those that the order names";
  throw malformed("terms", text, { refusal: "TermsNotMet", named, brought });
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

/**
 * A signature that holds for the account.
 * @throws HANSE_ORDER_SIGNATURE_INVALID
 */
export async function checkSignature(
  facts: ChainFacts,
  chain: MarketChain,
  account: Address,
  hash: Hex,
  { type, signature }: SignedOrder,
): Promise<Signing> {
  const signing = await facts.signing({ account, kind: type, hash, signature });
  if (signing.type !== "nobody") return signing;
  throw new HanseError(
    "HANSE_ORDER_SIGNATURE_INVALID",
    `The signature is not that of ${account} for this order on this chain`,
    { details: { signer: account, orderHash: hash, chainId: chain.chainId, clerk: chain.clerk } },
  );
}

/** The sponsor's word, where the order names one. @returns who signed it */
export async function checkSponsorship(
  facts: ChainFacts,
  signed: SignedOrder,
  hash: Hex,
  now: bigint,
): Promise<Signing | undefined> {
  const standing = await sponsorStanding(facts, signed, hash, now);
  if (standing?.type !== "void") return standing?.signing;
  throw new HanseError("HANSE_ORDER_SPONSORSHIP_INVALID", `The sponsorship ${standing.why}`, {
    details: { ...standing.details, orderHash: hash, refusal: "SponsorNotSigned" },
  });
}

const shortfalls: Readonly<Record<Shortfall["refusal"], readonly [ErrorCode, string]>> = {
  PayerUnfunded: ["HANSE_ORDER_UNFUNDED", "The payer's free balance is below the smallest fill"],
  PoolUnfunded: ["HANSE_ORDER_STAKE_MISSING", "The pool owner's free balance is below the stake"],
  OperatorLimit: [
    "HANSE_ORDER_OPERATOR_LIMIT",
    "The key that signed may not lock enough for the smallest fill",
  ],
  SponsorCapTooLow: ["HANSE_ORDER_SPONSOR_CAP_TOO_LOW", "The smallest fill costs more than the sponsor pays"],
};

/** Money for the smallest fill: the payer's price, or the pool owner's stake. */
export async function checkMoney(facts: ChainFacts, funding: Funding): Promise<void> {
  const shortfall = await shortfallOf(facts, funding);
  if (shortfall === undefined) return;
  const { refusal, account, neededNano, leftNano } = shortfall;
  const [code, text] = shortfalls[refusal];
  const missingNano = neededNano - leftNano;
  throw new HanseError(code, text, { details: { account, leftNano, neededNano, missingNano, refusal } });
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
