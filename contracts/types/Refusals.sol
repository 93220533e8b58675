// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// The four kinds of orders, as the legs of a match.
enum Leg {
    Request,
    App,
    Dataset,
    Pool
}

/// Why a match is not sealed. `src/protocol/refusals.ts` mirrors the order.
enum Refusal {
    None,
    // about one order
    WrongKind, // the id is not of the leg's kind, or nobody owns it
    BadSignature,
    Expired,
    WrongEpoch,
    CancelledOrFilled,
    NotTheMatcher,
    TermsNotMet,
    SponsorNotSigned,
    SponsorCapTooLow,
    // about the orders together
    OtherApp,
    OtherDataset,
    DatasetMissing,
    OtherCategory,
    OtherCertifier,
    PriceAboveBid,
    TrustNotMet,
    TagNotMet,
    Restricted,
    FillTooSmall,
    // about the market
    CertifierNotRegistered,
    PayerUnfunded,
    PoolUnfunded,
    OperatorLimit, // the key that signed may not lock so much
    // about the certifier's own rules
    PoolNotOpen,
    PoolClosed,
    SeatsTooFew,
    SeatStakeTooLow,
    CategoryUnknown,
    TrustTooHigh,
    TrustTooLow
}
