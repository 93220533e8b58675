// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// withdraw
///   given nothing                   it should revert
///   given more than is free         it should revert, whatever is locked
///   otherwise                       it should move the tokens to the caller's wallet
contract WithdrawTest is MarketTest {
    function test_refusesNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkAmountInvalid.selector, 0));
        vm.prank(requester);
        clerk.withdraw(0);
    }

    function testFuzz_refusesMoreThanIsFree(uint64 amount) external {
        sealOne(batchOf());
        uint64 has = free(requester);
        amount = uint64(bound(amount, has + 1, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, requester, has, amount));
        vm.prank(requester);
        clerk.withdraw(amount);
    }

    function testFuzz_withdraw(uint64 amount) external {
        amount = uint64(bound(amount, 1, FUNDS));
        vm.expectEmit(address(clerk));
        emit IClerk.Withdrawn(requester, requester, amount);
        vm.prank(requester);
        clerk.withdraw(amount);
        assertEq(token.balanceOf(requester), amount, "in the wallet");
        assertEq(free(requester), FUNDS - amount, "off the account");
    }
}
