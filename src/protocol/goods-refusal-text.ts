import { type ErrorCode, errorCodes } from "#src/kernel/error-codes.ts";
import type { GoodsRefusal } from "./goods-refusals.ts";
import type { RefusalText } from "./refusal-text.ts";

const texts: Readonly<Record<Exclude<GoodsRefusal, "None">, readonly [string, ErrorCode | string]>> = {
  BadSignature: ["The order is not signed for its account", "HANSE_ORDER_SIGNATURE_INVALID"],
  Expired: ["The order has expired", "HANSE_ORDER_EXPIRED"],
  WrongEpoch: ["The order is of another epoch than its signer's account", "HANSE_ORDER_WRONG_EPOCH"],
  CancelledOrFilled: ["The order is cancelled or its volume used up", "HANSE_ORDER_OVERFILLED"],
  NotTheMatcher: ["The order names another matcher", "Have it sealed by whom it names."],
  OtherCertifier: ["The order is signed for another Receipt", "Seal it with the Receipt it names."],
  TermsNotMet: [
    "The contract that checks an order's terms does not accept the deal",
    "Wait for another offer, or ask the signer of the terms what they demand.",
  ],
  CommissionTooHigh: [
    "The commission is above the price, or is nobody's",
    "Sign a commission of at most the price, and who gets it.",
  ],
  ArbiterIsParty: [
    "The seller or its referrer would be the judge",
    "Name an arbiter that has no part in the deal.",
  ],
  VolumeTooLarge: [
    "The purchase is of more pieces than one order may be",
    "Order fewer pieces, and the rest by another order.",
  ],
  OtherGoods: ["It is for other goods", "Wait for an order for these goods."],
  OtherSale: ["The purchase names another sale", "Seal it with the sale it names."],
  PriceAboveBid: ["The price asked is above the bid", "HANSE_ORDER_PRICE_ABOVE_BID"],
  Restricted: ["One of the orders does not allow the other side", "HANSE_ORDER_RESTRICTED"],
  SelfDealing: ["Buyer and seller are the same", "Buy from somebody else."],
  ShipsTooLate: [
    "It is shipped later than the buyer accepts",
    "Accept a longer time, or look for another sale.",
  ],
  DeliversTooLate: [
    "It is delivered later than the buyer accepts",
    "Accept a longer time, or look for another sale.",
  ],
  ComplaintTooShort: [
    "The time to complain is shorter than the buyer demands",
    "Demand less time, or look for another sale.",
  ],
  ArbiterNotAccepted: [
    "The buyer does not accept the sale's arbiter",
    "Name the arbiters that are accepted, or look for another sale.",
  ],
  DefaultNotAccepted: [
    "Without a ruling the seller would win, and the buyer does not accept that",
    "Accept it, or look for another sale.",
  ],
  SellerBondTooLow: [
    "The seller has less at stake than the buyer demands",
    "Demand less, or look for another sale.",
  ],
  ResaleMarginTooShort: [
    "The sale leaves a reseller less time to complain than the buyer demands",
    "Demand less time, or look for another sale.",
  ],
  FillTooSmall: [
    "What is left is less than the smallest fill",
    "Order fewer pieces, or sign a smaller minFill.",
  ],
  BasketBroken: [
    "Another purchase of the basket is missing or not whole",
    "Seal all of the basket's purchases together, strictly.",
  ],
  NotRegistered: ["The Clerk takes no new deals of this Receipt", "Name a Receipt the Clerk has registered."],
  BuyerUnfunded: [
    "The buyer's free balance, or what it allows the Receipt, does not cover the price",
    "Deposit more, or allow the Receipt more.",
  ],
  SellerUnfunded: [
    "The seller's free balance, or what it allows the Receipt, does not cover its bond",
    "Deposit more, or allow the Receipt more.",
  ],
  OperatorLimit: [
    "The key that signed may lock no more of its account's money",
    "HANSE_ORDER_OPERATOR_LIMIT",
  ],
};

/** The stable code where one says it, otherwise only a text and what to do. */
export function goodsRefusalText(refusal: GoodsRefusal): RefusalText {
  if (refusal === "None") return { message: "Nothing stands against it", hint: "" };
  const [message, codeOrHint] = texts[refusal];
  return codeOrHint in errorCodes
    ? { code: codeOrHint as ErrorCode, message, hint: errorCodes[codeOrHint as ErrorCode].hint }
    : { message, hint: codeOrHint };
}
