// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Committer} from "../../interfaces/IPoco.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {Keccak} from "../../libraries/Keccak.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, TaskId} from "../../types/Ids.sol";
import {Drawing} from "./Draws.sol";
import {Progress} from "./Progress.sol";
import {Rounds} from "./Rounds.sol";
import {SeatBook} from "./Seats.sol";
import {Standing} from "./Standing.sol";

/// @notice What the committed seals say about a result.
struct Verdict {
    /// Bit i: the i-th seal matches it.
    uint256 right;
    /// Of the seats that committed, in the order of their seals.
    Standing[] standings;
    uint256 matching;
    /// Products of the weights of the seals that match and of the others.
    uint256 group;
    uint256 hostile;
    /// Sum of the reward shares of the seals that match.
    uint256 shares;
}

/// @title Verdicts
/// @notice What the seals of a task say, and whether it is enough.
abstract contract Verdicts is Rounds {
    function _checkSeals(TaskId id, Progress memory ended, Committed[] calldata seals) internal pure {
        bytes32 given = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            given = _chain(given, seals[i].by, seals[i].seal);
        }
        _checkChain(id, ended, given);
    }

    function _checkChain(TaskId id, Progress memory ended, bytes32 given) private pure {
        require(given == ended.seals, PocoSealsDiffer(id, bytes19(ended.seals), bytes19(given)));
    }

    function _judge(
        AssetId poolId,
        TaskId id,
        Progress memory closed,
        Committed[] calldata seals,
        bytes32 resultHash
    ) internal view returns (Verdict memory verdict) {
        mapping(uint256 number => SeatBook) storage seats = _seats[poolId];
        verdict.standings = new Standing[](seals.length);
        bytes32 given = 0;
        uint256 round = 0;
        bytes32 digest;
        // Only counts of seals, and sums of shares of at most 4.
        unchecked {
            for (uint256 i = 0; i < seals.length; ++i) {
                (Committer by, bytes32 seal) = (seals[i].by, seals[i].seal);
                given = _chain(given, by, seal);
                if (by.roundOf() != round) {
                    round = by.roundOf();
                    digest = Keccak.ofWords(bytes32(round), TaskId.unwrap(id), resultHash);
                }
                Standing standing = seats[by.seatOf()].standing;
                verdict.standings[i] = standing;
                uint256 weight = Confidence.weight(standing.score());
                if (seal == Keccak.ofWords(bytes32(uint256(uint160(by.workerOf()))), digest)) {
                    verdict.right |= 1 << i;
                    ++verdict.matching;
                    verdict.group = Confidence.times(verdict.group, weight);
                    verdict.shares += Confidence.share(weight);
                } else {
                    verdict.hostile = Confidence.times(verdict.hostile, weight);
                }
            }
        }
        _checkChain(id, closed, given);
    }

    function _checkReached(
        Deal calldata deal,
        TaskId id,
        Progress memory closed,
        Drawing memory drawing,
        Verdict memory verdict
    ) internal pure {
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
    function _placesMissed(
        Progress memory late,
        Drawing memory drawing,
        uint256 committed
    ) internal pure returns (bool) {
        if (late.drawnInRound != 0) return committed < late.drawn;
        return !drawing.known || committed < drawing.count;
    }
}
