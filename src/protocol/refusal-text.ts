import { type ErrorCode, errorCodes } from "#src/kernel/error-codes.ts";
import type { Obstacle } from "./refusals.ts";

/** A refusal as it is told to people and programs. */
export interface RefusalText {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const texts: Readonly<Record<Exclude<Obstacle, "None"> | "NoOrder", readonly [string, ErrorCode | string]>> =
  {
    NoOrder: ["Nobody offers it at present", "Wait for an order, or ask its owner to publish one."],
    WrongKind: ["Nobody owns the asset, or it is of another kind", "HANSE_ORDER_ASSET_UNKNOWN"],
    BadSignature: ["The signature is not that of today's owner", "HANSE_ORDER_SIGNATURE_INVALID"],
    Expired: ["The order has expired", "HANSE_ORDER_EXPIRED"],
    WrongEpoch: ["The order is of another epoch than its signer's account", "HANSE_ORDER_WRONG_EPOCH"],
    CancelledOrFilled: ["The order is cancelled or its volume used up", "HANSE_ORDER_OVERFILLED"],
    NotTheMatcher: ["The order names another matcher", "Send it to the broker it names."],
    TermsNotMet: [
      "The contract that checks an order's terms does not accept the deal",
      "Wait for another offer, or ask the signer of the terms what they demand.",
    ],
    SponsorNotSigned: ["The sponsor has not signed, or not any more", "HANSE_ORDER_SPONSORSHIP_INVALID"],
    SponsorCapTooLow: ["It costs more than the sponsor pays for it", "HANSE_ORDER_SPONSOR_CAP_TOO_LOW"],
    OtherApp: ["It is for another app", "Wait for an order for this app."],
    OtherDataset: ["It is for another dataset", "Wait for an order for this dataset."],
    DatasetMissing: [
      "The request wants a dataset and none is offered",
      "Wait for an order for this dataset.",
    ],
    OtherCategory: ["It is for another category", "Choose a category that pools serve."],
    OtherCertifier: ["It accepts another certifier only", "Name a certifier that both sides accept."],
    PriceAboveBid: ["The price asked is above the bid", "HANSE_ORDER_PRICE_ABOVE_BID"],
    TrustNotMet: ["The trust wanted is not served", "Change the trust, or wait for a pool that serves it."],
    TagNotMet: ["The pool lacks a tag that is needed", "HANSE_ORDER_TAG_MISMATCH"],
    Restricted: ["One of the orders does not allow the other", "HANSE_ORDER_RESTRICTED"],
    FillTooSmall: [
      "What is left is less than the smallest fill",
      "Wait for more volume, or sign a smaller minFill.",
    ],
    CertifierNotRegistered: [
      "The Clerk takes no new deals with this certifier",
      "Name a certifier the Clerk has registered.",
    ],
    PayerUnfunded: ["The payer's free balance does not cover it", "HANSE_ORDER_UNFUNDED"],
    PoolUnfunded: ["The pool owner's free balance does not cover the stake", "HANSE_ORDER_STAKE_MISSING"],
    OperatorLimit: [
      "The key that signed may lock no more of its account's money",
      "HANSE_ORDER_OPERATOR_LIMIT",
    ],
    PoolNotOpen: ["The pool has not been opened at the certifier", "Open the pool, or choose another one."],
    PoolClosed: ["A closed pool serves no trust above 1", "Choose an open pool, or trust 1."],
    SeatsTooFew: [
      "The pool has fewer seats than are needed",
      "Ask for fewer seats or less trust, or wait for workers.",
    ],
    SeatStakeTooLow: [
      "The pool's seats hold less stake than is demanded",
      "Demand less, or choose another pool.",
    ],
    CategoryUnknown: ["The certifier has no such category", "Choose a category that exists."],
    SealReverted: [
      "The Clerk reverted on these orders without naming a reason",
      "The broker tries again when the chain has moved on; report it if it stays.",
    ],
    TrustTooHigh: ["More trust than the certifier can give", "Ask for less trust."],
    TrustTooLow: ["Less trust than the certifier gives", "Ask for more trust, or another certifier."],
  };

/** The stable code where one says it, otherwise only a text and what to do. */
export function refusalText(refusal: Obstacle | "NoOrder"): RefusalText {
  if (refusal === "None") return { message: "Nothing stands against it", hint: "" };
  const [message, codeOrHint] = texts[refusal];
  return codeOrHint in errorCodes
    ? { code: codeOrHint as ErrorCode, message, hint: errorCodes[codeOrHint as ErrorCode].hint }
    : { message, hint: codeOrHint };
}
