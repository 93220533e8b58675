// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPanel, Task, TaskStatus} from "../../interfaces/IPanel.sol";
import {ISeedSource} from "../../interfaces/ISeedSource.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {Shuffle, Sortition} from "../../libraries/Sortition.sol";
import {Deal, toTaskId} from "../../types/Deals.sol";
import {AssetId, TaskId} from "../../types/Ids.sol";
import {Occupancy} from "./Occupancy.sol";
import {MAX_PLACES, SEED_DELAY, UNBONDING_BLOCKS} from "./Parameters.sol";
import {PanelFrozen} from "./PanelFrozen.sol";
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

// In an entry of a drawing, see `_entry`.
uint256 constant CONVICTED_ENTRY = 1 << 192;

/// @title Draws
/// @notice Tasks under way, and who is drawn for them.
abstract contract Draws is Seats {
    using PanelFrozen for bytes32;
    using Sortition for Shuffle;

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

    /// @inheritdoc IPanel
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

    /// @inheritdoc IPanel
    function drawnSeats(Deal calldata deal, uint32 index, uint8 rounds) external view returns (uint32[] memory drawn) {
        (TaskId id, Progress memory running) = _taskOf(deal, index);
        _checkReplicated(deal);
        require(rounds <= running.round, PanelRoundNotOpened(id, rounds, uint8(running.round)));
        uint256 lastBlock = deal.sealedAtBlock + UNBONDING_BLOCKS;
        require(block.number <= lastBlock, PanelDrawForgotten(id, lastBlock));
        Drawing memory drawing = _draw(deal.pool, deal.trust, id, running, rounds);
        require(drawing.known, PanelSeedUnknown(running.seedBlock));
        drawn = new uint32[](drawing.count);
        for (uint256 i = 0; i < drawn.length; ++i) {
            // Seat numbers are 32 bits.
            drawn[i] = uint32(drawing.seats[i]);
        }
    }

    // ── Checks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A task that is not settled yet. Nothing here asks whether its deal is true: a task is named by all of its deal's
    /// content, so that of an invented one is a task of its own, and the Clerk settles none of a deal that it does not
    /// know, or knows of another certifier.
    function _openTask(Deal calldata deal, uint32 index) internal view returns (TaskId id, Progress memory open) {
        (id, open) = _taskOf(deal, index);
        require(open.status == 0, PanelAlreadySettled(id, TaskStatus(open.status)));
    }

    function _taskOf(Deal calldata deal, uint32 index) internal view returns (TaskId id, Progress memory stored) {
        require(
            index >= deal.firstTask && index < uint256(deal.firstTask) + deal.volume,
            PanelIndexOutOfRange(index, deal.firstTask, deal.volume)
        );
        id = toTaskId(deal, index);
        stored = _load(id, deal);
    }

    function _checkReplicated(Deal calldata deal) internal pure {
        require(deal.trust > 1, PanelNotReplicated(deal.trust));
    }

    function _checkBeforeDeadline(TaskId id, Progress memory running) internal view {
        uint256 deadline = _deadline(running);
        require(block.number <= deadline, PanelDeadlineOver(id, deadline));
    }

    function _load(TaskId id, Deal calldata deal) private view returns (Progress memory running) {
        running = _tasks[id].load();
        // Round 1 runs by itself from the seal on.
        if (running.round == 0) running.round = 1;
        (running.sealedAt, running.frozen) = (deal.sealedAtBlock, deal.frozen);
        running.seedBlock = running.round == 1 ? running.sealedAt + SEED_DELAY : _seedBlocks[id];
    }

    /// @dev The last block in which the task may be settled with an answer.
    function _deadline(Progress memory running) internal pure returns (uint256) {
        return running.sealedAt + running.frozen.deadlineBlocks();
    }

    /// @dev The block in which the running round closed, or the last in which it is open.
    function _closedAt(Progress memory running) internal pure returns (uint256) {
        if (running.completedAfter != 0) return running.sealedAt + running.completedAfter;
        return running.seedBlock + running.frozen.roundBlocks();
    }

    function _isClosed(Progress memory running) internal view returns (bool) {
        return running.completedAfter != 0 || block.number > _closedAt(running);
    }

    function _checkClosed(TaskId id, Progress memory running) internal view {
        // Rounds are 8 bits.
        require(_isClosed(running), PanelRoundRunning(id, uint8(running.round), _closedAt(running)));
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
        AssetId poolId,
        uint32 trust,
        TaskId id,
        Progress memory running,
        uint256 rounds
    ) internal view returns (Drawing memory drawing) {
        uint256[] memory drawn = new uint256[](MAX_PLACES);
        drawing.seats = drawn;
        Shuffle memory shuffle = Sortition.shuffle(running.frozen.seats());
        mapping(uint256 number => SeatBook) storage seats = _seats[poolId];
        uint256 sealedAt = running.sealedAt;
        uint256 places = Confidence.firstPlaces(trust);
        uint256 count = 0;
        for (uint256 round = 1; round <= rounds; ++round) {
            bytes32 seed = round < running.round ? _seeds[id][round] : SEEDS.seedOf(running.seedBlock);
            if (seed == 0) return drawing;
            if (places > MAX_PLACES) places = MAX_PLACES;
            drawing.before = count;
            while (count < places && !shuffle.exhausted()) {
                uint256 number = shuffle.draw(seed, id);
                Occupancy occupancy = seats[number].occupancy;
                if (!occupancy.wasSeated(sealedAt)) continue;
                drawn[count++] = _entry(number, occupancy);
            }
            drawing.count = count;
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
