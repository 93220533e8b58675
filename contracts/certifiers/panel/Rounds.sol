// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Committer, Contribution, IPanel, toCommitter} from "../../interfaces/IPanel.sol";
import {POWER_CONTRIBUTION} from "../../interfaces/IKeyring.sol";
import {Keccak} from "../../libraries/Keccak.sol";
import {Deal} from "../../types/Deals.sol";
import {TaskId} from "../../types/Ids.sol";
import {Domain} from "./Domain.sol";
import {CONVICTED_ENTRY, Drawing, Draws} from "./Draws.sol";
import {MAX_PLACES, SEED_DELAY} from "./Parameters.sol";
import {PanelFrozen} from "./PanelFrozen.sol";
import {Progress, SEALS_MASK, toTaskWord} from "./Progress.sol";

/// @title Rounds
/// @notice What the drawn workers commit, round by round.
abstract contract Rounds is Draws, Domain {
    using PanelFrozen for bytes32;

    bytes32 private constant CONTRIBUTION_TYPEHASH = keccak256("Contribution(bytes32 taskId,uint8 round,bytes32 seal)");

    /// @inheritdoc IPanel
    function commit(Deal calldata deal, uint32 index, Contribution[] calldata contributions) external {
        // Check
        (TaskId id, Progress memory running) = _openTask(deal, index);
        _checkReplicated(deal);
        _checkBeforeDeadline(id, running);
        require(!_isClosed(running), PanelRoundClosed(id, uint8(running.round)));
        Drawing memory drawing = _draw(deal.pool, deal.trust, id, running, running.round);
        require(drawing.known, PanelSeedUnknown(running.seedBlock));
        // Effect
        _keepCounts(running, drawing);
        uint256[] memory told = _append(id, running, drawing, contributions);
        // No bit of an earlier round's places is counted: those that were missed stay zero.
        bool complete = running.places >> drawing.before == (1 << running.drawnInRound) - 1;
        // Before the deadline, which is below 2^16 blocks after the seal, and later than the seal.
        if (complete) running.completedAfter = block.number - running.sealedAt;
        _tasks[id] = toTaskWord(running);
        _emitCommitted(id, running.round, told, complete);
    }

    /// @inheritdoc IPanel
    function extend(Deal calldata deal, uint32 index) public virtual {
        // Check
        (TaskId id, Progress memory closing) = _openTask(deal, index);
        _checkReplicated(deal);
        uint256 roundBlocks = closing.frozen.roundBlocks();
        uint256 grace = _grace(roundBlocks);
        uint256 graceUntil = _closedAt(closing) + grace;
        require(block.number > graceUntil, PanelGraceRunning(id, graceUntil));
        uint256 seedBlock = block.number + SEED_DELAY;
        // Else a round that nobody could keep would have its workers fined and the pool slashed.
        uint256 neededUntil = seedBlock + roundBlocks + grace;
        uint256 deadline = _deadline(closing);
        require(neededUntil <= deadline, PanelTimeTooShort(id, neededUntil, deadline));
        Drawing memory drawing = _draw(deal.pool, deal.trust, id, closing, closing.round);
        require(drawing.known, PanelSeedUnknown(closing.seedBlock));
        require(drawing.count < MAX_PLACES && !drawing.exhausted, PanelSeatsExhausted(id, drawing.count));
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

    /// @dev How many blocks after a round has closed the task may still be settled by it.
    function _grace(uint256 roundBlocks) internal pure virtual returns (uint256);

    function _keepCounts(Progress memory running, Drawing memory drawing) private pure {
        running.drawn = drawing.count;
        running.drawnInRound = drawing.count - drawing.before;
    }

    // ── Committing ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Counts the contributions in and chains them up. What is committed already is left out rather than refused:
    /// else each worker could make the scheduler's batch fail by committing for itself just before.
    /// @return told The data of `SealsCommitted`: three words of head, of which the last is how many seals there are, and
    /// two for each seal.
    function _append(
        TaskId id,
        Progress memory running,
        Drawing memory drawing,
        Contribution[] calldata contributions
    ) private view returns (uint256[] memory told) {
        bytes32 domain = _domainSeparator();
        // Rounds are 8 bits.
        uint8 round = uint8(running.round);
        uint256[] memory drawn = drawing.seats;
        uint256 places = running.places;
        bytes32 seals = running.seals;
        told = new uint256[](3 + 2 * contributions.length);
        uint256 count = 0;
        uint256 place = drawing.before;
        for (uint256 i = 0; i < contributions.length; ++i) {
            Contribution calldata contribution = contributions[i];
            uint32 number = contribution.seat;
            // Who brings contributions in the order of the draw has each found at once.
            if (place >= drawing.count || uint32(drawn[place]) != number) place = _placeOf(id, round, drawing, number);
            uint256 entry = drawn[place];
            // place < MAX_PLACES.
            uint256 bit = 1 << place++;
            if (places & bit != 0) continue;
            places |= bit;
            require(entry & CONVICTED_ENTRY == 0, PanelSeatConvicted(id, number));
            // The 160 bits above the number.
            address worker = address(uint160(entry >> 32));
            _checkSigned(id, round, worker, contribution, domain);

            (Committer by, bytes32 seal) = (toCommitter(worker, number, round), contribution.seal);
            require(seal != 0, PanelSealMissing(id, number));
            seals = _chain(seals, by, seal);
            told[3 + 2 * count] = uint256(Committer.unwrap(by));
            told[4 + 2 * count] = uint256(seal);
            ++count;
        }
        require(count != 0, PanelNothingToCommit(id));
        (running.places, running.seals, told[2]) = (places, seals, count);
    }

    /// @dev `emit SealsCommitted(id, round, seals, complete)`, put together already.
    function _emitCommitted(TaskId id, uint256 round, uint256[] memory told, bool complete) private {
        // Where the seals begin: behind this word and the next.
        told[0] = 0x40;
        told[1] = complete ? 1 : 0;
        bytes32 signature = SealsCommitted.selector;
        assembly ("memory-safe") {
            let data := add(told, 0x20)
            log3(data, add(0x60, shl(6, mload(add(data, 0x40)))), signature, id, round)
        }
    }

    /// @return place Counted over all rounds, from 0.
    function _placeOf(
        TaskId id,
        uint8 round,
        Drawing memory drawing,
        uint32 number
    ) private pure returns (uint256 place) {
        for (place = drawing.before; place < drawing.count; ++place) {
            if (uint32(drawing.seats[place]) == number) return place;
        }
        revert PanelSeatNotDrawn(id, round, number);
    }

    function _checkSigned(
        TaskId id,
        uint8 round,
        address worker,
        Contribution calldata contribution,
        bytes32 domain
    ) private view {
        if (contribution.vs == 0 && worker == msg.sender) return;
        bytes32 structHash = Keccak.ofWords(
            CONTRIBUTION_TYPEHASH,
            TaskId.unwrap(id),
            bytes32(uint256(round)),
            contribution.seal
        );
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        (address key, , ) = ECDSA.tryRecover(digest, contribution.r, contribution.vs);
        // A key signs for itself mostly. A worker is never zero, and nor is an operator.
        require(
            key == worker || KEYRING.mayAct(worker, key, POWER_CONTRIBUTION),
            PanelSealNotSigned(id, contribution.seat, worker)
        );
    }

    function _chain(bytes32 previous, Committer by, bytes32 seal) internal pure returns (bytes32) {
        return Keccak.ofWords(previous, Committer.unwrap(by), seal) & SEALS_MASK;
    }
}
