// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Entry, IClerk} from "../../interfaces/IClerk.sol";
import {IKeyring} from "../../interfaces/IKeyring.sol";
import {IPanel, Pool, PoolTerms, Seat} from "../../interfaces/IPanel.sol";
import {IRegistry} from "../../interfaces/IRegistry.sol";
import {AssetId, AssetKind} from "../../types/Ids.sol";
import {Occupancy, newOccupancy} from "./Occupancy.sol";
import {MISSES_TO_LOSE_SEAT, SHARE_UNIT, UNBONDING_BLOCKS} from "./Parameters.sol";
import {SeatRecord, toSeatRecord} from "./SeatRecord.sol";

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
    SeatRecord record;
}

/// @notice What a pool knows of an account.
struct Membership {
    /// The seat's number + 1; zero: not seated.
    uint32 seatPlusOne;
    /// The score of its last released seat, for its next one.
    uint32 score;
}

/// @title Seats
/// @notice Pools and their seats. Every change of a seat's stake and earnings is in this file.
abstract contract Seats is IPanel {
    /// @notice Who holds the money.
    IClerk public immutable CLERK;

    /// @notice Where pools and their owners are looked up.
    IRegistry public immutable REGISTRY;

    /// @notice Who signs for a worker or a pool's owner.
    IKeyring public immutable KEYRING;

    /// @notice Gets fines, what convicted seats owed to nobody, and of other slashes what nobody else is owed.
    address public immutable TREASURY;

    mapping(AssetId poolId => PoolBook) internal _pools;
    mapping(AssetId poolId => mapping(uint256 number => SeatBook)) internal _seats;

    mapping(AssetId poolId => mapping(address account => Membership)) private _memberships;
    /// @dev Numbers of released seats, given out again before new ones: else a pool's draws would fill with empty
    /// seats.
    mapping(AssetId poolId => uint32[]) private _released;

    constructor(IClerk clerk, IRegistry registry, address treasury) {
        CLERK = clerk;
        KEYRING = clerk.KEYRING();
        REGISTRY = registry;
        TREASURY = treasury;
    }

    /// @inheritdoc IPanel
    function openPool(AssetId poolId, PoolTerms calldata terms) external {
        address owner = poolId.assetKind() == AssetKind.Pool ? REGISTRY.ownerOrZero(poolId) : address(0);
        require(owner == msg.sender, PanelNotPoolOwner(poolId, owner, msg.sender));
        PoolBook storage book = _pools[poolId];
        require(!book.opened, PanelPoolAlreadyOpen(poolId));
        // A seat for nothing would let one party have as many as it likes.
        require(
            terms.schedulerShare <= SHARE_UNIT && (terms.closed || terms.seatStake != 0),
            PanelTermsInvalid(terms.seatStake, terms.schedulerShare, terms.closed)
        );
        (book.seatStake, book.schedulerShare, book.closed, book.opened) = (
            terms.seatStake,
            terms.schedulerShare,
            terms.closed,
            true
        );
        emit PoolOpened(poolId, terms);
    }

    /// @inheritdoc IPanel
    function enrol(AssetId poolId) external returns (uint32 number) {
        // Check
        PoolBook memory book = _pools[poolId];
        require(book.opened, PanelPoolNotOpen(poolId));
        require(!book.closed, PanelPoolClosed(poolId));
        Membership storage membership = _memberships[poolId][msg.sender];
        uint32 seatPlusOne = membership.seatPlusOne;
        // Not `require`: it works the error's values out first, and there is no seat before number 0.
        if (seatPlusOne != 0) revert PanelAlreadySeated(poolId, msg.sender, seatPlusOne - 1);
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
            record: toSeatRecord(book.seatStake, membership.score, 0, 0)
        });
        // A score is handed over, never doubled: a second seat taken before the first is released starts from zero.
        (membership.seatPlusOne, membership.score) = (number + 1, 0);
        emit SeatTaken(poolId, number, msg.sender);
        // Interaction
        CLERK.bond(msg.sender, book.seatStake);
    }

    /// @inheritdoc IPanel
    function leave(AssetId poolId, uint32 number) external {
        Occupancy occupancy = _seats[poolId][number].occupancy;
        address worker = occupancy.worker();
        require(worker == msg.sender, PanelNotTheWorker(poolId, number, worker, msg.sender));
        require(occupancy.leftAt() == 0, PanelSeatAlreadyLeft(poolId, number, occupancy.leftAt()));
        _leave(poolId, number, occupancy);
    }

    /// @inheritdoc IPanel
    function release(AssetId poolId, uint32 number) external {
        // Check
        SeatBook memory book = _seats[poolId][number];
        require(book.occupancy.leftAt() != 0, PanelSeatNotLeft(poolId, number));
        uint256 untilBlock = book.occupancy.leftAt() + UNBONDING_BLOCKS;
        // Then every task it was drawn for is past its deadline too, and nothing can be taken from it any more.
        require(block.number > untilBlock, PanelSeatUnbonding(poolId, number, untilBlock));
        // Effect
        delete _seats[poolId][number];
        _released[poolId].push(number);
        (address worker, uint64 stake) = (book.occupancy.worker(), book.record.stake());
        // A later seat's score does not undo an earlier one's that is still parked.
        Membership storage membership = _memberships[poolId][worker];
        uint32 score = book.record.score();
        if (score > membership.score) membership.score = score;
        // Interaction
        uint64 earned = book.record.earned();
        if (earned != 0) {
            emit EarningsCollected(poolId, number, worker, earned);
            CLERK.pay(_single(worker, earned));
        }
        if (book.occupancy.convicted()) {
            emit SeatForfeited(poolId, number, worker, stake);
            emit SeatReleased(poolId, number, worker, 0);
            if (stake != 0) CLERK.slash(_single(worker, stake), _single(TREASURY, stake));
        } else {
            emit SeatReleased(poolId, number, worker, stake);
            // Never zero: seats of open pools cost something, and a fine is a part of what is left, rounded down.
            CLERK.unbond(worker, stake);
        }
    }

    /// @inheritdoc IPanel
    function collect(AssetId poolId, uint32[] calldata numbers) external {
        // Effect
        Entry[] memory payments = new Entry[](numbers.length);
        uint256 count = 0;
        for (uint256 i = 0; i < numbers.length; ++i) {
            SeatBook storage book = _seats[poolId][numbers[i]];
            SeatRecord record = book.record;
            uint64 amount = record.earned();
            // So a seat that is named twice is paid once.
            if (amount == 0) continue;
            book.record = record.withEarned(0);
            address worker = book.occupancy.worker();
            payments[count++] = Entry({account: worker, amount: amount});
            emit EarningsCollected(poolId, numbers[i], worker, amount);
        }
        require(count != 0, PanelNothingToCollect(poolId));
        assembly ("memory-safe") {
            // Only ever shorter than it was made.
            mstore(payments, count)
        }
        // Interaction
        CLERK.pay(payments);
    }

    /// @inheritdoc IPanel
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

    /// @inheritdoc IPanel
    function seat(AssetId poolId, uint32 number) external view returns (Seat memory) {
        SeatBook memory book = _seats[poolId][number];
        return
            Seat({
                worker: book.occupancy.worker(),
                enrolledAt: book.occupancy.enrolledAt(),
                leftAt: book.occupancy.leftAt(),
                convicted: book.occupancy.convicted(),
                stake: book.record.stake(),
                score: book.record.score(),
                misses: book.record.misses(),
                earned: book.record.earned()
            });
    }

    /// @dev The seat was right: its misses are forgiven. The caller has the certifier credited with the reward.
    /// @param record As it is stored now.
    /// @return score The seat's score from now on.
    function _acquit(
        SeatBook storage book,
        SeatRecord record,
        uint64 reward,
        uint32 scoreGain
    ) internal returns (uint32 score) {
        score = record.score() + scoreGain;
        // Earnings are money in the Clerk: their sum is below 2^64.
        book.record = toSeatRecord(record.stake(), score, 0, record.earned() + reward);
    }

    /// @dev The seat was wrong: its stake is lost to it, and stays for those that it owes.
    /// @param most What is still owed by the seats that were wrong with it.
    /// @return paid What it pays of that; the caller seizes it.
    /// @return forfeited What is left of its stake.
    /// @return score The seat's score from now on.
    function _convict(
        AssetId poolId,
        uint32 number,
        uint64 most
    ) internal returns (uint64 paid, uint64 forfeited, uint32 score) {
        SeatBook storage book = _seats[poolId][number];
        SeatRecord record = book.record;
        (forfeited, score) = (record.stake(), record.score());
        paid = forfeited < most ? forfeited : most;
        forfeited -= paid;
        // Rounded up, so that a low score falls too.
        score -= (score + 2) / 3;
        book.record = toSeatRecord(forfeited, score, 0, record.earned());
        _leave(poolId, number, book.occupancy.convict());
    }

    /// @dev The seat did not answer as it had to.
    /// @param percent What that costs, of its stake.
    /// @return worker Whose seat it is.
    /// @return fine The caller seizes it.
    function _fine(AssetId poolId, uint32 number, uint256 percent) internal returns (address worker, uint64 fine) {
        SeatBook storage book = _seats[poolId][number];
        Occupancy occupancy = book.occupancy;
        worker = occupancy.worker();
        SeatRecord record = book.record;
        uint64 stake = record.stake();
        // At most the stake.
        fine = uint64((uint256(stake) * percent) / 100);
        uint16 misses = record.misses() + 1;
        // The count ends there: a seat that was left may be missed more often.
        if (misses >= MISSES_TO_LOSE_SEAT) {
            misses = MISSES_TO_LOSE_SEAT;
            _leave(poolId, number, occupancy);
        }
        book.record = toSeatRecord(stake - fine, record.score(), misses, record.earned());
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

    function _single(address account, uint64 amount) private pure returns (Entry[] memory entries) {
        entries = new Entry[](1);
        entries[0] = Entry({account: account, amount: amount});
    }
}
