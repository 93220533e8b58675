// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IJury, Poll} from "../../interfaces/IJury.sol";
import {Committed, Committer, Reward, TaskStatus, toReward} from "../../interfaces/IPanel.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, TaskId} from "../../types/Ids.sol";
import {Drawing} from "../panel/Draws.sol";
import {JURY_SLASH_PERCENT} from "../panel/Parameters.sol";
import {Payout, Payouts} from "../panel/Payout.sol";
import {Progress} from "../panel/Progress.sol";
import {SeatBook} from "../panel/Seats.sol";
import {Polls} from "./Polls.sol";

/// @title Rulings
/// @notice How a jury's task is settled.
abstract contract Rulings is Polls {
    using Payouts for Payout;

    /// @inheritdoc IJury
    function rule(Deal calldata deal, uint32 index, Committed[] calldata seals) external {
        // Check
        (TaskId id, Progress memory closed) = _openTask(deal, index);
        _checkBeforeDeadline(id, closed);
        _checkClosed(id, closed);
        _checkSeals(id, closed, seals);
        Poll memory ruling = _polls[id];
        require(_isDecided(id, closed), JuryUndecided(id, ruling.votes, closed.drawn));
        _checkHeard(id, closed, seals);
        Drawing memory drawing;
        // Where all places have committed nobody is absent.
        if (seals.length < closed.drawn) drawing = _draw(deal.pool, deal.trust, id, closed, closed.round);
        // Effect
        Payout memory payout = Payouts.create(seals.length + drawing.count, OTHER_CREDITS);
        _payOwners(deal, payout);
        uint64 price = deal.poolPrice;
        uint64 cut = _cutOf(deal, price);
        uint64 lost = _slashOthers(deal.pool, id, seals, ruling.leading, payout);
        (uint64 fines, ) = _fineAbsent(deal.pool, id, closed, drawing, payout);
        uint64 spoils = lost < price ? lost : price;
        payout.credit(TREASURY, fines + lost - spoils);
        // At most twice the price.
        uint64 pot = price - cut + spoils;
        uint64 each = pot / ruling.votes;
        Reward[] memory rewarded = _rewardRulers(deal.pool, id, seals, ruling, each);
        // A part of the pot, and votes are 8 bits.
        uint64 rewards = each * ruling.votes;
        payout.credit(address(this), rewards);
        payout.credit(deal.poolOwner, deal.poolStake + cut + pot - rewards);
        emit Ruled(id, ruling.leading, ruling.votes, rewarded);
        _close(deal, id, TaskStatus.Certified, payout);
        _tell(deal, index, id, abi.encode(ruling.leading));
    }

    /// @dev Below, nobody is drawn.
    function _minTrust() internal pure override returns (uint32) {
        return 2;
    }

    /// @dev A seal that was not revealed is a missed place.
    function _fineSilent(
        AssetId poolId,
        TaskId id,
        Committed[] calldata seals,
        bool told,
        Payout memory payout
    ) internal override returns (uint256 answered, uint64 fines) {
        answered = _polls[id].revealed;
        if (!told) return (answered, 0);
        for (uint256 i = 0; i < seals.length; ++i) {
            if (answered & (1 << i) == 0) fines += _fineOne(poolId, id, seals[i].by.seatOf(), payout);
        }
    }

    /// @dev That nobody is judged who still has time to speak.
    function _checkHeard(TaskId id, Progress memory closed, Committed[] calldata seals) private view {
        uint256 until = _revealUntil(closed);
        if (block.number > until) return;
        // The running round's are the last.
        for (uint256 i = seals.length; i != 0 && seals[i - 1].by.roundOf() == closed.round; --i) {
            require(_isRevealed(id, i - 1), JuryRevealRunning(id, until));
        }
    }

    function _gave(TaskId id, uint256 position, bytes32 answer) private view returns (bool) {
        return _isRevealed(id, position) && _answers[id][position] == answer;
    }

    /// @return lost What those who did not give the ruling lose together.
    function _slashOthers(
        AssetId poolId,
        TaskId id,
        Committed[] calldata seals,
        bytes32 answer,
        Payout memory payout
    ) private returns (uint64 lost) {
        for (uint256 i = 0; i < seals.length; ++i) {
            if (_gave(id, i, answer)) continue;
            (address juror, uint64 amount) = _fine(poolId, seals[i].by.seatOf(), JURY_SLASH_PERCENT);
            payout.seize(juror, amount);
            lost += amount;
            emit JurorSlashed(id, juror, amount, _isRevealed(id, i));
        }
    }

    function _rewardRulers(
        AssetId poolId,
        TaskId id,
        Committed[] calldata seals,
        Poll memory ruling,
        uint64 each
    ) private returns (Reward[] memory rewards) {
        rewards = new Reward[](ruling.votes);
        uint256 count = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (!_gave(id, i, ruling.leading)) continue;
            Committer by = seals[i].by;
            SeatBook storage book = _seats[poolId][by.seatOf()];
            uint32 score = _acquit(book, book.record, each, 0);
            rewards[count++] = toReward(by.workerOf(), each, score);
        }
    }
}
