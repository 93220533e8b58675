// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Committer, IPoco, Result, Reward, TaskStatus} from "../../interfaces/IPoco.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {ResultCallback} from "../../libraries/ResultCallback.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, TaskId} from "../../types/Ids.sol";
import {Drawing} from "./Draws.sol";
import {
    FAILURE_FEE_PERCENT,
    PAYER_SLASH_PERCENT,
    SCORE_FLOOR,
    SCORE_MATCHING,
    SHARE_UNIT,
    UNBONDING_BLOCKS
} from "./Parameters.sol";
import {Payout, Payouts} from "./Payout.sol";
import {PocoFrozen} from "./PocoFrozen.sol";
import {Progress, TaskWord} from "./Progress.sol";
import {SeatBook} from "./Seats.sol";
import {Standing} from "./Standing.sol";
import {Verdict, Verdicts} from "./Verdicts.sol";

/// @title Settlement
/// @notice How a task ends: certified, certified to fail, or claimed back. Each end is one call of `Clerk.settle`.
abstract contract Settlement is Verdicts {
    using Payouts for Payout;
    using PocoFrozen for bytes32;

    /// @dev Owners of pool, app and dataset, the payer and the treasury.
    uint256 private constant OTHER_CREDITS = 5;

    /// @inheritdoc IPoco
    function finalize(Deal calldata deal, uint32 index, Committed[] calldata seals, Result calldata result) external {
        // Check
        (TaskId id, Progress memory closed) = _openTask(deal, index);
        _checkReplicated(deal);
        _checkBeforeDeadline(id, deal);
        require(_isClosed(closed, deal), PocoRoundRunning(id, uint8(closed.round), _closedAt(closed, deal)));
        Drawing memory drawing;
        // Where all places have committed nobody is absent, and who was drawn is told by the seals.
        if (closed.drawnInRound == 0 || seals.length < closed.drawn) drawing = _draw(deal, id, closed, closed.round);
        bytes32 resultHash = _hashOf(result);
        Verdict memory verdict = _judge(deal.pool, id, closed, seals, resultHash);
        _checkReached(deal, id, closed, drawing, verdict);
        // Effect
        Payout memory payout = Payouts.create(seals.length + drawing.count, seals.length + OTHER_CREDITS);
        uint64 lost = _convictWrong(deal.pool, id, seals, verdict, payout);
        uint64 fines = _fineAbsent(deal.pool, id, closed, drawing, payout);
        (uint64 price, uint64 cut) = _payOwners(deal, result.outcome, payout);
        uint64 spoils = lost < price ? lost : price;
        payout.credit(TREASURY, fines + lost - spoils);
        uint256 pot = price - cut + spoils;
        uint64 rest = _rewardRight(deal.pool, id, seals, verdict, pot, price >= SCORE_FLOOR, payout);
        payout.credit(deal.poolOwner, deal.poolStake + cut + rest);
        _conclude(deal, id, resultHash, result, payout);
    }

    /// @inheritdoc IPoco
    function complete(Deal calldata deal, uint32 index, address worker, Result calldata result) external {
        // Check
        (TaskId id, ) = _openTask(deal, index);
        require(deal.trust <= 1, PocoReplicated(deal.trust));
        require(msg.sender == deal.poolOwner, PocoNotPoolOwner(deal.pool, deal.poolOwner, msg.sender));
        require(worker != address(0), PocoWorkerMissing(id));
        _checkBeforeDeadline(id, deal);
        // Effect
        Payout memory payout = Payouts.create(0, 1 + OTHER_CREDITS);
        (uint64 price, uint64 cut) = _payOwners(deal, result.outcome, payout);
        payout.credit(worker, price - cut);
        payout.credit(deal.poolOwner, deal.poolStake + cut);
        Reward[] memory rewards = new Reward[](1);
        rewards[0] = Reward({worker: worker, amount: price - cut, score: 0});
        emit WorkersRewarded(id, rewards);
        _conclude(deal, id, _hashOf(result), result, payout);
    }

    /// @inheritdoc IPoco
    function claim(Deal calldata deal, uint32 index, Committed[] calldata seals) external {
        // Check
        (TaskId id, Progress memory late) = _openTask(deal, index);
        uint256 deadline = _deadline(deal);
        require(block.number > deadline, PocoDeadlineNotOver(id, deadline));
        _checkSeals(id, late, seals);
        Drawing memory drawing;
        // Later, a seat number may be somebody else's: nobody is fined then, rather than the wrong one.
        if (deal.trust > 1 && block.number <= deal.sealedAtBlock + UNBONDING_BLOCKS) {
            drawing = _draw(deal, id, late, late.round);
        }
        uint64 slashed = _placesMissed(late, drawing, seals.length) ? deal.poolStake : 0;
        // Effect
        Payout memory payout = Payouts.create(drawing.count, seals.length + OTHER_CREDITS);
        uint64 fines = _fineAbsent(deal.pool, id, late, drawing, payout);
        // A part of the stake, which the pool's owner locked.
        uint64 toPayer = uint64((uint256(slashed) * PAYER_SLASH_PERCENT) / 100);
        payout.credit(deal.payer, deal.appPrice + deal.datasetPrice + deal.poolPrice + toPayer);
        payout.credit(deal.poolOwner, deal.poolStake - slashed);
        payout.credit(TREASURY, fines + _compensate(seals, slashed - toPayer, payout));
        emit TaskClaimed(id, slashed);
        _close(deal, id, TaskStatus.Claimed, payout);
    }

    // ── Seats ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @return lost What they lose together.
    function _convictWrong(
        AssetId poolId,
        TaskId id,
        Committed[] calldata seals,
        Verdict memory verdict,
        Payout memory payout
    ) private returns (uint64 lost) {
        if (verdict.matching == seals.length) return 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (verdict.right & (1 << i) != 0) continue;
            address worker = seals[i].by.workerOf();
            (uint64 amount, uint32 score) = _convict(poolId, seals[i].by.seatOf());
            payout.seize(worker, amount);
            lost += amount;
            emit WorkerSlashed(id, worker, amount, score);
        }
    }

    /// @return rest What does not divide.
    function _rewardRight(
        AssetId poolId,
        TaskId id,
        Committed[] calldata seals,
        Verdict memory verdict,
        uint256 pot,
        bool scored,
        Payout memory payout
    ) private returns (uint64 rest) {
        mapping(uint256 number => SeatBook) storage seats = _seats[poolId];
        uint32 scoreGain = scored && verdict.matching >= SCORE_MATCHING ? 1 : 0;
        Reward[] memory rewards = new Reward[](verdict.matching);
        uint256 count = 0;
        uint256 left = pot;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (verdict.right & (1 << i) == 0) continue;
            Committer by = seals[i].by;
            Standing standing = verdict.standings[i];
            Reward memory reward = rewards[count++];
            reward.worker = by.workerOf();
            // By the score before it rises: these shares are what `verdict.shares` sums up.
            uint256 share = Confidence.share(Confidence.weight(standing.score()));
            // A part of the pot, which is money locked in the Clerk.
            reward.amount = uint64((pot * share) / verdict.shares);
            reward.score = _acquit(seats[by.seatOf()], standing, scoreGain);
            left -= reward.amount;
            payout.credit(reward.worker, reward.amount);
        }
        emit WorkersRewarded(id, rewards);
        // At most the pot.
        rest = uint64(left);
    }

    /// @return rest What does not divide, or all of it where nobody committed.
    function _compensate(
        Committed[] calldata seals,
        uint64 pot,
        Payout memory payout
    ) private pure returns (uint64 rest) {
        if (seals.length == 0) return pot;
        // At most the pot.
        uint64 amount = uint64(pot / seals.length);
        for (uint256 i = 0; i < seals.length; ++i) {
            payout.credit(seals[i].by.workerOf(), amount);
        }
        // seals.length <= MAX_PLACES, and the product is at most the pot.
        rest = pot - amount * uint64(seals.length);
    }

    /// @dev Fines who was drawn and did not commit, as far as it is known who was.
    function _fineAbsent(
        AssetId poolId,
        TaskId id,
        Progress memory ended,
        Drawing memory drawing,
        Payout memory payout
    ) private returns (uint64 fines) {
        for (uint256 i = 0; i < drawing.count; ++i) {
            if (ended.places & (1 << i) != 0) continue;
            // Seat numbers are 32 bits.
            (address worker, uint64 fine) = _miss(poolId, uint32(drawing.seats[i]));
            fines += fine;
            payout.seize(worker, fine);
            emit PlaceMissed(id, worker, fine);
        }
    }

    // ── Money ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Pays the owners of app and dataset, or the payer back.
    /// @return price What remains for the pool.
    /// @return cut The scheduler's part of it.
    function _payOwners(
        Deal calldata deal,
        uint8 outcome,
        Payout memory payout
    ) private pure returns (uint64 price, uint64 cut) {
        price = deal.poolPrice;
        if (outcome == 0) {
            payout.credit(deal.appOwner, deal.appPrice);
            payout.credit(deal.datasetOwner, deal.datasetPrice);
        } else {
            // At most the price.
            uint64 fee = uint64((uint256(price) * FAILURE_FEE_PERCENT) / 100);
            payout.credit(deal.payer, deal.appPrice + deal.datasetPrice + price - fee);
            price = fee;
        }
        // At most the price, since no pool has a share above the whole.
        cut = uint64((uint256(price) * deal.frozen.schedulerShare()) / SHARE_UNIT);
    }

    function _conclude(
        Deal calldata deal,
        TaskId id,
        bytes32 resultHash,
        Result calldata result,
        Payout memory payout
    ) private {
        bool certified = result.outcome == 0;
        if (certified) emit TaskCertified(id, resultHash, result);
        else emit TaskFailed(id, resultHash, result.outcome);
        _close(deal, id, certified ? TaskStatus.Certified : TaskStatus.Failed, payout);
        if (!certified || deal.callback == address(0)) return;
        // Last, when nothing is left to be disturbed.
        bool success = ResultCallback.run(deal.callback, id, result.callbackData);
        emit CallbackRun(id, deal.callback, success);
    }

    /// @dev The only place where a task gets another status, and where its money moves.
    function _close(Deal calldata deal, TaskId id, TaskStatus status, Payout memory payout) private {
        // Effect
        _tasks[id] = TaskWord.wrap(TaskWord.unwrap(_tasks[id]) | uint256(status));
        // Interaction
        payout.settle(CLERK, deal);
    }

    function _hashOf(Result calldata result) private pure returns (bytes32) {
        return keccak256(abi.encode(result.outcome, result.content, result.memoryHash, keccak256(result.callbackData)));
    }
}
