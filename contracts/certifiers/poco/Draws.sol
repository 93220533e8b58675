// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPoco, Task, TaskStatus} from "../../interfaces/IPoco.sol";
import {ISeedSource} from "../../interfaces/ISeedSource.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {Shuffle, Sortition} from "../../libraries/Sortition.sol";
import {Deal} from "../../types/Deals.sol";
import {DealId, TaskId, toDealId, toTaskId} from "../../types/Ids.sol";
import {Occupancy} from "./Occupancy.sol";
import {MAX_PLACES, SEED_DELAY, UNBONDING_BLOCKS} from "./Parameters.sol";
import {PocoFrozen} from "./PocoFrozen.sol";
import {Progress, TaskWord} from "./Progress.sol";
import {SeatBook, Seats} from "./Seats.sol";

/// @notice The seats drawn for a task.
struct Drawing {
    /// In the order of drawing, the first `count` of them: the seat's number and who sits there, see `_entry`.
    uint256[] seats;
    uint256 count;
    /// How many of them were drawn before the last round asked for.
    uint256 before;
    /// Whether the seeds of all rounds asked for are known; the drawing ends before the first unknown one.
    bool known;
    /// Whether nobody is left to be drawn.
    bool exhausted;
}

/// @title Draws
/// @notice Tasks under way, and who is drawn for them.
abstract contract Draws is Seats {
    using PocoFrozen for bytes32;
    using Sortition for Shuffle;

    /// @dev In an entry of a drawing, see `_entry`.
    uint256 internal constant CONVICTED_ENTRY = 1 << 192;

    /// @dev 25 members.
    uint256 private constant DEAL_BYTES = 25 * 32;

    /// @notice Where seeds come from.
    ISeedSource public immutable SEEDS;

    mapping(TaskId id => TaskWord) internal _tasks;
    /// @dev Of the rounds before the running one.
    mapping(TaskId id => mapping(uint256 round => bytes32)) internal _seeds;
    /// @dev Of the running round, unless it is the first.
    mapping(TaskId id => uint256) internal _seedBlocks;

    constructor(ISeedSource seeds) {
        SEEDS = seeds;
    }

    /// @inheritdoc IPoco
    function task(TaskId id) external view returns (Task memory) {
        Progress memory stored = _tasks[id].load();
        // As narrow as they are stored.
        return
            Task({
                status: TaskStatus(stored.status),
                round: uint8(stored.round),
                drawn: uint8(stored.drawn),
                drawnInRound: uint8(stored.drawnInRound),
                completedAfter: uint16(stored.completedAfter),
                seedBlock: uint64(_seedBlocks[id]),
                places: uint64(stored.places),
                seals: bytes19(stored.seals)
            });
    }

    /// @inheritdoc IPoco
    function drawnSeats(Deal calldata deal, uint32 index, uint8 rounds) external view returns (uint32[] memory drawn) {
        TaskId id = _checkTask(deal, index);
        _checkReplicated(deal);
        Progress memory running = _load(id, deal);
        require(rounds <= running.round, PocoRoundNotOpened(id, rounds, uint8(running.round)));
        uint256 lastBlock = deal.sealedAtBlock + UNBONDING_BLOCKS;
        require(block.number <= lastBlock, PocoDrawForgotten(id, lastBlock));
        Drawing memory drawing = _draw(deal, id, running, rounds);
        require(drawing.known, PocoSeedUnknown(running.seedBlock));
        drawn = new uint32[](drawing.count);
        for (uint256 i = 0; i < drawn.length; ++i) {
            // Seat numbers are 32 bits.
            drawn[i] = uint32(drawing.seats[i]);
        }
    }

    // ── Checks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The task of a deal that was sealed under this certifier, not settled yet.
    function _openTask(Deal calldata deal, uint32 index) internal view returns (TaskId id, Progress memory open) {
        id = _checkTask(deal, index);
        open = _load(id, deal);
        require(open.status == 0, PocoAlreadySettled(id, TaskStatus(open.status)));
    }

    function _checkTask(Deal calldata deal, uint32 index) private view returns (TaskId) {
        DealId id = toDealId(deal.requestId, deal.firstTask);
        // An unknown deal's commitment is zero, and nothing hashes to that.
        require(CLERK.dealState(id).commitment == _commitment(deal), PocoDealUnknown(id));
        require(deal.certifier == address(this), PocoNotTheCertifier(deal.certifier));
        require(
            index >= deal.firstTask && index < uint256(deal.firstTask) + deal.volume,
            PocoIndexOutOfRange(index, deal.firstTask, deal.volume)
        );
        return toTaskId(id, index);
    }

    /// @dev The first 24 bytes of `keccak256(abi.encode(deal))`: the calldata is that encoding already, since every
    /// member of a deal is one word.
    function _commitment(Deal calldata deal) private pure returns (bytes24 commitment) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, deal, DEAL_BYTES)
            commitment := shl(64, shr(64, keccak256(free, DEAL_BYTES)))
        }
    }

    function _checkReplicated(Deal calldata deal) internal pure {
        require(deal.trust > 1, PocoNotReplicated(deal.trust));
    }

    function _checkBeforeDeadline(TaskId id, Deal calldata deal) internal view {
        uint256 deadline = _deadline(deal);
        require(block.number <= deadline, PocoDeadlineOver(id, deadline));
    }

    function _load(TaskId id, Deal calldata deal) private view returns (Progress memory running) {
        running = _tasks[id].load();
        // Round 1 runs by itself from the seal on.
        if (running.round == 0) running.round = 1;
        running.seedBlock = running.round == 1 ? deal.sealedAtBlock + SEED_DELAY : _seedBlocks[id];
    }

    /// @dev The last block in which the task may be certified.
    function _deadline(Deal calldata deal) internal pure returns (uint256) {
        return deal.sealedAtBlock + deal.frozen.deadlineBlocks();
    }

    /// @dev The block in which the running round closed, or the last in which it is open.
    function _closedAt(Progress memory running, Deal calldata deal) internal pure returns (uint256) {
        if (running.completedAfter != 0) return deal.sealedAtBlock + running.completedAfter;
        return running.seedBlock + deal.frozen.roundBlocks();
    }

    function _isClosed(Progress memory running, Deal calldata deal) internal view returns (bool) {
        return running.completedAfter != 0 || block.number > _closedAt(running, deal);
    }

    // ── Drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev How many places a task has after `rounds` rounds, if the pool has so many seats.
    function _placesAfter(uint256 rounds, uint32 trust) internal pure returns (uint256 places) {
        // 7 rounds at most: each but the first doubles what is below MAX_PLACES.
        places = Confidence.firstPlaces(trust) << (rounds - 1);
        if (places > MAX_PLACES) places = MAX_PLACES;
    }

    /// @dev Everybody drawn in the first `rounds` rounds. Assumes that no seat number drawn was given out again, see
    /// `UNBONDING_BLOCKS`.
    function _draw(
        Deal calldata deal,
        TaskId id,
        Progress memory running,
        uint256 rounds
    ) internal view returns (Drawing memory drawing) {
        drawing.seats = new uint256[](MAX_PLACES);
        Shuffle memory shuffle = Sortition.shuffle(deal.frozen.seats());
        mapping(uint256 number => SeatBook) storage seats = _seats[deal.pool];
        uint256 places = Confidence.firstPlaces(deal.trust);
        for (uint256 round = 1; round <= rounds; ++round) {
            bytes32 seed = round < running.round ? _seeds[id][round] : SEEDS.seedOf(running.seedBlock);
            if (seed == 0) return drawing;
            if (places > MAX_PLACES) places = MAX_PLACES;
            drawing.before = drawing.count;
            while (drawing.count < places && !shuffle.exhausted()) {
                uint256 number = shuffle.draw(seed, id);
                Occupancy occupancy = seats[number].occupancy;
                if (!occupancy.wasSeated(deal.sealedAtBlock)) continue;
                drawing.seats[drawing.count++] = _entry(number, occupancy);
            }
            places *= 2;
        }
        drawing.known = true;
        drawing.exhausted = shuffle.exhausted();
    }

    /// @return From the lowest bit: number 32 bits, worker 160, whether convicted.
    function _entry(uint256 number, Occupancy occupancy) private pure returns (uint256) {
        return number | (uint256(uint160(occupancy.worker())) << 32) | (occupancy.convicted() ? CONVICTED_ENTRY : 0);
    }
}
