// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Committer} from "../../interfaces/IPanel.sol";
import {IPoco, Result} from "../../interfaces/IPoco.sol";
import {Confidence} from "../../libraries/Confidence.sol";
import {OrderHash} from "../../libraries/OrderHash.sol";
import {Keccak} from "../../libraries/Keccak.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, TaskId} from "../../types/Ids.sol";
import {Drawing} from "../panel/Draws.sol";
import {Panel} from "../panel/Panel.sol";
import {Progress} from "../panel/Progress.sol";
import {SeatRecord} from "../panel/SeatRecord.sol";
import {SeatBook} from "../panel/Seats.sol";

/// @notice What the committed seals say about a result.
struct Tally {
    /// Bit i: the i-th seal matches it.
    uint256 right;
    /// Of the seats that committed, in the order of their seals.
    SeatRecord[] records;
    uint256 matching;
    /// Products of the weights of the seals that match and of the others.
    uint256 group;
    uint256 hostile;
    /// Sum of the reward shares of the seals that match.
    uint256 shares;
}

/// @title Tallies
/// @notice What the seals of a task say, and whether it is enough.
abstract contract Tallies is IPoco, Panel {
    function _tally(
        AssetId poolId,
        TaskId id,
        Progress memory closed,
        Committed[] calldata seals,
        bytes32 resultHash
    ) internal view returns (Tally memory tally) {
        mapping(uint256 number => SeatBook) storage seats = _seats[poolId];
        tally.records = new SeatRecord[](seals.length);
        bytes32 given = 0;
        uint256 round = 0;
        bytes32 digest;
        // Only counts of seals, and sums of shares of at most 4.
        unchecked {
            for (uint256 i = 0; i < seals.length; ++i) {
                (Committer by, bytes32 seal) = (seals[i].by, seals[i].seal);
                if (by.roundOf() != round) {
                    round = by.roundOf();
                    digest = Keccak.ofWords(bytes32(round), TaskId.unwrap(id), resultHash);
                }
                bytes32 matching = Keccak.ofWords(bytes32(uint256(uint160(by.workerOf()))), digest);
                // Nothing hashes to zero: that is no seal, but stands for one.
                if (seal == 0) seal = matching;
                given = _chain(given, by, seal);
                SeatRecord record = seats[by.seatOf()].record;
                tally.records[i] = record;
                uint256 weight = Confidence.weight(record.score());
                if (seal == matching) {
                    tally.right |= 1 << i;
                    ++tally.matching;
                    tally.group = Confidence.times(tally.group, weight);
                    tally.shares += Confidence.share(weight);
                } else {
                    tally.hostile = Confidence.times(tally.hostile, weight);
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
        Tally memory tally
    ) internal pure {
        uint256 drawn = closed.drawn;
        if (closed.drawnInRound == 0) {
            // Nobody committed in the last round. Where its seed was lost too, as many were drawn as could be.
            drawn = drawing.known ? drawing.count : _placesAfter(closed.round, deal.trust);
        }
        require(
            tally.matching * 3 >= drawn * 2 && Confidence.reached(tally.group, tally.hostile, deal.trust),
            PocoNotReached(id, tally.matching, drawn, tally.group, tally.hostile)
        );
    }

    function _hashOf(Result calldata result) internal pure returns (bytes32) {
        return
            Keccak.ofWords(
                bytes32(uint256(result.outcome)),
                result.content,
                result.memoryHash,
                OrderHash.hash(result.callbackData)
            );
    }
}
