// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Committed, Committer, Contribution, IPoco, Task, TaskStatus, toCommitter} from "../../interfaces/IPoco.sol";
import {ISeedSource} from "../../interfaces/ISeedSource.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {Keccak} from "../../libraries/Keccak.sol";
import {Signatures} from "../../libraries/Signatures.sol";
import {Shuffle, Sortition} from "../../libraries/Sortition.sol";
import {Deal} from "../../types/Deals.sol";
import {DealId, TaskId, toDealId, toTaskId} from "../../types/Ids.sol";
import {Domain} from "./Domain.sol";
import {GRACE_BLOCKS, MAX_PLACES, SEED_DELAY, UNBONDING_BLOCKS} from "./Parameters.sol";
import {Occupancy} from "./Occupancy.sol";
import {PocoFrozen} from "./PocoFrozen.sol";
import {Progress, SEALS_MASK, TaskWord, toTaskWord} from "./Progress.sol";
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

/// @title Rounds
/// @notice Who is drawn for a task, and what they commit.
abstract contract Rounds is Seats, Domain {
    using PocoFrozen for bytes32;
    using Sortition for Shuffle;

    bytes32 private constant CONTRIBUTION_TYPEHASH =
        keccak256("Contribution(bytes32 taskId,uint8 round,bytes32 seal)");

    uint256 private constant CONVICTED_ENTRY = 1 << 192;

    /// @dev 25 members.
    uint256 private constant DEAL_BYTES = 25 * 32;

    /// @notice Where seeds come from.
    ISeedSource public immutable SEEDS;

    mapping(TaskId id => TaskWord) internal _tasks;
    /// @dev Of the rounds before the running one.
    mapping(TaskId id => mapping(uint256 round => bytes32)) private _seeds;
    /// @dev Of the running round, unless it is the first.
    mapping(TaskId id => uint256) private _seedBlocks;

    constructor(ISeedSource seeds) Domain("Hanse Poco", "1") {
        SEEDS = seeds;
    }

    /// @inheritdoc IPoco
    function commit(Deal calldata deal, uint32 index, Contribution[] calldata contributions) external {
        // Check
        (TaskId id, Progress memory running) = _openTask(deal, index);
        _checkReplicated(deal);
        _checkBeforeDeadline(id, deal);
        require(!_isClosed(running, deal), PocoRoundClosed(id, uint8(running.round)));
        Drawing memory drawing = _draw(deal, id, running, running.round);
        require(drawing.known, PocoSeedUnknown(running.seedBlock));
        // Effect
        _keepCounts(running, drawing);
        Committed[] memory added = _append(id, running, drawing, contributions);
        // No bit of an earlier round's places is counted: those that were missed stay zero.
        bool complete = running.places >> drawing.before == (1 << running.drawnInRound) - 1;
        // Before the deadline, which is below 2^16 blocks after the seal, and later than the seal.
        if (complete) running.completedAfter = block.number - deal.sealedAtBlock;
        _tasks[id] = toTaskWord(running);
        emit SealsCommitted(id, uint8(running.round), added, complete);
    }

    /// @inheritdoc IPoco
    function extend(Deal calldata deal, uint32 index) external {
        // Check
        (TaskId id, Progress memory closing) = _openTask(deal, index);
        _checkReplicated(deal);
        uint256 graceUntil = _closedAt(closing, deal) + GRACE_BLOCKS;
        require(block.number > graceUntil, PocoGraceRunning(id, graceUntil));
        uint256 seedBlock = block.number + SEED_DELAY;
        // Else a round that nobody could keep would have its workers fined and the pool slashed.
        uint256 neededUntil = seedBlock + deal.frozen.roundBlocks() + GRACE_BLOCKS;
        uint256 deadline = _deadline(deal);
        require(neededUntil <= deadline, PocoTimeTooShort(id, neededUntil, deadline));
        Drawing memory drawing = _draw(deal, id, closing, closing.round);
        require(drawing.known, PocoSeedUnknown(closing.seedBlock));
        require(drawing.count < MAX_PLACES && !drawing.exhausted, PocoSeatsExhausted(id, drawing.count));
        // Effect
        _seeds[id][closing.round] = SEEDS.seedOf(closing.seedBlock);
        _keepCounts(closing, drawing);
        ++closing.round;
        (closing.drawnInRound, closing.completedAfter) = (0, 0);
        _tasks[id] = toTaskWord(closing);
        _seedBlocks[id] = seedBlock;
        // Rounds are 8 bits, blocks 64.
        emit RoundOpened(id, uint8(closing.round), uint64(seedBlock));
    }

    /// @inheritdoc IPoco
    function task(TaskId id) external view returns (Task memory) {
        Progress memory stored = _tasks[id].load();
        // As narrow as they are stored.
        return Task({
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
    function _draw(Deal calldata deal, TaskId id, Progress memory running, uint256 rounds)
        internal
        view
        returns (Drawing memory drawing)
    {
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

    function _keepCounts(Progress memory running, Drawing memory drawing) private pure {
        running.drawn = drawing.count;
        running.drawnInRound = drawing.count - drawing.before;
    }

    // ── Committing ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Counts the contributions in and chains them up. What is committed already is left out rather than refused:
    /// else each worker could make the scheduler's batch fail by committing for itself just before.
    function _append(
        TaskId id,
        Progress memory running,
        Drawing memory drawing,
        Contribution[] calldata contributions
    ) private view returns (Committed[] memory added) {
        bytes32 domain = _domainSeparator();
        // Rounds are 8 bits.
        uint8 round = uint8(running.round);
        added = new Committed[](contributions.length);
        uint256 count = 0;
        uint256 place = drawing.before;
        for (uint256 i = 0; i < contributions.length; ++i) {
            Contribution calldata contribution = contributions[i];
            uint32 number = contribution.seat;
            place = _placeOf(id, round, drawing, number, place);
            // place < MAX_PLACES.
            if (running.places & (1 << place) != 0) continue;
            running.places |= 1 << place;
            uint256 entry = drawing.seats[place];
            require(entry & CONVICTED_ENTRY == 0, PocoSeatConvicted(id, number));
            // The 160 bits above the number.
            address worker = address(uint160(entry >> 32));
            _checkSigned(id, round, worker, contribution, domain);

            Committed memory committed = added[count++];
            (committed.by, committed.seal) = (toCommitter(worker, number, round), contribution.seal);
            running.seals = _chain(running.seals, committed.by, committed.seal);
        }
        require(count != 0, PocoNothingToCommit(id));
        assembly ("memory-safe") {
            // Only ever shorter than it was made.
            mstore(added, count)
        }
    }

    /// @param start Where to begin: who brings contributions in the order of the draw has each found at once.
    /// @return place Counted over all rounds, from 0.
    function _placeOf(TaskId id, uint8 round, Drawing memory drawing, uint32 number, uint256 start)
        private
        pure
        returns (uint256 place)
    {
        // Places are at most 64.
        unchecked {
            place = start;
            for (uint256 tries = drawing.count - drawing.before; tries != 0; --tries) {
                if (uint32(drawing.seats[place]) == number) return place;
                if (++place == drawing.count) place = drawing.before;
            }
        }
        revert PocoSeatNotDrawn(id, round, number);
    }

    function _checkSigned(
        TaskId id,
        uint8 round,
        address worker,
        Contribution calldata contribution,
        bytes32 domain
    ) private view {
        if (contribution.signature.length == 0 && worker == msg.sender) return;
        bytes32 structHash = Keccak.ofWords(
            CONTRIBUTION_TYPEHASH, TaskId.unwrap(id), bytes32(uint256(round)), contribution.seal
        );
        require(
            Signatures.isValid(
                worker, MessageHashUtils.toTypedDataHash(domain, structHash), contribution.signature
            ),
            PocoSealNotSigned(id, contribution.seat, worker)
        );
    }

    function _chain(bytes32 previous, Committer by, bytes32 seal) internal pure returns (bytes32) {
        return Keccak.ofWords(previous, Committer.unwrap(by), seal) & SEALS_MASK;
    }
}
