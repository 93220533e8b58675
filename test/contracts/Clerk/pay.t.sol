// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Entry, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// pay
///   given more than is free, in one entry or all together   it should revert, and pay nobody
///   given locked money                                      it should not touch it
///   given the caller itself                                 it should leave the account as it was
///   otherwise                                               it should move the money from the caller to each
contract PayTest is MarketTest {
    function _pay(address from, Entry[] memory credits) private {
        vm.prank(from);
        clerk.pay(credits);
    }

    function testFuzz_refusesMoreThanIsFree(uint64 first, uint64 second) external {
        first = uint64(bound(first, 0, FUNDS));
        second = uint64(bound(second, FUNDS - first + 1, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, requester, FUNDS - first, second));
        _pay(requester, two(appOwner, first, stranger, second));
        assertEq(uint256(free(appOwner)) + free(stranger), 0, "all or nothing");
    }

    function testFuzz_refusesASumThatWrapsAround(uint64 amount) external {
        amount = uint64(bound(amount, 1, FUNDS));
        vm.expectRevert();
        _pay(requester, two(stranger, type(uint64).max, stranger, amount));
    }

    function test_refusesLockedMoney() external {
        sealOne(batchOf());
        uint64 has = free(requester);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, requester, has, has + 1));
        _pay(requester, one(stranger, has + 1));
        _pay(requester, one(stranger, has));
        assertEq(locked(requester), FUNDS - has, "locked is as it was");
    }

    function test_refusesWhoHasNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, broker, 0, 1));
        _pay(broker, one(requester, 1));
    }

    function testFuzz_pays(uint64 first, uint64 second) external {
        first = uint64(bound(first, 0, FUNDS));
        second = uint64(bound(second, 0, FUNDS - first));
        vm.expectEmit(address(clerk));
        emit IClerk.Paid(requester, appOwner, first);
        vm.expectEmit(address(clerk));
        emit IClerk.Paid(requester, stranger, second);
        _pay(requester, two(appOwner, first, stranger, second));
        assertEq(free(appOwner), first, "one");
        assertEq(free(stranger), second, "the other");
        assertEq(free(requester), FUNDS - first - second, "from the caller");
    }

    function testFuzz_paysOneselfNothing(uint64 first, uint64 second) external {
        first = uint64(bound(first, 0, FUNDS));
        second = uint64(bound(second, 0, FUNDS));
        _pay(requester, two(requester, first, requester, second));
        assertEq(free(requester), FUNDS, "nothing is made or lost");
    }

    function test_paysNobody() external {
        _pay(broker, none());
    }
}
