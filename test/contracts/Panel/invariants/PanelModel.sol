// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Seat} from "../../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {PanelTest} from "../support/PanelTest.sol";

/// What the rules make of the open pool's seats, worked out beside the certifier and more slowly.
abstract contract PanelModel is PanelTest {
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

    function checkSeat(uint256 number) internal view {
        Seat memory seat = seatOf(number);
        if (seat.worker == address(0)) return;
        equal(seat.stake, expected[number].stake, "law 5: stakes fall by fines and by what is owed");
        equal(seat.score, expected[number].score, "law 6: scores change by the rule");
        equal(seat.earned, expected[number].earned, "law 7: rewards are shared by the rule");
    }

    function _committed(Committed[] memory seals, uint32 seat) private pure returns (bool) {
        for (uint256 i = 0; i < seals.length; ++i) {
            if (seals[i].by.seatOf() == seat) return true;
        }
        return false;
    }
}
