// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPanel} from "../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// collect, and release of what was earned
// ├── when none of the seats has earned anything: refused
// ├── anyone: each worker is paid what its seat has earned, once, and nobody else's
// ├── a seat named twice is paid once
// ├── what is left goes to the worker when its seat is released
// └── a second worker of the same number gets nothing of it
contract CollectTest is PocoTest {
    uint32[] private _drawn;

    function setUp() public override {
        super.setUp();
        enrol(0, 5);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        poco.finalize(deal, 0, commitAll(deal, 1, drawn, success()), success());
        _drawn = drawn;
    }

    function test_refusesNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToCollect.selector, pool));
        poco.collect(pool, new uint32[](0));
        uint32 other = 0;
        while (contains(_drawn, other)) ++other;
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToCollect.selector, pool));
        poco.collect(pool, seatNumbers(other));
        poco.collect(pool, seatNumbers(_drawn[0]));
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToCollect.selector, pool));
        poco.collect(pool, seatNumbers(_drawn[0]));
        // Of another pool, and a number never given out.
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToCollect.selector, closedPool));
        poco.collect(closedPool, _drawn);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToCollect.selector, pool));
        poco.collect(pool, seatNumbers(99));
    }

    function test_anyonePaysTheWorkers() external {
        equal(freeOf(address(poco)), 9 * HANSE, "the certifier holds it");
        uint32[] memory numbers = firstOf(_drawn, 2);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.EarningsCollected(pool, numbers[0], workerOf(numbers[0]), (9 * HANSE) / 4);
        vm.prank(STRANGER);
        poco.collect(pool, numbers);
        for (uint256 i = 0; i < 4; ++i) {
            equal(freeOf(workerOf(_drawn[i])), i < 2 ? (9 * HANSE) / 4 : 0, "worker");
            equal(earnedBy(_drawn[i]), i < 2 ? 0 : (9 * HANSE) / 4, "seat");
        }
        equal(freeOf(address(poco)), (9 * HANSE) / 2, "the certifier holds the others'");
        equal(seatOf(_drawn[0]).score, 1, "the score stays");
        equal(seatOf(_drawn[0]).stake, SEAT_STAKE, "so does the stake");
    }

    function test_aSeatNamedTwiceIsPaidOnce() external {
        uint32[] memory twice = new uint32[](2);
        (twice[0], twice[1]) = (_drawn[1], _drawn[1]);
        poco.collect(pool, twice);
        equal(freeOf(workerOf(_drawn[1])), (9 * HANSE) / 4, "once");
    }

    function test_releasePaysWhatIsLeft() external {
        uint32 number = _drawn[0];
        address leaver = workerOf(number);
        vm.prank(leaver);
        poco.leave(pool, number);
        advance(120_961);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.EarningsCollected(pool, number, leaver, (9 * HANSE) / 4);
        poco.release(pool, number);
        equal(freeOf(leaver), SEAT_STAKE + (9 * HANSE) / 4, "stake and earnings");
        equal(enrolOne(9), number, "given out again");
        equal(earnedBy(number), 0, "nothing for the next worker");
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToCollect.selector, pool));
        poco.collect(pool, seatNumbers(number));
    }
}
