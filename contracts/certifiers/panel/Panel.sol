// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ICertifier} from "../../interfaces/ICertifier.sol";
import {IClerk} from "../../interfaces/IClerk.sol";
import {Category, IPanel} from "../../interfaces/IPanel.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {ISeedSource} from "../../interfaces/ISeedSource.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {Sortition} from "../../libraries/Sortition.sol";
import {Deal} from "../../types/Deals.sol";
import {Refusal} from "../../types/Refusals.sol";
import {Claims} from "./Claims.sol";
import {Draws} from "./Draws.sol";
import {MAX_DEADLINE_BLOCKS, MAX_TRUST, POOL_STAKE_PERCENT, SEED_DELAY} from "./Parameters.sol";
import {PanelFrozen} from "./PanelFrozen.sol";
import {PoolBook, Seats} from "./Seats.sol";

/// @title Panel
/// @notice What certifiers share that ask drawn workers. `IPanel` says what each part does, emits, refuses and assumes;
/// `Seats` keeps who takes part, `Draws` tells who is drawn, `Rounds` takes what they commit, `Endings` is what
/// every end of a task has in common, `Claims` ends what came to nothing.
abstract contract Panel is Claims, Ownable2Step {
    mapping(uint256 id => Category) private _categories;
    uint256 private _categoryCount;

    constructor(
        IClerk clerk,
        IRegistry registry,
        ISeedSource seeds,
        address treasury,
        address governance
    ) Seats(clerk, registry, treasury) Draws(seeds) Ownable(governance) {}

    /// @inheritdoc IPanel
    function addCategory(Category calldata terms) external onlyOwner returns (uint16 categoryId) {
        require(
            terms.roundBlocks != 0 &&
                terms.deadlineBlocks <= MAX_DEADLINE_BLOCKS &&
                SEED_DELAY + terms.roundBlocks + _grace(terms.roundBlocks) <= terms.deadlineBlocks &&
                _categoryCount <= type(uint16).max,
            PanelCategoryInvalid(terms.roundBlocks, terms.deadlineBlocks)
        );
        categoryId = uint16(_categoryCount++);
        _categories[categoryId] = terms;
        emit CategoryAdded(categoryId, terms);
    }

    /// @inheritdoc ICertifier
    function admit(
        Deal calldata draft,
        uint32 minSeats,
        uint64 minSeatStake
    ) external view returns (Refusal refusal, uint64 poolStake, bytes32 frozen) {
        Category memory terms = _categories[draft.category];
        // Every category has a round.
        if (terms.roundBlocks == 0) return (Refusal.CategoryUnknown, 0, 0);
        PoolBook memory book = _pools[draft.pool];
        refusal = _refusalOf(book, draft.trust, minSeats, minSeatStake);
        if (refusal != Refusal.None) return (refusal, 0, 0);

        // At most the price.
        poolStake = uint64((uint256(draft.poolPrice) * POOL_STAKE_PERCENT) / 100);
        frozen = PanelFrozen.pack(
            book.seats,
            book.seatStake,
            book.schedulerShare,
            terms.roundBlocks,
            terms.deadlineBlocks
        );
    }

    /// @inheritdoc IPanel
    function category(uint16 id) external view returns (Category memory) {
        return _categories[id];
    }

    /// @dev The least trust that a deal may ask for.
    function _minTrust() internal pure virtual returns (uint32);

    function _refusalOf(
        PoolBook memory book,
        uint32 trust,
        uint32 minSeats,
        uint64 minSeatStake
    ) private pure returns (Refusal) {
        if (!book.opened) return Refusal.PoolNotOpen;
        if (trust > MAX_TRUST) return Refusal.TrustTooHigh;
        if (trust < _minTrust()) return Refusal.TrustTooLow;
        if (trust > 1 && book.closed) return Refusal.PoolClosed;
        if (book.liveSeats < minSeats) return Refusal.SeatsTooFew;
        if (trust > 1 && !_canFill(book, Confidence.firstPlaces(trust))) return Refusal.SeatsTooFew;
        if (book.seatStake < minSeatStake) return Refusal.SeatStakeTooLow;
        return Refusal.None;
    }

    /// @dev Whether so many places can be expected to be drawn: a draw takes 256 of the pool's numbers at most, of which
    /// many may be free. Twice as many as are needed, since the draw is by chance.
    function _canFill(PoolBook memory book, uint256 places) private pure returns (bool) {
        if (book.seats <= Sortition.MAX_DRAWS) return book.liveSeats >= places;
        return uint256(book.liveSeats) * Sortition.MAX_DRAWS >= 2 * places * book.seats;
    }
}
