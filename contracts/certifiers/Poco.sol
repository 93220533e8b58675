// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ICertifier} from "../interfaces/ICertifier.sol";
import {IClerk} from "../interfaces/IClerk.sol";
import {Category, IPoco} from "../interfaces/IPoco.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ISeedSource} from "../interfaces/ISeedSource.sol";
import {Confidence} from "../libraries/Confidence.sol";
import {Deal} from "../types/Deals.sol";
import {Refusal} from "../types/Refusals.sol";
import {Draws} from "./poco/Draws.sol";
import {GRACE_BLOCKS, MAX_DEADLINE_BLOCKS, MAX_TRUST, POOL_STAKE_PERCENT, SEED_DELAY} from "./poco/Parameters.sol";
import {PocoFrozen} from "./poco/PocoFrozen.sol";
import {PoolBook, Seats} from "./poco/Seats.sol";
import {Settlement} from "./poco/Settlement.sol";

/// @title Poco
/// @notice Proof-of-Contribution. `IPoco` says what each part does, emits, refuses and assumes; `Seats` keeps who takes
/// part, `Draws` tells who is drawn, `Rounds` takes what they commit, `Verdicts` judges it, `Settlement` pays.
contract Poco is Settlement, Ownable2Step {
    Category[] private _categories;

    constructor(
        IClerk clerk,
        IRegistry registry,
        ISeedSource seeds,
        address treasury,
        address governance
    ) Seats(clerk, registry, treasury) Draws(seeds) Ownable(governance) {}

    /// @inheritdoc IPoco
    function addCategory(Category calldata terms) external onlyOwner returns (uint16 categoryId) {
        require(
            terms.roundBlocks != 0 &&
                terms.deadlineBlocks <= MAX_DEADLINE_BLOCKS &&
                SEED_DELAY + terms.roundBlocks + GRACE_BLOCKS <= terms.deadlineBlocks,
            PocoCategoryInvalid(terms.roundBlocks, terms.deadlineBlocks)
        );
        require(_categories.length <= type(uint16).max, PocoCategoryInvalid(terms.roundBlocks, terms.deadlineBlocks));
        categoryId = uint16(_categories.length);
        _categories.push(terms);
        emit CategoryAdded(categoryId, terms);
    }

    /// @inheritdoc ICertifier
    function admit(
        Deal calldata draft,
        uint32 minSeats,
        uint64 minSeatStake
    ) external view returns (Refusal refusal, uint64 poolStake, bytes32 frozen) {
        if (draft.category >= _categories.length) return (Refusal.CategoryUnknown, 0, 0);
        PoolBook memory book = _pools[draft.pool];
        refusal = _refusalOf(book, draft.trust, minSeats, minSeatStake);
        if (refusal != Refusal.None) return (refusal, 0, 0);

        Category memory terms = _categories[draft.category];
        // At most the price.
        poolStake = uint64((uint256(draft.poolPrice) * POOL_STAKE_PERCENT) / 100);
        frozen = PocoFrozen.pack(
            book.seats,
            book.seatStake,
            book.schedulerShare,
            terms.roundBlocks,
            terms.deadlineBlocks
        );
    }

    /// @inheritdoc IPoco
    function category(uint16 id) external view returns (Category memory terms) {
        if (id < _categories.length) terms = _categories[id];
    }

    function _refusalOf(
        PoolBook memory book,
        uint32 trust,
        uint32 minSeats,
        uint64 minSeatStake
    ) private pure returns (Refusal) {
        if (!book.opened) return Refusal.PoolNotOpen;
        if (trust > MAX_TRUST) return Refusal.TrustTooHigh;
        if (trust > 1 && book.closed) return Refusal.PoolClosed;
        if (book.liveSeats < minSeats) return Refusal.SeatsTooFew;
        if (trust > 1 && book.liveSeats < Confidence.firstPlaces(trust)) return Refusal.SeatsTooFew;
        if (book.seatStake < minSeatStake) return Refusal.SeatStakeTooLow;
        return Refusal.None;
    }
}
