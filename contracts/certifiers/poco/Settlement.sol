// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {POWER_RESULT} from "../../interfaces/IKeyring.sol";
import {Committed, Committer, Reward, TaskStatus, toReward} from "../../interfaces/IPanel.sol";
import {EnclaveCertificate, IPoco, Result} from "../../interfaces/IPoco.sol";
import {Asset} from "../../interfaces/IRegistry.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, Restriction, TaskId} from "../../types/Ids.sol";
import {Drawing} from "../panel/Draws.sol";
import {FAILURE_FEE_PERCENT, GRACE_BLOCKS, SCORE_FLOOR, SCORE_MATCHING} from "../panel/Parameters.sol";
import {Payout, Payouts} from "../panel/Payout.sol";
import {Progress} from "../panel/Progress.sol";
import {SeatRecord} from "../panel/SeatRecord.sol";
import {SeatBook} from "../panel/Seats.sol";
import {Enclaves} from "./Enclaves.sol";
import {Tally} from "./Tallies.sol";

/// @title Settlement
/// @notice How a task is certified, or certified to fail.
abstract contract Settlement is Enclaves {
    using Payouts for Payout;

    /// @inheritdoc IPoco
    function finalize(Deal calldata deal, uint32 index, Committed[] calldata seals, Result calldata result) external {
        // Check
        (TaskId id, Progress memory closed) = _openTask(deal, index);
        _checkReplicated(deal);
        _checkBeforeDeadline(id, closed);
        _checkClosed(id, closed);
        Drawing memory drawing;
        // Where all places have committed nobody is absent, and who was drawn is told by the seals.
        if (closed.drawnInRound == 0 || seals.length < closed.drawn) {
            drawing = _draw(deal.pool, deal.trust, id, closed, closed.round);
        }
        bytes32 resultHash = _hashOf(result);
        Tally memory tally = _tally(deal.pool, id, closed, seals, resultHash);
        _checkReached(deal, id, closed, drawing, tally);
        // Effect
        Payout memory payout = Payouts.create(seals.length + drawing.count, OTHER_CREDITS);
        (uint64 price, uint64 cut) = _payOrRefund(deal, result.outcome, payout);
        // Who names attesters can end a task before its seals come, and so choose among draws: there is nothing to choose
        // for then, neither others' stakes nor scores.
        bool isPlain = Restriction.unwrap(deal.attesters) == 0;
        uint64 spoils = _convictWrong(deal.pool, id, seals, tally, isPlain ? price : 0, payout);
        (uint64 fines, ) = _fineAbsent(deal.pool, id, closed, drawing, payout);
        payout.credit(TREASURY, fines);
        // At most twice the price.
        uint64 pot = price - cut + spoils;
        (Reward[] memory rewards, uint64 rest) = _rewardRight(
            deal.pool,
            seals,
            tally,
            pot,
            isPlain && price >= SCORE_FLOOR
        );
        payout.credit(address(this), pot - rest);
        _conclude(deal, index, id, resultHash, result, rewards, cut + rest, payout);
    }

    /// @inheritdoc IPoco
    function complete(Deal calldata deal, uint32 index, address worker, Result calldata result) external {
        // Check
        (TaskId id, Progress memory running) = _openTask(deal, index);
        require(deal.trust <= 1, PocoReplicated(deal.trust));
        require(
            msg.sender == deal.poolOwner || KEYRING.mayAct(deal.poolOwner, msg.sender, POWER_RESULT),
            PanelNotPoolOwner(deal.pool, deal.poolOwner, msg.sender)
        );
        _checkBeforeDeadline(id, running);
        // Effect
        Payout memory payout = Payouts.create(0, OTHER_CREDITS);
        (uint64 price, uint64 cut) = _payOrRefund(deal, result.outcome, payout);
        Reward[] memory rewards = _rewardOne(id, worker, price - cut, payout);
        _conclude(deal, index, id, _hashOf(result), result, rewards, cut, payout);
    }

    /// @inheritdoc IPoco
    function attest(
        Deal calldata deal,
        uint32 index,
        Asset calldata app,
        EnclaveCertificate calldata certificate,
        Result calldata result,
        bytes calldata enclaveSignature
    ) external {
        // Check
        (TaskId id, Progress memory running) = _openTask(deal, index);
        _checkBeforeDeadline(id, running);
        // Places are 64 bits.
        require(running.places == 0, PocoSealsCommitted(id, uint64(running.places)));
        // Else owners of apps and datasets would work for whoever calls a success a failure.
        require(result.outcome == 0 || deal.trust <= 1, PocoFailureNotReplicated(id, result.outcome));
        _checkCertificate(deal, id, app, certificate);
        bytes32 resultHash = _hashOf(result);
        _checkEnclave(id, resultHash, certificate.enclaveKey, enclaveSignature);
        // Effect
        emit EnclaveAttested(id, certificate.attester, certificate.enclaveKey);
        Payout memory payout = Payouts.create(0, OTHER_CREDITS);
        (uint64 price, uint64 cut) = _payOrRefund(deal, result.outcome, payout);
        Reward[] memory rewards = _rewardOne(id, certificate.worker, price - cut, payout);
        _conclude(deal, index, id, resultHash, result, rewards, cut, payout);
    }

    function _grace(uint256) internal pure override returns (uint256) {
        return GRACE_BLOCKS;
    }

    function _minTrust() internal pure override returns (uint32) {
        return 0;
    }

    /// @dev A seal says all that there is to say.
    function _fineSilent(
        AssetId,
        TaskId,
        Committed[] calldata,
        bool,
        Payout memory
    ) internal pure override returns (uint256 answered, uint64 fines) {
        return (type(uint256).max, 0);
    }

    // ── Seats ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @param price What the pool is paid: all that they owe together.
    /// @return spoils What they pay of it.
    function _convictWrong(
        AssetId poolId,
        TaskId id,
        Committed[] calldata seals,
        Tally memory tally,
        uint64 price,
        Payout memory payout
    ) private returns (uint64 spoils) {
        if (tally.matching == seals.length) return 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (tally.right & (1 << i) != 0) continue;
            address worker = seals[i].by.workerOf();
            (uint64 paid, uint64 forfeited, uint32 score) = _convict(poolId, seals[i].by.seatOf(), price - spoils);
            payout.seize(worker, paid);
            spoils += paid;
            emit WorkerSlashed(id, worker, paid, forfeited, score);
        }
    }

    /// @return rewards What each gets.
    /// @return rest What does not divide.
    function _rewardRight(
        AssetId poolId,
        Committed[] calldata seals,
        Tally memory tally,
        uint256 pot,
        bool scored
    ) private returns (Reward[] memory rewards, uint64 rest) {
        mapping(uint256 number => SeatBook) storage seats = _seats[poolId];
        uint32 scoreGain = scored && tally.matching >= SCORE_MATCHING ? 1 : 0;
        rewards = new Reward[](tally.matching);
        uint256 shares = tally.shares;
        uint256 right = tally.right;
        uint256 count = 0;
        uint256 left = pot;
        // A pot is 64 bits and a share at most 4; the rewards together are at most the pot.
        unchecked {
            for (uint256 i = 0; i < seals.length; ++i) {
                if ((right >> i) & 1 == 0) continue;
                Committer by = seals[i].by;
                SeatRecord record = tally.records[i];
                // By the score before it rises: these shares are what `tally.shares` sums up.
                uint256 share = Confidence.share(Confidence.weight(record.score()));
                // A part of the pot, which is money locked in the Clerk.
                uint64 amount = uint64((pot * share) / shares);
                uint32 score = _acquit(seats[by.seatOf()], record, amount, scoreGain);
                rewards[count++] = toReward(by.workerOf(), amount, score);
                left -= amount;
            }
        }
        // At most the pot.
        rest = uint64(left);
    }

    /// @dev Rewards a worker that may have no seat.
    function _rewardOne(
        TaskId id,
        address worker,
        uint64 amount,
        Payout memory payout
    ) private pure returns (Reward[] memory rewards) {
        require(worker != address(0), PocoWorkerMissing(id));
        payout.credit(worker, amount);
        rewards = new Reward[](1);
        rewards[0] = toReward(worker, amount, 0);
    }

    // ── Money ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Pays the owners of app and dataset, or the payer back.
    /// @return price What remains for the pool.
    /// @return cut The scheduler's part of it.
    function _payOrRefund(
        Deal calldata deal,
        uint8 outcome,
        Payout memory payout
    ) private pure returns (uint64 price, uint64 cut) {
        price = deal.poolPrice;
        if (outcome == 0) {
            _payOwners(deal, payout);
        } else {
            // At most the price.
            uint64 fee = uint64((uint256(price) * FAILURE_FEE_PERCENT) / 100);
            payout.credit(deal.payer, deal.appPrice + deal.datasetPrice + price - fee);
            price = fee;
        }
        cut = _cutOf(deal, price);
    }

    /// @param toPool What the pool's owner gets beside its stake.
    function _conclude(
        Deal calldata deal,
        uint32 index,
        TaskId id,
        bytes32 resultHash,
        Result calldata result,
        Reward[] memory rewards,
        uint64 toPool,
        Payout memory payout
    ) private {
        payout.credit(deal.poolOwner, deal.poolStake + toPool);
        bool certified = result.outcome == 0;
        if (certified) emit TaskCertified(id, resultHash, result, rewards);
        else emit TaskFailed(id, resultHash, result.outcome, rewards);
        _close(deal, id, certified ? TaskStatus.Certified : TaskStatus.Failed, payout);
        if (certified) _tell(deal, index, id, result.callbackData);
    }
}
