// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsDeal} from "../types/Goods.sol";
import {DealId} from "../types/Ids.sol";
import {IClerk} from "./IClerk.sol";
import {IReceipt} from "./IReceipt.sol";

/// @notice What buyers think of a seller, in one slot.
struct Rating {
    /// Stars times weight, over all ratings; the average is this by `weight`.
    uint128 sum;
    /// Nano-HANSE of deals that count: at most `count` times 64 bits.
    uint96 weight;
    uint32 count;
}

/// @title IRatings
/// @notice The buyer of a deal that was paid in full may rate its seller once: 1 to 5 stars, and the hash of a review that both
/// shops keep. A rating weighs as much as the deal was worth, and one buyer's ratings of one seller together at most
/// `CAP`: no single buyer makes a name, whatever it spends.
/// @dev Warning: accounts are free, and money that one pays oneself comes back. Praise by accounts of one's own costs the gas of a
/// deal, its price for a moment, and a commission where there is one. Whoever shows ratings looks at who rated, which
/// `Rated` tells.
interface IRatings {
    event Rated(
        address indexed seller,
        address indexed buyer,
        DealId indexed deal,
        uint8 stars,
        uint64 weight,
        bytes32 reviewHash
    );

    /// @notice Not one of the Clerk's certifiers, or not any more.
    error RatingsReceiptUnknown(address receipt);
    /// @notice Not 1 to 5.
    error RatingsStarsInvalid(uint8 stars);
    /// @notice Neither the buyer nor its operator with the power for parcels.
    error RatingsNotTheBuyer(address buyer, address caller);
    /// @notice Not over yet, or refunded, split, or won by the buyer.
    error RatingsNotPaid(DealId deal);
    error RatingsTwice(DealId deal);
    /// @notice The price of all pieces is too little to be rated.
    error RatingsBelowFloor(uint256 value, uint64 floor);

    /// @notice Rates the seller of a deal. The buyer or its operator with the power for parcels. Emits `Rated`.
    /// @param reviewHash `keccak256` of the review's UTF-8 text; zero: none.
    /// @dev Counted in full however often the cap is reached: the weight is what is left of it, which may be zero.
    /// @dev Reverts with `RatingsStarsInvalid`, `RatingsReceiptUnknown`, what `IReceipt.checkDeal` reverts with,
    /// `RatingsNotTheBuyer`, `RatingsNotPaid`, `RatingsBelowFloor`, `RatingsTwice`.
    function rate(IReceipt receipt, GoodsDeal calldata deal, uint8 stars, bytes32 reviewHash) external;

    function CLERK() external view returns (IClerk);

    /// @notice The least value (nano-HANSE) of a deal that may be rated.
    function FLOOR() external view returns (uint64);
    /// @notice The most (nano-HANSE) that one buyer's ratings of one seller weigh together.
    function CAP() external view returns (uint64);

    function ratingOf(address seller) external view returns (Rating memory);

    /// @notice How much (nano-HANSE) of `CAP` a buyer's ratings of a seller weigh already.
    function weightOf(address seller, address buyer) external view returns (uint64);
    function isRated(IReceipt receipt, DealId deal) external view returns (bool);
}
