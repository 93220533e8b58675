// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../interfaces/IClerk.sol";
import {IPoco, Pool, PoolTerms, Seat} from "../../interfaces/IPoco.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {AssetId, AssetKind} from "../../types/Ids.sol";
import {Occupancy, newOccupancy} from "./Occupancy.sol";
import {FINE_PERCENT, MISSES_TO_LOSE_SEAT, SHARE_UNIT, UNBONDING_BLOCKS} from "./Parameters.sol";
import {Standing, toStanding} from "./Standing.sol";

/// @notice A pool, in one slot.
struct PoolBook {
    uint64 seatStake;
    uint16 schedulerShare;
    bool closed;
    bool opened;
    uint32 seats;
    uint32 liveSeats;
}

struct SeatBook {
    Occupancy occupancy;
    Standing standing;
}

/// @notice What a pool knows of an account.
struct Membership {
    /// The seat's number + 1; zero: not seated.
    uint32 seatPlusOne;
    /// The score of its last released seat, for its next one.
    uint32 score;
}

/// @title Seats
/// @notice Pools and their seats. Every change of a seat's stake is in this file.
/// @dev Law: what the Clerk holds bonded for this certifier is the sum of the stakes of all seats.
abstract contract Seats is IPoco {
    /// @notice Who holds the money.
    IClerk public immutable CLERK;

    /// @notice Where pools and their owners are looked up.
    IRegistry public immutable REGISTRY;

    /// @notice Gets the fines.
    address public immutable TREASURY;

    mapping(AssetId poolId => PoolBook) internal _pools;
    mapping(AssetId poolId => mapping(uint256 number => SeatBook)) internal _seats;

    mapping(AssetId poolId => mapping(address account => Membership)) private _memberships;
    /// @dev Numbers of released seats, given out again before new ones: else a pool's draws would fill with empty
    /// seats.
    mapping(AssetId poolId => uint32[]) private _released;

    constructor(IClerk clerk, IRegistry registry, address treasury) {
        CLERK = clerk;
        REGISTRY = registry;
        TREASURY = treasury;
    }

    /// @inheritdoc IPoco
    function openPool(AssetId poolId, PoolTerms calldata terms) external {
        address owner = poolId.assetKind() == AssetKind.Pool ? REGISTRY.ownerOrZero(poolId) : address(0);
        require(owner == msg.sender, PocoNotPoolOwner(poolId, owner, msg.sender));
        PoolBook storage book = _pools[poolId];
        require(!book.opened, PocoPoolAlreadyOpen(poolId));
        // A seat for nothing would let one party have as many as it likes.
        require(
            terms.schedulerShare <= SHARE_UNIT && (terms.closed || terms.seatStake != 0),
            PocoTermsInvalid(terms.seatStake, terms.schedulerShare, terms.closed)
        );
        (book.seatStake, book.schedulerShare, book.closed, book.opened) = (
            terms.seatStake,
            terms.schedulerShare,
            terms.closed,
            true
        );
        emit PoolOpened(poolId, terms);
    }

    /// @inheritdoc IPoco
    function enrol(AssetId poolId) external returns (uint32 number) {
        // Check
        PoolBook memory book = _pools[poolId];
        require(book.opened, PocoPoolNotOpen(poolId));
        require(!book.closed, PocoPoolClosed(poolId));
        Membership storage membership = _memberships[poolId][msg.sender];
        uint32 seatPlusOne = membership.seatPlusOne;
        // Not `require`: it works the error's values out first, and there is no seat before number 0.
        if (seatPlusOne != 0) revert PocoAlreadySeated(poolId, msg.sender, seatPlusOne - 1);
        // Effect
        uint32[] storage released = _released[poolId];
        uint256 reusable = released.length;
        if (reusable != 0) {
            number = released[reusable - 1];
            released.pop();
        } else {
            number = book.seats++;
        }
        ++book.liveSeats;
        _pools[poolId] = book;
        _seats[poolId][number] = SeatBook({
            occupancy: newOccupancy(msg.sender, block.number),
            standing: toStanding(book.seatStake, membership.score, 0)
        });
        // A score is handed over, never doubled: a second seat taken before the first is released starts from zero.
        (membership.seatPlusOne, membership.score) = (number + 1, 0);
        emit SeatTaken(poolId, number, msg.sender);
        // Interaction
        CLERK.bond(msg.sender, book.seatStake);
    }

    /// @inheritdoc IPoco
    function leave(AssetId poolId, uint32 number) external {
        Occupancy occupancy = _seats[poolId][number].occupancy;
        address worker = occupancy.worker();
        require(worker == msg.sender, PocoNotTheWorker(poolId, number, worker, msg.sender));
        require(occupancy.leftAt() == 0, PocoSeatAlreadyLeft(poolId, number, occupancy.leftAt()));
        _leave(poolId, number, occupancy);
    }

    /// @inheritdoc IPoco
    function release(AssetId poolId, uint32 number) external {
        // Check
        SeatBook memory book = _seats[poolId][number];
        require(book.occupancy.leftAt() != 0, PocoSeatNotLeft(poolId, number));
        uint256 untilBlock = book.occupancy.leftAt() + UNBONDING_BLOCKS;
        // Then every task it was drawn for is past its deadline too, and nothing can be taken from it any more.
        require(block.number > untilBlock, PocoSeatUnbonding(poolId, number, untilBlock));
        // Effect
        delete _seats[poolId][number];
        _released[poolId].push(number);
        (address worker, uint64 stake) = (book.occupancy.worker(), book.standing.stake());
        _memberships[poolId][worker].score = book.standing.score();
        emit SeatReleased(poolId, number, worker, stake);
        // Interaction
        if (stake != 0) CLERK.unbond(worker, stake);
    }

    /// @inheritdoc IPoco
    function pool(AssetId id) external view returns (Pool memory) {
        PoolBook memory book = _pools[id];
        return
            Pool({
                terms: PoolTerms({seatStake: book.seatStake, schedulerShare: book.schedulerShare, closed: book.closed}),
                opened: book.opened,
                seats: book.seats,
                liveSeats: book.liveSeats
            });
    }

    /// @inheritdoc IPoco
    function seat(AssetId poolId, uint32 number) external view returns (Seat memory) {
        SeatBook memory book = _seats[poolId][number];
        return
            Seat({
                worker: book.occupancy.worker(),
                enrolledAt: book.occupancy.enrolledAt(),
                leftAt: book.occupancy.leftAt(),
                convicted: book.occupancy.convicted(),
                stake: book.standing.stake(),
                score: book.standing.score(),
                misses: book.standing.misses()
            });
    }

    /// @dev The seat was right.
    /// @param standing As it is stored now.
    /// @return score The seat's score from now on.
    function _acquit(SeatBook storage book, Standing standing, uint32 scoreGain) internal returns (uint32 score) {
        score = standing.score() + scoreGain;
        // Where nothing changes nothing is written.
        if (scoreGain != 0 || standing.misses() != 0) book.standing = toStanding(standing.stake(), score, 0);
    }

    /// @dev The seat was wrong.
    /// @return lost All of its stake; the caller seizes it.
    /// @return score The seat's score from now on.
    function _convict(AssetId poolId, uint32 number) internal returns (uint64 lost, uint32 score) {
        SeatBook storage book = _seats[poolId][number];
        lost = book.standing.stake();
        score = book.standing.score();
        // Rounded up, so that a low score falls too.
        score -= (score + 2) / 3;
        book.standing = toStanding(0, score, 0);
        _leave(poolId, number, book.occupancy.convict());
    }

    /// @dev The seat was drawn and did not commit.
    /// @return worker Whose seat it is.
    /// @return fine The caller seizes it.
    function _miss(AssetId poolId, uint32 number) internal returns (address worker, uint64 fine) {
        SeatBook storage book = _seats[poolId][number];
        Occupancy occupancy = book.occupancy;
        worker = occupancy.worker();
        Standing standing = book.standing;
        uint64 stake = standing.stake();
        // At most the stake.
        fine = uint64((uint256(stake) * FINE_PERCENT) / 100);
        uint16 misses = standing.misses() + 1;
        // The count ends there: a seat that was left may be missed more often.
        if (misses >= MISSES_TO_LOSE_SEAT) {
            misses = MISSES_TO_LOSE_SEAT;
            _leave(poolId, number, occupancy);
        }
        book.standing = toStanding(stake - fine, standing.score(), misses);
    }

    /// @dev Out of the draws of deals that are sealed in later blocks.
    function _leave(AssetId poolId, uint32 number, Occupancy occupancy) private {
        bool seated = occupancy.leftAt() == 0;
        if (seated) occupancy = occupancy.leaveAt(block.number);
        _seats[poolId][number].occupancy = occupancy;
        if (!seated) return;
        --_pools[poolId].liveSeats;
        _memberships[poolId][occupancy.worker()].seatPlusOne = 0;
        emit SeatLeft(poolId, number, occupancy.worker());
    }
}
