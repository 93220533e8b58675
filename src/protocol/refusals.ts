/** Which of a match's orders a refusal is about, in the order of `Leg` in `contracts/types/Refusals.sol`. */
export const LEGS = ["request", "app", "dataset", "pool"] as const;
export type Leg = (typeof LEGS)[number];

/** Why a match is not sealed, in the order of `Refusal` in `contracts/types/Refusals.sol`. */
export const REFUSALS = [
  "None",
  "WrongKind",
  "BadSignature",
  "Expired",
  "WrongEpoch",
  "CancelledOrFilled",
  "NotTheMatcher",
  "TermsNotMet",
  "SponsorNotSigned",
  "SponsorCapTooLow",
  "OtherApp",
  "OtherDataset",
  "DatasetMissing",
  "OtherCategory",
  "OtherCertifier",
  "PriceAboveBid",
  "TrustNotMet",
  "TagNotMet",
  "Restricted",
  "FillTooSmall",
  "CertifierNotRegistered",
  "PayerUnfunded",
  "PoolUnfunded",
  "OperatorLimit",
  "PoolNotOpen",
  "PoolClosed",
  "SeatsTooFew",
  "SeatStakeTooLow",
  "CategoryUnknown",
  "TrustTooHigh",
  "TrustTooLow",
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What stands between two orders: a refusal of the Clerk's, or that their batch reverted without a word. */
export type Obstacle = Refusal | "SealReverted";
