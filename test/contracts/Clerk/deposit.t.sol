// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// deposit, depositFor
///   given nothing                     it should revert
///   given too small an allowance      it should revert
///   given too small a balance         it should revert
///   otherwise                         it should move the tokens and credit the account named, and no other
/// a plain transfer to the Clerk       it should credit nobody, and harm nobody
contract DepositTest is MarketTest {
    function test_refusesNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkAmountInvalid.selector, 0));
        clerk.deposit(0);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkAmountInvalid.selector, 0));
        clerk.depositFor(stranger, 0);
    }

    function testFuzz_refusesMoreThanAllowed(uint64 amount, uint64 allowed) external {
        amount = uint64(bound(amount, 1, type(uint64).max));
        allowed = uint64(bound(allowed, 0, amount - 1));
        vm.startPrank(treasury);
        token.approve(address(clerk), allowed);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(clerk), allowed, amount)
        );
        clerk.deposit(amount);
    }

    function testFuzz_refusesMoreThanOwned(uint64 amount) external {
        amount = uint64(bound(amount, 1, type(uint64).max));
        vm.startPrank(stranger);
        token.approve(address(clerk), amount);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, stranger, 0, amount));
        clerk.deposit(amount);
    }

    function testFuzz_depositFor(address owner, uint64 amount) external {
        amount = uint64(bound(amount, 1, token.balanceOf(treasury)));
        uint64 before = free(owner);
        uint256 held = token.balanceOf(clerk.TILL());
        vm.startPrank(treasury);
        token.approve(address(clerk), amount);
        vm.expectEmit(address(clerk));
        emit IClerk.Deposited(owner, treasury, amount);
        clerk.depositFor(owner, amount);
        assertEq(free(owner), before + amount, "credited");
        assertEq(token.balanceOf(clerk.TILL()), held + amount, "the tokens are in the till");
        assertEq(token.balanceOf(address(clerk)), 0, "and none is here");
        assertEq(free(treasury), owner == treasury ? before + amount : 0, "and not the payer's");
    }

    function testFuzz_deposit(uint64 amount) external {
        amount = uint64(bound(amount, 1, token.balanceOf(treasury)));
        vm.startPrank(treasury);
        token.approve(address(clerk), amount);
        vm.expectEmit(address(clerk));
        emit IClerk.Deposited(treasury, treasury, amount);
        clerk.deposit(amount);
        assertEq(free(treasury), amount, "credited");
        assertEq(locked(treasury), 0, "free");
    }

    function testFuzz_aDonationHarmsNobody(uint64 gift) external {
        gift = uint64(bound(gift, 1, token.balanceOf(treasury)));
        vm.prank(treasury);
        token.transfer(address(clerk), gift);
        assertEq(free(treasury), 0, "credited to nobody");
        assertEq(sealOne(batchOf()).volume, VOLUME, "trade goes on");
        setFree(requester, 0);
        assertEq(free(requester), 0, "and withdrawals");
    }
}
