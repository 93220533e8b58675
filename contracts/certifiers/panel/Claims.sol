// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, IPanel, TaskClaim, TaskStatus} from "../../interfaces/IPanel.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, TaskId} from "../../types/Ids.sol";
import {Drawing} from "./Draws.sol";
import {Endings} from "./Endings.sol";
import {PAYER_SLASH_PERCENT, UNBONDING_BLOCKS} from "./Parameters.sol";
import {Payout, Payouts} from "./Payout.sol";
import {Progress} from "./Progress.sol";

/// @notice Who pays and gets what for a task that came to nothing.
struct Shares {
    /// All of it but what payer and pool get back.
    Payout payout;
    /// What the pool loses of its stake.
    uint64 slashed;
    /// The payer's part of that.
    uint64 toPayer;
}

/// @title Claims
/// @notice What becomes of a task that was not settled in time.
abstract contract Claims is Endings {
    using Payouts for Payout;

    /// @inheritdoc IPanel
    function claim(Deal calldata deal, uint32 index, Committed[] calldata seals) external {
        (TaskId id, Progress memory late) = _openTask(deal, index);
        _refund(deal, id, _share(deal.pool, deal.trust, deal.poolStake, id, late, seals));
    }

    /// @inheritdoc IPanel
    function claimBatch(TaskClaim[] calldata claims) external {
        uint256 claimed = 0;
        for (uint256 i = 0; i < claims.length; ++i) {
            TaskClaim calldata one = claims[i];
            (TaskId id, Progress memory late) = _taskOf(one.deal, one.index);
            // Else anybody could make a batch fail by claiming one of it just before.
            if (late.status != 0) continue;
            Deal calldata deal = one.deal;
            _refund(deal, id, _share(deal.pool, deal.trust, deal.poolStake, id, late, one.seals));
            ++claimed;
        }
        require(claimed != 0, PanelNothingToClaim());
    }

    /// @dev Fines who committed and still gave no answer.
    /// @param told Whether seats still are who they were at the draw.
    /// @return answered Bit i: the i-th seal counts as an answer.
    /// @return fines What the others pay.
    function _fineSilent(
        AssetId poolId,
        TaskId id,
        Committed[] calldata seals,
        bool told,
        Payout memory payout
    ) internal virtual returns (uint256 answered, uint64 fines);

    /// @dev Gives payer and pool back what is theirs.
    function _refund(Deal calldata deal, TaskId id, Shares memory shares) private {
        Payout memory payout = shares.payout;
        payout.credit(deal.payer, deal.appPrice + deal.datasetPrice + deal.poolPrice + shares.toPayer);
        payout.credit(deal.poolOwner, deal.poolStake - shares.slashed);
        emit TaskClaimed(id, shares.slashed);
        _close(deal, id, TaskStatus.Claimed, payout);
    }

    /// @dev Fines who is to be fined, and shares out what the pool loses.
    function _share(
        AssetId poolId,
        uint32 trust,
        uint64 poolStake,
        TaskId id,
        Progress memory late,
        Committed[] calldata seals
    ) private returns (Shares memory shares) {
        // Check
        uint256 deadline = _deadline(late);
        require(block.number > deadline, PanelDeadlineNotOver(id, deadline));
        _checkSeals(id, late, seals);
        Drawing memory drawing;
        // Later, a seat number may be somebody else's: nobody is fined then, rather than the wrong one.
        bool told = block.number <= late.sealedAt + UNBONDING_BLOCKS;
        if (told && trust > 1) drawing = _draw(poolId, trust, id, late, late.round);
        // Effect
        Payout memory payout = Payouts.create(seals.length + drawing.count, seals.length + OTHER_CREDITS);
        (uint64 fines, uint64 felt) = _fineAbsent(poolId, id, late, drawing, payout);
        (uint256 answered, uint64 silentFines) = _fineSilent(poolId, id, seals, told, payout);
        (fines, felt) = (fines + silentFines, felt + silentFines);
        address[] memory workers = _workersOf(seals, answered);
        uint64 slashed = _isAnyMissing(late, drawing, workers.length) ? poolStake : 0;
        // Who missed a place pays for what is shared: else it would pay to miss one in one's own company.
        uint64 shared = trust > 1 && felt < slashed ? felt : slashed;
        // Parts of the stake, which the pool's owner locked.
        uint64 toPayer = uint64((uint256(shared) * PAYER_SLASH_PERCENT) / 100);
        uint64 toWorkers = _compensate(workers, shared - toPayer, payout);
        payout.credit(TREASURY, fines + slashed - toPayer - toWorkers);
        (shares.payout, shares.slashed, shares.toPayer) = (payout, slashed, toPayer);
    }

    /// @dev Where nobody committed in the last round and it cannot be told who was drawn, somebody was.
    function _isAnyMissing(Progress memory late, Drawing memory drawing, uint256 answers) private pure returns (bool) {
        if (late.drawnInRound != 0) return answers < late.drawn;
        return !drawing.known || answers < drawing.count;
    }

    function _workersOf(Committed[] calldata seals, uint256 answered) private pure returns (address[] memory workers) {
        workers = new address[](seals.length);
        uint256 count = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (answered & (1 << i) != 0) workers[count++] = seals[i].by.workerOf();
        }
        assembly ("memory-safe") {
            // Only ever shorter than it was made.
            mstore(workers, count)
        }
    }

    /// @return paid All but what does not divide, or nothing where nobody is there.
    function _compensate(
        address[] memory workers,
        uint64 pot,
        Payout memory payout
    ) private pure returns (uint64 paid) {
        if (workers.length == 0) return 0;
        // At most the pot.
        uint64 amount = uint64(pot / workers.length);
        for (uint256 i = 0; i < workers.length; ++i) {
            payout.credit(workers[i], amount);
            paid += amount;
        }
    }
}
