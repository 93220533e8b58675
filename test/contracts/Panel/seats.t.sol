// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {IPanel, Seat} from "../../../contracts/interfaces/IPanel.sol";
import {AssetId} from "../../../contracts/types/Ids.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// enrol, leave, release
// ├── enrol in a pool that is not open, or closed: refused
// ├── enrol without money or without allowance: refused
// ├── enrol twice: refused
// ├── enrol: the stake is bonded, the seat is the next number, or a released one
// ├── leave another's seat, or twice: refused
// ├── leave: the stake stays
// ├── release a seat that is free, taken, or unbonding: refused
// └── release: the stake is free, the number is given out again, the score goes on
contract SeatsTest is PocoTest {
    uint256 private constant UNBONDING = 120_960;

    function test_refusesAPoolThatIsNotOpen() external {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelPoolNotOpen.selector, app));
        poco.enrol(app);
    }

    function test_refusesSeatsInAClosedPool() external {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelPoolClosed.selector, closedPool));
        poco.enrol(closedPool);
    }

    function test_refusesWhoCannotStake() external {
        vm.startPrank(STRANGER);
        vm.expectRevert(
            abi.encodeWithSelector(
                IClerk.ClerkAllowanceTooLow.selector,
                STRANGER,
                address(poco),
                uint64(0),
                uint256(SEAT_STAKE)
            )
        );
        poco.enrol(pool);
        clerk.allowCertifier(address(poco), SEAT_STAKE);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, STRANGER, uint64(0), uint256(SEAT_STAKE))
        );
        poco.enrol(pool);
    }

    function test_refusesASecondSeat() external {
        enrolOne(0);
        enrolOne(1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelAlreadySeated.selector, pool, worker(1), uint32(1)));
        vm.prank(worker(1));
        poco.enrol(pool);
    }

    function test_bondsTheStake() external {
        uint32 number = enrolOne(0);
        Seat memory seat = seatOf(number);
        equal(seat.worker, worker(0), "worker");
        equal(seat.enrolledAt, FIRST_BLOCK, "enrolled at");
        equal(seat.stake, SEAT_STAKE, "stake");
        equal(bondedOf(worker(0)), SEAT_STAKE, "bonded");
        equal(freeOf(worker(0)), 0, "free");
        equal(poco.pool(pool).liveSeats, 1, "live seats");
    }

    function test_leaveRefusesOthers() external {
        uint32 number = enrolOne(0);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNotTheWorker.selector, pool, number, worker(0), STRANGER));
        vm.prank(STRANGER);
        poco.leave(pool, number);
    }

    function test_leaveRefusesTheSecondTime() external {
        uint32 number = enrolOne(0);
        vm.startPrank(worker(0));
        poco.leave(pool, number);
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelSeatAlreadyLeft.selector, pool, number, uint40(FIRST_BLOCK))
        );
        poco.leave(pool, number);
    }

    function test_leaveKeepsTheStake() external {
        uint32 number = enrolOne(0);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.SeatLeft(pool, number, worker(0));
        vm.prank(worker(0));
        poco.leave(pool, number);
        equal(bondedOf(worker(0)), SEAT_STAKE, "bonded");
        equal(poco.pool(pool).liveSeats, 0, "live seats");
        equal(seatOf(number).leftAt, FIRST_BLOCK, "left at");
    }

    function test_leavingAllowsAnotherSeat() external {
        uint32 number = enrolOne(0);
        vm.prank(worker(0));
        poco.leave(pool, number);
        equal(enrolOne(0), 1, "another number");
        equal(bondedOf(worker(0)), 2 * uint256(SEAT_STAKE), "both stakes");
    }

    function test_releaseRefusesATakenOrFreeSeat() external {
        uint32 number = enrolOne(0);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatNotLeft.selector, pool, number));
        poco.release(pool, number);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatNotLeft.selector, pool, uint32(7)));
        poco.release(pool, 7);
    }

    function test_releaseRefusesBeforeTheTime() external {
        uint32 number = enrolOne(0);
        vm.prank(worker(0));
        poco.leave(pool, number);
        advance(UNBONDING);
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelSeatUnbonding.selector, pool, number, FIRST_BLOCK + UNBONDING)
        );
        poco.release(pool, number);
    }

    function test_releaseFreesStakeAndNumber() external {
        uint32 number = enrolOne(0);
        enrolOne(1);
        vm.prank(worker(0));
        poco.leave(pool, number);
        advance(UNBONDING + 1);
        vm.prank(STRANGER);
        poco.release(pool, number);
        equal(freeOf(worker(0)), SEAT_STAKE, "free");
        equal(bondedOf(worker(0)), 0, "bonded");
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatNotLeft.selector, pool, number));
        poco.release(pool, number);
        equal(enrolOne(2), number, "given out again");
        equal(poco.pool(pool).seats, 2, "numbers ever given out");
        equal(seatOf(number).worker, worker(2), "worker");
        equal(seatOf(number).leftAt, 0, "not left");
    }

    function test_theScoreGoesOnInTheNextSeat() external {
        uint32 number = enrolOne(0);
        poolScore(number, 40);
        _leaveAndRelease(0, number);
        number = enrolOne(0);
        equal(seatOf(number).score, 40, "goes on");
        // And is not doubled: a second seat taken before the first is released starts from zero.
        vm.prank(worker(0));
        poco.leave(pool, number);
        equal(seatOf(enrolOne(0)).score, 0, "from zero");
    }

    function test_aLaterSeatDoesNotLowerAParkedScore() external {
        uint32 first = enrolOne(0);
        advance(1);
        poolScore(first, 40);
        vm.prank(worker(0));
        panel.leave(pool, first);
        uint32 second = enrolOne(0);
        vm.prank(worker(0));
        panel.leave(pool, second);
        advance(120_961);
        panel.release(pool, first);
        panel.release(pool, second);
        equal(seatOf(enrolOne(0)).score, 40, "the better one");
    }

    function test_nobodyGetsAnothersScore() external {
        uint32 number = enrolOne(0);
        poolScore(number, 40);
        _leaveAndRelease(0, number);
        equal(enrolOne(1), number, "the same number");
        equal(seatOf(number).score, 0, "another worker");
    }

    function _leaveAndRelease(uint256 who, uint32 number) private {
        vm.prank(worker(who));
        poco.leave(pool, number);
        advance(UNBONDING + 1);
        poco.release(pool, number);
    }
}
