// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Committed, IPanel, Seat} from "../../../../contracts/interfaces/IPanel.sol";
import {Result} from "../../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {TaskId} from "../../../../contracts/types/Ids.sol";
import {PocoTest} from "./PocoTest.sol";

/// What Poco's rules make of the open pool's seats, worked out beside it and more slowly.
abstract contract PocoModel is PocoTest {
    struct Expected {
        uint256 stake;
        uint256 score;
        uint256 earned;
    }

    mapping(uint256 seat => Expected) internal expected;

    /// A seat that was just taken.
    function modelTaken(uint32 seat) internal {
        Seat memory taken = seatOf(seat);
        expected[seat] = Expected({stake: SEAT_STAKE, score: taken.score, earned: 0});
    }

    function modelPaid(uint32 seat) internal {
        expected[seat].earned = 0;
    }

    /// Who was drawn and did not commit, as far as it can be told now.
    function absentOf(
        Deal memory deal,
        uint32 index,
        Committed[] memory seals
    ) internal view returns (uint32[] memory absent) {
        uint8 rounds = panel.task(idOf(deal, index)).round;
        if (rounds == 0) rounds = 1;
        uint32[] memory drawn;
        for (; rounds != 0; --rounds) {
            try panel.drawnSeats(deal, index, rounds) returns (uint32[] memory known) {
                drawn = known;
                break;
            } catch {}
        }
        absent = new uint32[](drawn.length);
        uint256 count = 0;
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (!_committed(seals, drawn[i])) absent[count++] = drawn[i];
        }
        assembly ("memory-safe") {
            mstore(absent, count)
        }
    }

    /// Fines, of all and of those who had something to lose.
    function modelAbsent(
        uint32[] memory absent,
        bool[] memory convicted
    ) internal returns (uint256 fines, uint256 felt) {
        for (uint256 i = 0; i < absent.length; ++i) {
            uint256 fine = expected[absent[i]].stake / 20;
            expected[absent[i]].stake -= fine;
            fines += fine;
            if (!convicted[i]) felt += fine;
        }
    }

    function convictedOf(uint32[] memory seats) internal view returns (bool[] memory convicted) {
        convicted = new bool[](seats.length);
        for (uint256 i = 0; i < seats.length; ++i) {
            convicted[i] = seatOf(seats[i]).convicted;
        }
    }

    /// Conviction, rewards and scores of a task that was certified.
    function modelFinalized(Deal memory deal, TaskId id, Committed[] memory seals, Result memory result) internal {
        uint256 price = result.outcome == 0 ? deal.poolPrice : deal.poolPrice / 10;
        uint256 pot = price - (price * SCHEDULER_SHARE) / 10_000;
        uint256 owed = price;
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
            if (matching > 1 && price >= HANSE / 1_000) ++seat.score;
        }
    }

    function checkSeat(uint256 number) internal view {
        Seat memory seat = seatOf(number);
        if (seat.worker == address(0)) return;
        equal(seat.stake, expected[number].stake, "law 5: stakes fall by fines and by what is owed");
        equal(seat.score, expected[number].score, "law 6: scores change by the rule");
        equal(seat.earned, expected[number].earned, "law 7: rewards are shared by log2 of the weights");
    }

    function _share(uint256 score) private pure returns (uint256) {
        return Math.log2(Math.min(Math.max(score / 3, 3) - 1, 16));
    }

    function _isRight(TaskId id, Committed memory committed, Result memory result) private pure returns (bool) {
        return committed.seal == sealOf(committed.by.workerOf(), id, committed.by.roundOf(), result);
    }

    function _committed(Committed[] memory seals, uint32 seat) private pure returns (bool) {
        for (uint256 i = 0; i < seals.length; ++i) {
            if (seals[i].by.seatOf() == seat) return true;
        }
        return false;
    }
}
