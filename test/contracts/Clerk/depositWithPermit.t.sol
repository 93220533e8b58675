// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// depositWithPermit
///   given nothing                                        it should revert
///   given a permit of another, an expired or a spent one it should revert, unless the approval is there
///   given a permit that somebody handed in before        it should deposit all the same
///   given somebody else's permit                         it should move nothing of theirs
///   otherwise                                            it should deposit, and leave no approval
contract DepositWithPermitTest is MarketTest {
    uint64 private constant AMOUNT = 5_000;
    uint256 private deadline;

    function setUp() public override {
        super.setUp();
        vm.prank(treasury);
        token.transfer(stranger, AMOUNT);
        deadline = block.timestamp + 1 hours;
    }

    function _refused(uint64 amount, uint256 until, uint8 v, bytes32 r, bytes32 s) private {
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(clerk), 0, amount)
        );
        vm.prank(stranger);
        clerk.depositWithPermit(amount, until, v, r, s);
    }

    function test_refusesNothing() external {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(STRANGER_KEY, stranger, 0, deadline);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkAmountInvalid.selector, 0));
        vm.prank(stranger);
        clerk.depositWithPermit(0, deadline, v, r, s);
    }

    function testFuzz_refusesAnothersSignature(uint64 key, uint8 v, bytes32 r, bytes32 s) external {
        key = uint64(bound(key, 1, type(uint64).max));
        vm.assume(key != STRANGER_KEY);
        _refused(AMOUNT, deadline, v, r, s);
        (v, r, s) = signPermit(key, stranger, AMOUNT, deadline);
        _refused(AMOUNT, deadline, v, r, s);
    }

    function testFuzz_refusesAnExpired(uint32 late) external {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(STRANGER_KEY, stranger, AMOUNT, deadline);
        vm.warp(deadline + 1 + late);
        _refused(AMOUNT, deadline, v, r, s);
    }

    function test_refusesASpentOne() external {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(STRANGER_KEY, stranger, 2_000, deadline);
        vm.prank(stranger);
        clerk.depositWithPermit(2_000, deadline, v, r, s);
        _refused(2_000, deadline, v, r, s);
    }

    function test_isNotHarmedByWhoHandsItInBefore() external {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(STRANGER_KEY, stranger, AMOUNT, deadline);
        vm.prank(broker);
        token.permit(stranger, address(clerk), AMOUNT, deadline, v, r, s);
        vm.prank(stranger);
        clerk.depositWithPermit(AMOUNT, deadline, v, r, s);
        assertEq(free(stranger), AMOUNT, "deposited");
    }

    function test_movesNothingOfWhoseItIs() external {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(STRANGER_KEY, stranger, AMOUNT, deadline);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(clerk), 0, AMOUNT)
        );
        vm.prank(broker);
        clerk.depositWithPermit(AMOUNT, deadline, v, r, s);
        assertEq(token.balanceOf(stranger), AMOUNT, "untouched");
    }

    function test_takesAnApprovalWhereThePermitIsBad() external {
        vm.startPrank(stranger);
        token.approve(address(clerk), AMOUNT);
        clerk.depositWithPermit(AMOUNT, 0, 27, 0, 0);
        assertEq(free(stranger), AMOUNT, "what counts is the approval");
    }

    function testFuzz_deposits(uint64 amount) external {
        amount = uint64(bound(amount, 1, AMOUNT));
        (uint8 v, bytes32 r, bytes32 s) = signPermit(STRANGER_KEY, stranger, amount, deadline);
        vm.expectEmit(address(clerk));
        emit IClerk.Deposited(stranger, stranger, amount);
        vm.prank(stranger);
        clerk.depositWithPermit(amount, deadline, v, r, s);
        assertEq(free(stranger), amount, "credited");
        assertEq(token.balanceOf(stranger), AMOUNT - amount, "moved");
        assertEq(token.allowance(stranger, address(clerk)), 0, "no approval is left");
    }
}
