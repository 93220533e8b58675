// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../interfaces/IClerk.sol";
import {POWER_PARCEL} from "../interfaces/IKeyring.sol";
import {IRatings, Rating} from "../interfaces/IRatings.sol";
import {GoodsState, IReceipt} from "../interfaces/IReceipt.sol";
import {GoodsDeal, Stage} from "../types/Goods.sol";
import {DealId} from "../types/Ids.sol";

/// @title Ratings
/// @notice What buyers think of sellers. `IRatings` says what each part does, emits, refuses and assumes.
contract Ratings is IRatings {
    /// @inheritdoc IRatings
    IClerk public immutable CLERK;

    /// @inheritdoc IRatings
    uint64 public immutable FLOOR;

    /// @inheritdoc IRatings
    uint64 public immutable CAP;

    mapping(address seller => Rating) private _ratings;

    /// @inheritdoc IRatings
    mapping(address seller => mapping(address buyer => uint64)) public weightOf;

    /// @inheritdoc IRatings
    mapping(IReceipt receipt => mapping(DealId deal => bool)) public isRated;

    constructor(IClerk clerk, uint64 floor, uint64 cap) {
        (CLERK, FLOOR, CAP) = (clerk, floor, cap);
    }

    /// @inheritdoc IRatings
    function rate(IReceipt receipt, GoodsDeal calldata deal, uint8 stars, bytes32 reviewHash) external {
        // Check
        require(stars >= 1 && stars <= 5, RatingsStarsInvalid(stars));
        // What governance never took up could tell of any deal.
        require(CLERK.isCertifier(address(receipt)), RatingsReceiptUnknown(address(receipt)));
        (DealId id, GoodsState memory state) = receipt.checkDeal(deal);
        (address seller, address buyer) = (deal.seller, deal.buyer);
        require(CLERK.KEYRING().mayAct(buyer, msg.sender, POWER_PARCEL), RatingsNotTheBuyer(buyer, msg.sender));
        require(state.stage == Stage.Paid || state.stage == Stage.WonBySeller, RatingsNotPaid(id));
        // 64 bits times 32.
        uint256 value = uint256(deal.price) * deal.quantity;
        require(value >= FLOOR, RatingsBelowFloor(value, FLOOR));
        require(!isRated[receipt][id], RatingsTwice(id));
        // Effect
        isRated[receipt][id] = true;
        uint64 weighed = weightOf[seller][buyer];
        // Never below zero: nothing is added beyond the cap.
        uint64 left = CAP - weighed;
        // Below 2^64 where it is the lesser.
        uint64 weight = value < left ? uint64(value) : left;
        if (weight != 0) weightOf[seller][buyer] = weighed + weight;

        Rating memory rating = _ratings[seller];
        // A count of 2^32 ratings is never reached, and up to it 5 times 64 bits each fit 128.
        rating.sum += uint128(stars) * weight;
        rating.weight += weight;
        ++rating.count;
        _ratings[seller] = rating;
        emit Rated(seller, buyer, id, stars, weight, reviewHash);
    }

    /// @inheritdoc IRatings
    function ratingOf(address seller) external view returns (Rating memory) {
        return _ratings[seller];
    }
}
