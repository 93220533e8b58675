// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, TaskStatus} from "../../interfaces/IPanel.sol";
import {ResultCallback} from "../../libraries/ResultCallback.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, TaskId, toUnitId} from "../../types/Ids.sol";
import {CONVICTED_ENTRY, Drawing} from "./Draws.sol";
import {FINE_PERCENT, SHARE_UNIT} from "./Parameters.sol";
import {PanelFrozen} from "./PanelFrozen.sol";
import {Payout, Payouts} from "./Payout.sol";
import {Progress, TaskWord} from "./Progress.sol";
import {Rounds} from "./Rounds.sol";

/// @title Endings
/// @notice What every end of a task has in common. Each is one call of `Clerk.settle`.
abstract contract Endings is Rounds {
    using PanelFrozen for bytes32;
    using Payouts for Payout;

    /// @dev Owners of pool, app and dataset, the payer, the treasury and this certifier.
    uint256 internal constant OTHER_CREDITS = 6;

    function _checkSeals(TaskId id, Progress memory ended, Committed[] calldata seals) internal pure {
        bytes32 given = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            given = _chain(given, seals[i].by, seals[i].seal);
        }
        _checkChain(id, ended, given);
    }

    function _checkChain(TaskId id, Progress memory ended, bytes32 given) internal pure {
        require(given == ended.seals, PanelSealsDiffer(id, bytes19(ended.seals), bytes19(given)));
    }

    /// @dev Fines who was drawn and did not commit, as far as it is known who was.
    /// @return fines All of them.
    /// @return felt Those of seats that had not lost their stake anyway.
    function _fineAbsent(
        AssetId poolId,
        TaskId id,
        Progress memory ended,
        Drawing memory drawing,
        Payout memory payout
    ) internal returns (uint64 fines, uint64 felt) {
        for (uint256 i = 0; i < drawing.count; ++i) {
            if (ended.places & (1 << i) != 0) continue;
            uint256 entry = drawing.seats[i];
            // Seat numbers are 32 bits.
            uint64 fine = _fineOne(poolId, id, uint32(entry), payout);
            fines += fine;
            if (entry & CONVICTED_ENTRY == 0) felt += fine;
        }
    }

    function _fineOne(AssetId poolId, TaskId id, uint32 number, Payout memory payout) internal returns (uint64 fine) {
        address worker;
        (worker, fine) = _fine(poolId, number, FINE_PERCENT);
        payout.seize(worker, fine);
        emit PlaceMissed(id, worker, fine);
    }

    /// @dev Pays the owners of app and dataset.
    function _payOwners(Deal calldata deal, Payout memory payout) internal pure {
        payout.credit(deal.appOwner, deal.appPrice);
        payout.credit(deal.datasetOwner, deal.datasetPrice);
    }

    /// @dev The scheduler's part of what the pool is paid: at most all, since no pool has a share above the whole.
    function _cutOf(Deal calldata deal, uint64 price) internal pure returns (uint64) {
        return uint64((uint256(price) * deal.frozen.schedulerShare()) / SHARE_UNIT);
    }

    /// @dev The only place where a task gets another status, and where its money moves.
    function _close(Deal calldata deal, TaskId id, TaskStatus status, Payout memory payout) internal {
        // Effect
        _tasks[id] = TaskWord.wrap(TaskWord.unwrap(_tasks[id]) | uint256(status));
        // Interaction
        payout.settle(CLERK, deal);
    }

    /// @dev Comes last, when nothing is left to be disturbed.
    function _tell(Deal calldata deal, uint32 index, TaskId id, bytes memory result) internal {
        if (deal.callback == address(0)) return;
        bool success = ResultCallback.run(deal.callback, toUnitId(deal.requestId, index), result);
        emit CallbackRun(id, deal.callback, success);
    }
}
