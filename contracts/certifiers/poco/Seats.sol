// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../interfaces/IClerk.sol";
import {IPoco, Pool, PoolTerms, Seat} from "../../interfaces/IPoco.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {AssetId, AssetKind} from "../../types/Ids.sol";
import {FINE_PERCENT, MISSES_TO_LOSE_SEAT, SHARE_UNIT, UNBONDING_BLOCKS} from "./Parameters.sol";

/// @notice A pool, in one slot.
struct PoolBook {
    uint64 seatStake;
    uint16 schedulerShare;
    bool closed;
    bool opened;
    uint32 seats;
    uint32 liveSeats;
}

/// @notice Who sits where since when: the slot that a draw reads.
struct Occupancy {
    address worker;
    uint48 enrolledAt;
    uint48 leftAt;
}

/// @notice The slot that tasks change.
struct Standing {
    uint64 stake;
    uint64 serving;
    uint32 score;
    uint16 misses;
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
    /// @dev Numbers of released seats, given out again before new ones: else a pool's draws would fill with empty seats.
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
        (book.seatStake, book.schedulerShare, book.closed, book.opened) =
            (terms.seatStake, terms.schedulerShare, terms.closed, true);
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
            occupancy: Occupancy({worker: msg.sender, enrolledAt: uint48(block.number), leftAt: 0}),
            standing: Standing({stake: book.seatStake, serving: 0, score: membership.score, misses: 0})
        });
        // A score is handed over, never doubled: a second seat taken before the first is released starts from zero.
        (membership.seatPlusOne, membership.score) = (number + 1, 0);
        emit SeatTaken(poolId, number, msg.sender);
        // Interaction
        CLERK.bond(msg.sender, book.seatStake);
    }

    /// @inheritdoc IPoco
    function leave(AssetId poolId, uint32 number) external {
        Occupancy storage occupancy = _seats[poolId][number].occupancy;
        (address worker, uint48 leftAt) = (occupancy.worker, occupancy.leftAt);
        require(worker == msg.sender, PocoNotTheWorker(poolId, number, worker, msg.sender));
        require(leftAt == 0, PocoSeatAlreadyLeft(poolId, number, leftAt));
        _close(poolId, number);
    }

    /// @inheritdoc IPoco
    function release(AssetId poolId, uint32 number) external {
        // Check
        SeatBook memory book = _seats[poolId][number];
        require(book.occupancy.leftAt != 0, PocoSeatNotLeft(poolId, number));
        uint256 untilBlock = book.occupancy.leftAt + UNBONDING_BLOCKS;
        require(block.number > untilBlock, PocoSeatUnbonding(poolId, number, untilBlock));
        require(book.standing.serving == 0, PocoSeatServing(poolId, number, book.standing.serving));
        // Effect
        delete _seats[poolId][number];
        _released[poolId].push(number);
        (address worker, uint64 stake) = (book.occupancy.worker, book.standing.stake);
        _memberships[poolId][worker].score = book.standing.score;
        emit SeatReleased(poolId, number, worker, stake);
        // Interaction
        if (stake != 0) CLERK.unbond(worker, stake);
    }

    /// @inheritdoc IPoco
    function pool(AssetId id) external view returns (Pool memory) {
        PoolBook memory book = _pools[id];
        return Pool({
            terms: PoolTerms({seatStake: book.seatStake, schedulerShare: book.schedulerShare, closed: book.closed}),
            opened: book.opened,
            seats: book.seats,
            liveSeats: book.liveSeats
        });
    }

    /// @inheritdoc IPoco
    function seat(AssetId poolId, uint32 number) external view returns (Seat memory) {
        SeatBook memory book = _seats[poolId][number];
        return Seat({
            worker: book.occupancy.worker,
            enrolledAt: book.occupancy.enrolledAt,
            leftAt: book.occupancy.leftAt,
            stake: book.standing.stake,
            serving: book.standing.serving,
            score: book.standing.score,
            misses: book.standing.misses
        });
    }

    /// @dev Whether the seat takes part in the draws of deals sealed in `sealedAt`. The answer is the same for ever until
    /// the number is given out again, since a seat is left in no earlier block than the present one.
    function _wasSeated(SeatBook storage book, uint256 sealedAt) internal view returns (bool) {
        Occupancy memory occupancy = book.occupancy;
        return occupancy.worker != address(0) && occupancy.enrolledAt < sealedAt
            && (occupancy.leftAt == 0 || sealedAt <= occupancy.leftAt);
    }

    /// @dev The seat's stake now answers for one task more.
    function _serve(AssetId poolId, SeatBook storage book, uint32 number, uint64 exposure) internal {
        Standing memory standing = book.standing;
        require(standing.stake != 0, PocoSeatEmpty(poolId, number));
        // Each exposure is money locked in the Clerk, plus one: the sum is below 2^64 by far.
        standing.serving += exposure;
        standing.misses = 0;
        book.standing = standing;
    }

    /// @dev The task is settled, and the seat was right, or nobody knows.
    /// @return score The seat's score from now on.
    function _acquit(SeatBook storage book, uint64 exposure, uint32 scoreGain) internal returns (uint32 score) {
        Standing memory standing = book.standing;
        standing.serving -= exposure;
        score = standing.score + scoreGain;
        standing.score = score;
        book.standing = standing;
    }

    /// @dev The task is settled, and the seat was wrong.
    /// @return lost The part of its stake that answered for the task; the caller seizes it.
    function _convict(AssetId poolId, uint32 number, uint64 exposure) internal returns (uint64 lost, uint32 score) {
        Standing memory standing = _seats[poolId][number].standing;
        // exposure <= serving, so the part is at most the stake.
        lost = uint64(uint256(standing.stake) * exposure / standing.serving);
        standing.stake -= lost;
        standing.serving -= exposure;
        // Rounded up, so that a low score falls too.
        score = standing.score - (standing.score + 2) / 3;
        standing.score = score;
        _seats[poolId][number].standing = standing;
        _close(poolId, number);
    }

    /// @dev The seat was drawn and did not commit.
    /// @return worker Whose seat it is.
    /// @return fine The caller seizes it.
    function _miss(AssetId poolId, uint32 number) internal returns (address worker, uint64 fine) {
        SeatBook storage book = _seats[poolId][number];
        worker = book.occupancy.worker;
        Standing memory standing = book.standing;
        // At most the stake.
        fine = uint64(uint256(standing.stake) * FINE_PERCENT / 100);
        standing.stake -= fine;
        if (standing.misses < MISSES_TO_LOSE_SEAT) ++standing.misses;
        book.standing = standing;
        if (standing.misses == MISSES_TO_LOSE_SEAT) _close(poolId, number);
    }

    /// @dev Closed for deals of later blocks. Does nothing to a seat that was left.
    function _close(AssetId poolId, uint32 number) private {
        Occupancy storage occupancy = _seats[poolId][number].occupancy;
        if (occupancy.leftAt != 0) return;
        address worker = occupancy.worker;
        occupancy.leftAt = uint48(block.number);
        --_pools[poolId].liveSeats;
        _memberships[poolId][worker].seatPlusOne = 0;
        emit SeatLeft(poolId, number, worker);
    }
}
