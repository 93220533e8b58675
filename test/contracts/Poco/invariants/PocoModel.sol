// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Committed} from "../../../../contracts/interfaces/IPanel.sol";
import {Result} from "../../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {Restriction, TaskId} from "../../../../contracts/types/Ids.sol";
import {PanelModel} from "../../Panel/invariants/PanelModel.sol";
import {PocoTest} from "../support/PocoTest.sol";

/// What Poco's rules make of the seats that committed.
abstract contract PocoModel is PanelModel, PocoTest {
    /// Conviction, rewards and scores of a task that was certified.
    function modelFinalized(Deal memory deal, TaskId id, Committed[] memory seals, Result memory result) internal {
        uint256 price = result.outcome == 0 ? deal.poolPrice : deal.poolPrice / 10;
        uint256 pot = price - (price * SCHEDULER_SHARE) / 10_000;
        // Who names attesters may choose among draws: nothing is to be won by that.
        bool isPlain = Restriction.unwrap(deal.attesters) == 0;
        uint256 owed = isPlain ? price : 0;
        uint256 shares = 0;
        uint256 matching = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            Expected storage seat = expected[seals[i].by.seatOf()];
            if (_isRight(id, seals[i], result)) {
                shares += _share(seat.score);
                ++matching;
            } else {
                uint256 paid = Math.min(owed, seat.stake);
                seat.stake -= paid;
                owed -= paid;
                pot += paid;
                seat.score -= Math.ceilDiv(seat.score, 3);
            }
        }
        for (uint256 i = 0; i < seals.length; ++i) {
            if (!_isRight(id, seals[i], result)) continue;
            Expected storage seat = expected[seals[i].by.seatOf()];
            seat.earned += (pot * _share(seat.score)) / shares;
            if (isPlain && matching > 1 && price >= HANSE / 1_000) ++seat.score;
        }
    }

    function _share(uint256 score) private pure returns (uint256) {
        return Math.log2(Math.min(Math.max(score / 3, 3) - 1, 16));
    }

    function _isRight(TaskId id, Committed memory committed, Result memory result) private pure returns (bool) {
        return committed.seal == sealOf(committed.by.workerOf(), id, committed.by.roundOf(), result);
    }
}
