// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal} from "../../../contracts/types/Deals.sol";
import {Wish} from "../Panel/support/Market.sol";
import {vm} from "../support/Vm.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";

/// Somebody sees a deal it would like to be drawn for, and takes seats for it. Of ten seats, four are drawn.
contract LateEnrolmentAttack is PocoTest {
    function setUp() public override {
        super.setUp();
        enrol(0, 10);
    }

    /// @dev Forty seats taken in the block of the seal, in that of the seed and after it would be four fifths of fifty.
    /// Their share of the draw is nothing: seats count as of before the seal.
    function testFuzz_lateSeatsAreNeverDrawn(uint256 entropy) external {
        vm.roll(currentBlock);
        Deal memory deal = seal(aWish());
        for (uint256 i = 10; i < 50; ++i) {
            enrolOne(i);
            if (i == 20 || i == 30) advance(1);
        }
        advance(1 + (entropy % 40));
        uint32[] memory drawn = poco.drawnSeats(deal, 0, 1);
        equal(drawn.length, 4, "four");
        for (uint256 i = 0; i < 4; ++i) {
            isTrue(drawn[i] < 10, "seated before");
        }
        // In later rounds neither.
        advance(ROUND_BLOCKS + 20);
        poco.extend(deal, 0);
        advance(2);
        drawn = poco.drawnSeats(deal, 0, 2);
        for (uint256 i = 0; i < drawn.length; ++i) {
            isTrue(drawn[i] < 10, "seated before");
        }
    }

    /// @dev A drawn worker leaves when it sees its draw, and one that was not drawn leaves and comes back for a better
    /// number. Neither moves the draw: it is over the seats as they were.
    function testFuzz_leavingAndComingBackMovesNothing(uint256 who) external {
        Wish memory wish = aWish();
        Deal memory deal = seal(wish);
        advance(2);
        uint32[] memory before = poco.drawnSeats(deal, 0, 1);
        for (uint256 i = 0; i < 10; ++i) {
            if ((who >> i) & 1 == 0) continue;
            address mover = worker(i);
            vm.prank(mover);
            poco.leave(pool, uint32(i));
            clerk.depositFor(mover, SEAT_STAKE);
            vm.prank(mover);
            poco.enrol(pool);
        }
        advance(3);
        uint32[] memory afterwards = poco.drawnSeats(deal, 0, 1);
        equal(afterwards.length, before.length, "as many");
        for (uint256 i = 0; i < before.length; ++i) {
            equal(afterwards[i], before[i], "the same seats");
        }
    }
}
