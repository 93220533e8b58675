// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Entry} from "../../interfaces/IClerk.sol";
import {Committed, IPoco, Result, Task, TaskStatus} from "../../interfaces/IPoco.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {ResultCallback} from "../../libraries/ResultCallback.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, TaskId} from "../../types/Ids.sol";
import {
    FAILURE_FEE_PERCENT,
    PAYER_SLASH_PERCENT,
    SCORE_FLOOR,
    SCORE_MATCHING,
    SHARE_UNIT,
    UNBONDING_BLOCKS
} from "./Parameters.sol";
import {Payout, Payouts} from "./Payout.sol";
import {FrozenTerms, PocoFrozen} from "./PocoFrozen.sol";
import {Drawing, Rounds} from "./Rounds.sol";
import {SeatBook} from "./Seats.sol";

/// @notice What the committed seals say about a result.
struct Verdict {
    /// Bit i: the i-th seal matches it.
    uint256 right;
    uint256 matching;
    /// Products of the weights of the seals that match and of the others.
    uint256 group;
    uint256 hostile;
    /// Sum of the reward shares of the seals that match.
    uint256 shares;
}

/// @title Settlement
/// @notice How a task ends: certified, certified to fail, or claimed back. Each end is one call of `Clerk.settle`.
abstract contract Settlement is Rounds {
    using Payouts for Payout;
    using PocoFrozen for bytes32;

    /// @dev Owners of pool, app and dataset, the payer and the treasury.
    uint256 private constant OTHER_CREDITS = 5;

    /// @inheritdoc IPoco
    function finalize(Deal calldata deal, uint32 index, Committed[] calldata seals, Result calldata result) external {
        // Check
        (TaskId id, Task memory closed) = _openTask(deal, index);
        FrozenTerms memory terms = deal.frozen.unpack();
        _checkReplicated(deal);
        _checkBeforeDeadline(id, deal, terms);
        require(_isClosed(closed, terms), PocoRoundRunning(id, closed.round, _closedAt(closed, terms)));
        _checkSeals(id, closed, seals);
        Drawing memory drawing;
        if (closed.drawnInRound == 0 || closed.committed != closed.drawn) drawing = _draw(deal, id, closed, terms, closed.round);
        bytes32 resultHash = _hashOf(result);
        Verdict memory verdict = _judge(deal, id, seals, resultHash);
        _checkReached(deal, id, closed, drawing, verdict);
        // Effect
        _settleTask(id, result.outcome == 0 ? TaskStatus.Certified : TaskStatus.Failed);
        Payout memory payout = Payouts.create(seals.length + drawing.count, seals.length + OTHER_CREDITS);
        _convictWrong(deal, id, seals, verdict, payout);
        uint256 pot = payout.seizedTotal;
        _fineAbsent(deal.pool, id, closed, drawing, payout);
        uint64 price = _payOwners(deal, result.outcome, payout);
        uint64 cut = _schedulerCut(price, terms);
        pot += price - cut;
        uint64 rest = _rewardRight(deal, id, seals, verdict, pot, price, payout);
        payout.credit(deal.poolOwner, deal.poolStake + cut + rest);
        // Interaction
        _conclude(deal, id, resultHash, result, payout);
    }

    /// @inheritdoc IPoco
    function complete(Deal calldata deal, uint32 index, address worker, Result calldata result) external {
        // Check
        (TaskId id,) = _openTask(deal, index);
        FrozenTerms memory terms = deal.frozen.unpack();
        require(deal.trust <= 1, PocoReplicated(deal.trust));
        require(msg.sender == deal.poolOwner, PocoNotPoolOwner(deal.pool, deal.poolOwner, msg.sender));
        require(worker != address(0), PocoWorkerMissing(id));
        _checkBeforeDeadline(id, deal, terms);
        // Effect
        _settleTask(id, result.outcome == 0 ? TaskStatus.Certified : TaskStatus.Failed);
        Payout memory payout = Payouts.create(0, 1 + OTHER_CREDITS);
        uint64 price = _payOwners(deal, result.outcome, payout);
        uint64 cut = _schedulerCut(price, terms);
        payout.credit(worker, price - cut);
        payout.credit(deal.poolOwner, deal.poolStake + cut);
        emit WorkerRewarded(id, worker, price - cut, 0);
        // Interaction
        _conclude(deal, id, _hashOf(result), result, payout);
    }

    /// @inheritdoc IPoco
    function claim(Deal calldata deal, uint32 index, Committed[] calldata seals) external {
        // Check
        (TaskId id, Task memory late) = _openTask(deal, index);
        FrozenTerms memory terms = deal.frozen.unpack();
        uint256 deadline = _deadline(deal, terms);
        require(block.number > deadline, PocoDeadlineNotOver(id, deadline));
        _checkSeals(id, late, seals);
        Drawing memory drawing;
        // Later, a seat number may be somebody else's: nobody is fined then, rather than the wrong one.
        if (deal.trust > 1 && block.number <= deal.sealedAtBlock + UNBONDING_BLOCKS) {
            drawing = _draw(deal, id, late, terms, late.round);
        }
        uint64 slashed = _placesMissed(late, drawing) ? deal.poolStake : 0;
        // Effect
        _settleTask(id, TaskStatus.Claimed);
        Payout memory payout = Payouts.create(drawing.count, seals.length + OTHER_CREDITS);
        _fineAbsent(deal.pool, id, late, drawing, payout);
        // A part of the stake, which the pool's owner locked.
        uint64 toPayer = uint64(uint256(slashed) * PAYER_SLASH_PERCENT / 100);
        payout.credit(deal.payer, deal.buyerUnit() + toPayer);
        payout.credit(deal.poolOwner, deal.poolStake - slashed);
        payout.credit(TREASURY, _compensate(deal, id, seals, slashed - toPayer, payout));
        emit TaskClaimed(id, slashed);
        // Interaction
        _pay(deal, payout);
    }

    // ── Checks ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function _checkSeals(TaskId id, Task memory ended, Committed[] calldata seals) private pure {
        bytes32 given = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            given = _chain(given, seals[i]);
        }
        require(given == ended.seals, PocoSealsDiffer(id, ended.seals, given));
    }

    function _judge(Deal calldata deal, TaskId id, Committed[] calldata seals, bytes32 resultHash)
        private
        view
        returns (Verdict memory verdict)
    {
        mapping(uint256 number => SeatBook) storage seats = _seats[deal.pool];
        uint256 round = 0;
        bytes32 digest;
        for (uint256 i = 0; i < seals.length; ++i) {
            Committed calldata committed = seals[i];
            if (committed.round != round) {
                round = committed.round;
                digest = keccak256(abi.encode(round, id, resultHash));
            }
            uint256 weight = Confidence.weight(seats[committed.seat].standing.score);
            if (committed.seal == keccak256(abi.encode(committed.worker, digest))) {
                verdict.right |= 1 << i;
                ++verdict.matching;
                verdict.group = Confidence.times(verdict.group, weight);
                verdict.shares += Confidence.share(weight);
            } else {
                verdict.hostile = Confidence.times(verdict.hostile, weight);
            }
        }
    }

    function _checkReached(
        Deal calldata deal,
        TaskId id,
        Task memory closed,
        Drawing memory drawing,
        Verdict memory verdict
    ) private pure {
        uint256 drawn = closed.drawn;
        if (closed.drawnInRound == 0) {
            // Nobody committed in the last round. Where its seed was lost too, as many were drawn as could be.
            drawn = drawing.known ? drawing.count : _placesAfter(closed.round, deal.trust);
        }
        require(
            verdict.matching * 3 >= drawn * 2 && Confidence.reached(verdict.group, verdict.hostile, deal.trust),
            PocoNotReached(id, verdict.matching, drawn, verdict.group, verdict.hostile)
        );
    }

    /// @dev Where nobody committed in the last round and it cannot be told who was drawn, somebody was.
    function _placesMissed(Task memory late, Drawing memory drawing) private pure returns (bool) {
        if (late.drawnInRound != 0) return late.committed < late.drawn;
        return !drawing.known || late.committed < drawing.count;
    }

    // ── Seats ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _convictWrong(
        Deal calldata deal,
        TaskId id,
        Committed[] calldata seals,
        Verdict memory verdict,
        Payout memory payout
    ) private {
        if (verdict.matching == seals.length) return;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (verdict.right & (1 << i) != 0) continue;
            (uint64 lost, uint32 score) = _convict(deal.pool, seals[i].seat, _exposure(deal));
            payout.seize(seals[i].worker, lost);
            emit WorkerSlashed(id, seals[i].worker, lost, score);
        }
    }

    /// @return rest What does not divide.
    function _rewardRight(
        Deal calldata deal,
        TaskId id,
        Committed[] calldata seals,
        Verdict memory verdict,
        uint256 pot,
        uint64 price,
        Payout memory payout
    ) private returns (uint64 rest) {
        mapping(uint256 number => SeatBook) storage seats = _seats[deal.pool];
        uint32 scoreGain = price >= SCORE_FLOOR && verdict.matching >= SCORE_MATCHING ? 1 : 0;
        uint256 left = pot;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (verdict.right & (1 << i) == 0) continue;
            SeatBook storage book = seats[seals[i].seat];
            // Before its score rises: these shares are what `verdict.shares` sums up.
            uint256 share = Confidence.share(Confidence.weight(book.standing.score));
            // A part of the pot, which is locked money.
            uint64 amount = uint64(pot * share / verdict.shares);
            left -= amount;
            uint32 score = _acquit(book, _exposure(deal), scoreGain);
            payout.credit(seals[i].worker, amount);
            emit WorkerRewarded(id, seals[i].worker, amount, score);
        }
        // At most the pot.
        rest = uint64(left);
    }

    /// @return rest What does not divide, or all of it where nobody committed.
    function _compensate(
        Deal calldata deal,
        TaskId id,
        Committed[] calldata seals,
        uint64 pot,
        Payout memory payout
    ) private returns (uint64 rest) {
        if (seals.length == 0) return pot;
        mapping(uint256 number => SeatBook) storage seats = _seats[deal.pool];
        // At most the pot.
        uint64 amount = uint64(pot / seals.length);
        for (uint256 i = 0; i < seals.length; ++i) {
            uint32 score = _acquit(seats[seals[i].seat], _exposure(deal), 0);
            payout.credit(seals[i].worker, amount);
            if (amount != 0) emit WorkerRewarded(id, seals[i].worker, amount, score);
        }
        // seals.length <= MAX_PLACES, and the product is at most the pot.
        rest = pot - amount * uint64(seals.length);
    }

    /// @dev Fines who was drawn and did not commit, as far as it is known who was.
    function _fineAbsent(AssetId poolId, TaskId id, Task memory ended, Drawing memory drawing, Payout memory payout)
        private
    {
        uint64 fines = 0;
        for (uint256 i = 0; i < drawing.count; ++i) {
            if (ended.places & (1 << i) != 0) continue;
            // Seat numbers are 32 bits.
            (address worker, uint64 fine) = _miss(poolId, uint32(drawing.seats[i]));
            fines += fine;
            payout.seize(worker, fine);
            emit PlaceMissed(id, worker, fine);
        }
        payout.credit(TREASURY, fines);
    }

    // ── Money ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Pays the owners of app and dataset, or the payer back.
    /// @return price What remains for the pool.
    function _payOwners(Deal calldata deal, uint8 outcome, Payout memory payout) private pure returns (uint64 price) {
        if (outcome == 0) {
            payout.credit(deal.appOwner, deal.appPrice);
            payout.credit(deal.datasetOwner, deal.datasetPrice);
            return deal.poolPrice;
        }
        // At most the price.
        price = uint64(uint256(deal.poolPrice) * FAILURE_FEE_PERCENT / 100);
        payout.credit(deal.payer, deal.appPrice + deal.datasetPrice + deal.poolPrice - price);
    }

    function _schedulerCut(uint64 price, FrozenTerms memory terms) private pure returns (uint64) {
        // At most the price, since no pool has a share above the whole.
        return uint64(uint256(price) * terms.schedulerShare / SHARE_UNIT);
    }

    function _settleTask(TaskId id, TaskStatus status) private {
        Task storage stored = _tasks[id];
        stored.status = status;
        // Nobody needs it any more.
        delete stored.seals;
    }

    function _conclude(
        Deal calldata deal,
        TaskId id,
        bytes32 resultHash,
        Result calldata result,
        Payout memory payout
    ) private {
        if (result.outcome != 0) {
            emit TaskFailed(id, resultHash, result.outcome);
            _pay(deal, payout);
            return;
        }
        emit TaskCertified(id, resultHash, result);
        _pay(deal, payout);
        if (deal.callback == address(0)) return;
        // Last, when nothing is left to be disturbed.
        bool success = ResultCallback.run(deal.callback, id, result.callbackData);
        emit CallbackRun(id, deal.callback, success);
    }

    function _pay(Deal calldata deal, Payout memory payout) private {
        (Entry[] memory seized, Entry[] memory credits) = payout.lists();
        CLERK.settle(deal, seized, credits);
    }

    function _hashOf(Result calldata result) private pure returns (bytes32) {
        return keccak256(
            abi.encode(result.outcome, result.content, result.memoryHash, keccak256(result.callbackData))
        );
    }
}
