// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Committed, Contribution, IPoco, Task, TaskStatus} from "../../interfaces/IPoco.sol";
import {ISeedSource} from "../../interfaces/ISeedSource.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {Signatures} from "../../libraries/Signatures.sol";
import {Shuffle, Sortition} from "../../libraries/Sortition.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, DealId, TaskId, toDealId, toTaskId} from "../../types/Ids.sol";
import {GRACE_BLOCKS, MAX_PLACES, SEED_DELAY, UNBONDING_BLOCKS} from "./Parameters.sol";
import {FrozenTerms, PocoFrozen} from "./PocoFrozen.sol";
import {SeatBook, Seats} from "./Seats.sol";

/// @notice The seats drawn for a task.
struct Drawing {
    /// Their numbers in the order of drawing, the first `count` of them.
    uint256[] seats;
    uint256 count;
    /// How many of them were drawn before the last round asked for.
    uint256 before;
    /// Whether the seeds of all rounds asked for are known; the drawing ends before the first unknown one.
    bool known;
    /// Whether nobody is left to be drawn.
    bool exhausted;
}

/// @title Rounds
/// @notice Who is drawn for a task, and what they commit.
abstract contract Rounds is Seats, EIP712 {
    using PocoFrozen for bytes32;
    using Sortition for Shuffle;

    bytes32 private constant CONTRIBUTION_TYPEHASH =
        keccak256("Contribution(bytes32 taskId,uint8 round,bytes32 seal)");

    /// @dev 25 members.
    uint256 private constant DEAL_BYTES = 25 * 32;

    /// @notice Where seeds come from.
    ISeedSource public immutable SEEDS;

    mapping(TaskId id => Task) internal _tasks;
    /// @dev Of the rounds before the running one.
    mapping(TaskId id => mapping(uint256 round => bytes32)) private _seedsOf;

    constructor(ISeedSource seeds) EIP712("Hanse Poco", "1") {
        SEEDS = seeds;
    }

    /// @inheritdoc IPoco
    function commit(Deal calldata deal, uint32 index, Contribution[] calldata contributions) external {
        // Check
        (TaskId id, Task memory running) = _openTask(deal, index);
        FrozenTerms memory terms = deal.frozen.unpack();
        _checkReplicated(deal);
        _checkBeforeDeadline(id, deal, terms);
        require(!_isClosed(running, terms), PocoRoundClosed(id, running.round));
        Drawing memory drawing = _draw(deal, id, running, terms, running.round);
        require(drawing.known, PocoSeedUnknown(running.seedBlock));
        // Effect
        if (running.committedInRound == 0) _keepCounts(running, drawing);
        Committed[] memory added = _append(deal, id, running, drawing, contributions);
        bool complete = running.committedInRound == running.drawnInRound;
        if (complete) running.completedAt = uint48(block.number);
        _tasks[id] = running;
        emit SealsCommitted(id, running.round, added, complete);
    }

    /// @inheritdoc IPoco
    function extend(Deal calldata deal, uint32 index) external {
        // Check
        (TaskId id, Task memory closing) = _openTask(deal, index);
        FrozenTerms memory terms = deal.frozen.unpack();
        _checkReplicated(deal);
        uint256 graceUntil = _closedAt(closing, terms) + GRACE_BLOCKS;
        require(block.number > graceUntil, PocoGraceRunning(id, graceUntil));
        uint256 seedBlock = block.number + SEED_DELAY;
        // Else a round that nobody could keep would have its workers fined and the pool slashed.
        uint256 neededUntil = seedBlock + terms.roundBlocks + GRACE_BLOCKS;
        uint256 deadline = _deadline(deal, terms);
        require(neededUntil <= deadline, PocoTimeTooShort(id, neededUntil, deadline));
        Drawing memory drawing = _draw(deal, id, closing, terms, closing.round);
        require(drawing.known, PocoSeedUnknown(closing.seedBlock));
        require(drawing.count < MAX_PLACES && !drawing.exhausted, PocoSeatsExhausted(id, drawing.count));
        // Effect
        _seedsOf[id][closing.round] = SEEDS.seedOf(closing.seedBlock);
        _keepCounts(closing, drawing);
        ++closing.round;
        (closing.drawnInRound, closing.committedInRound, closing.completedAt) = (0, 0, 0);
        closing.seedBlock = uint48(seedBlock);
        _tasks[id] = closing;
        emit RoundOpened(id, closing.round, closing.seedBlock);
    }

    /// @inheritdoc IPoco
    function task(TaskId id) external view returns (Task memory) {
        return _tasks[id];
    }

    /// @inheritdoc IPoco
    function drawnSeats(Deal calldata deal, uint32 index, uint8 rounds) external view returns (uint32[] memory drawn) {
        TaskId id = _checkTask(deal, index);
        _checkReplicated(deal);
        Task memory running = _begun(_tasks[id], deal);
        require(rounds <= running.round, PocoRoundNotOpened(id, rounds, running.round));
        uint256 lastBlock = deal.sealedAtBlock + UNBONDING_BLOCKS;
        require(block.number <= lastBlock, PocoDrawForgotten(id, lastBlock));
        Drawing memory drawing = _draw(deal, id, running, deal.frozen.unpack(), rounds);
        require(drawing.known, PocoSeedUnknown(running.seedBlock));
        drawn = new uint32[](drawing.count);
        for (uint256 i = 0; i < drawn.length; ++i) {
            drawn[i] = uint32(drawing.seats[i]);
        }
    }

    // ── Checks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The task of a deal that was sealed under this certifier, not settled yet.
    function _openTask(Deal calldata deal, uint32 index) internal view returns (TaskId id, Task memory open) {
        id = _checkTask(deal, index);
        open = _tasks[id];
        require(open.status == TaskStatus.Open, PocoAlreadySettled(id, open.status));
        open = _begun(open, deal);
    }

    function _checkTask(Deal calldata deal, uint32 index) private view returns (TaskId) {
        DealId id = toDealId(deal.requestHash, deal.firstTask);
        // An unknown deal's commitment is zero, and nothing hashes to that.
        require(CLERK.dealState(id).commitment == _commitment(deal), PocoDealUnknown(id));
        require(deal.certifier == address(this), PocoNotTheCertifier(deal.certifier));
        require(
            index >= deal.firstTask && index < uint256(deal.firstTask) + deal.volume,
            PocoIndexOutOfRange(index, deal.firstTask, deal.volume)
        );
        return toTaskId(id, index);
    }

    /// @dev The first 24 bytes of `keccak256(abi.encode(deal))`: the calldata is that encoding already, since every member
    /// of a deal is one word.
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

    function _checkBeforeDeadline(TaskId id, Deal calldata deal, FrozenTerms memory terms) internal view {
        uint256 deadline = _deadline(deal, terms);
        require(block.number <= deadline, PocoDeadlineOver(id, deadline));
    }

    /// @dev Round 1 runs by itself from the seal on.
    function _begun(Task memory stored, Deal calldata deal) private pure returns (Task memory) {
        if (stored.round == 0) {
            stored.round = 1;
            // Block numbers stay below 2^48.
            stored.seedBlock = uint48(deal.sealedAtBlock + SEED_DELAY);
        }
        return stored;
    }

    /// @dev The last block in which the task may be certified.
    function _deadline(Deal calldata deal, FrozenTerms memory terms) internal pure returns (uint256) {
        return uint256(deal.sealedAtBlock) + terms.deadlineBlocks;
    }

    /// @dev The block in which the running round closed, or the last in which it is open.
    function _closedAt(Task memory running, FrozenTerms memory terms) internal pure returns (uint256) {
        return running.completedAt != 0 ? running.completedAt : uint256(running.seedBlock) + terms.roundBlocks;
    }

    function _isClosed(Task memory running, FrozenTerms memory terms) internal view returns (bool) {
        return running.completedAt != 0 || block.number > _closedAt(running, terms);
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
    function _draw(Deal calldata deal, TaskId id, Task memory running, FrozenTerms memory terms, uint256 rounds)
        internal
        view
        returns (Drawing memory drawing)
    {
        drawing.seats = new uint256[](_placesAfter(rounds, deal.trust));
        Shuffle memory shuffle = Sortition.shuffle(terms.seats);
        mapping(uint256 number => SeatBook) storage seats = _seats[deal.pool];
        for (uint256 round = 1; round <= rounds; ++round) {
            bytes32 seed = round < running.round ? _seedsOf[id][round] : SEEDS.seedOf(running.seedBlock);
            if (seed == 0) return drawing;
            drawing.before = drawing.count;
            uint256 places = _placesAfter(round, deal.trust);
            while (drawing.count < places && !shuffle.exhausted()) {
                uint256 number = shuffle.draw(seed, id);
                if (_wasSeated(seats[number], deal.sealedAtBlock)) drawing.seats[drawing.count++] = number;
            }
        }
        drawing.known = true;
        drawing.exhausted = shuffle.exhausted();
    }

    function _keepCounts(Task memory running, Drawing memory drawing) private pure {
        // At most MAX_PLACES.
        running.drawn = uint8(drawing.count);
        running.drawnInRound = uint8(drawing.count - drawing.before);
    }

    // ── Committing ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Counts the contributions in and chains them up. What is committed already is left out rather than refused:
    /// else each worker could make the scheduler's batch fail by committing for itself just before.
    function _append(
        Deal calldata deal,
        TaskId id,
        Task memory running,
        Drawing memory drawing,
        Contribution[] calldata contributions
    ) private returns (Committed[] memory added) {
        mapping(uint256 number => SeatBook) storage seats = _seats[deal.pool];
        added = new Committed[](contributions.length);
        uint256 count = 0;
        for (uint256 i = 0; i < contributions.length; ++i) {
            Contribution calldata contribution = contributions[i];
            uint64 place = _placeOf(id, running.round, drawing, contribution.seat);
            if (running.places & place != 0) continue;
            SeatBook storage book = seats[contribution.seat];
            address worker = book.occupancy.worker;
            _checkSigned(id, running.round, worker, contribution);
            _serve(deal.pool, book, contribution.seat, _exposure(deal));

            running.places |= place;
            Committed memory committed =
                Committed({seat: contribution.seat, round: running.round, worker: worker, seal: contribution.seal});
            running.seals = _chain(running.seals, committed);
            added[count++] = committed;
        }
        require(count != 0, PocoNothingToCommit(id));
        // Each is another place of at most MAX_PLACES.
        running.committed += uint8(count);
        running.committedInRound += uint8(count);
        assembly ("memory-safe") {
            // Only ever shorter than it was made.
            mstore(added, count)
        }
    }

    /// @return place One bit, of those in `Task.places`.
    function _placeOf(TaskId id, uint8 round, Drawing memory drawing, uint32 number) private pure returns (uint64 place) {
        for (uint256 i = drawing.before; i < drawing.count; ++i) {
            // i < MAX_PLACES.
            if (drawing.seats[i] == number) return uint64(1 << i);
        }
        revert PocoSeatNotDrawn(id, round, number);
    }

    function _checkSigned(TaskId id, uint8 round, address worker, Contribution calldata contribution) private view {
        if (contribution.signature.length == 0 && worker == msg.sender) return;
        bytes32 digest =
            _hashTypedDataV4(keccak256(abi.encode(CONTRIBUTION_TYPEHASH, id, round, contribution.seal)));
        require(
            Signatures.isValid(worker, digest, contribution.signature),
            PocoSealNotSigned(id, contribution.seat, worker)
        );
    }

    function _chain(bytes32 previous, Committed memory committed) internal pure returns (bytes32) {
        return keccak256(abi.encode(previous, committed));
    }

    /// @dev What a seat's stake is shared out by; never zero, so that free tasks have their part of it.
    function _exposure(Deal calldata deal) internal pure returns (uint64) {
        return deal.poolPrice + 1;
    }
}
