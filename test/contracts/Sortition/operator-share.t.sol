// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Shuffle, Sortition} from "../../../contracts/libraries/Sortition.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Assertions} from "../Panel/support/Assertions.sol";

// How often all places of a first round go to a holder of 30 of 100 seats, against the exact chance:
// 30/100 · 29/99 · …, one factor for each place. `test/simulation` draws the same tasks, and a million more.
contract OperatorShareTest is Assertions {
    using Sortition for Shuffle;

    uint256 private constant SEATS = 100;
    uint256 private constant OPERATOR_SEATS = 30;
    uint256 private constant TASKS = 2_000;

    // 16 variances: the count may be 4 standard deviations off.
    uint256 private constant VARIANCES = 16;

    function test_allOf2Places() external view {
        _check({places: 2, expected: 173});
    }

    function test_allOf3Places() external view {
        _check({places: 3, expected: 57});
    }

    function test_allOf4Places() external view {
        _check({places: 4, expected: 14});
    }

    /// Whether all places of one task are the holder's, whose seats have the lowest numbers. Called from outside, so
    /// that each task's memory is given back.
    function ownsAll(uint256 places, uint256 task) external pure returns (bool) {
        Shuffle memory shuffle = Sortition.shuffle(SEATS);
        for (uint256 place = 0; place < places; ++place) {
            if (shuffle.draw(bytes32(task), TaskId.wrap(bytes32(places))) >= OPERATOR_SEATS) return false;
        }
        return true;
    }

    /// @param expected What the TypeScript twin counts; a test there compares.
    function _check(uint256 places, uint256 expected) private view {
        uint256 owned = 0;
        for (uint256 task = 0; task < TASKS; ++task) {
            if (this.ownsAll(places, task)) ++owned;
        }
        equal(owned, expected, "as the twin draws");

        // The chance is hits / all.
        (uint256 hits, uint256 all) = (1, 1);
        for (uint256 place = 0; place < places; ++place) {
            (hits, all) = (hits * (OPERATOR_SEATS - place), all * (SEATS - place));
        }
        // |owned − TASKS · p| squared, at most 16 · TASKS · p · (1 − p), both times all^2.
        (uint256 got, uint256 mean) = (owned * all, TASKS * hits);
        uint256 off = got > mean ? got - mean : mean - got;
        isTrue(off * off <= VARIANCES * TASKS * hits * (all - hits), "within 4 standard deviations");
    }
}
