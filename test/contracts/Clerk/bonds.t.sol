// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Bond, Entry, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {OpenCertifier} from "../support/OpenCertifier.sol";
import {vm} from "../support/Vm.sol";

/// allowCertifier                            it should set the allowance, and when lowered release nothing
/// bond
///   given more than the allowance, in all   it should revert
///   given an allowance for another          it should revert
///   given more than is free                 it should revert
///   otherwise                               it should lock
/// unbond
///   given more than is bonded               it should revert
///   given another certifier's bond          it should revert
///   otherwise                               it should set free
/// slash
///   given more than is bonded               it should revert
///   given another certifier's bond          it should revert
///   given credits that differ               it should revert
///   otherwise                               it should move the bond to whom the certifier says
contract BondsTest is MarketTest {
    OpenCertifier private other;

    function setUp() public override {
        super.setUp();
        other = newCertifier();
        fund(stranger, 1_000);
    }

    function _allow(uint64 amount) private {
        vm.prank(stranger);
        clerk.allowCertifier(address(certifier), amount);
    }

    function testFuzz_allow(uint64 amount) external {
        vm.expectEmit(address(clerk));
        emit IClerk.CertifierAllowed(stranger, address(certifier), amount);
        _allow(amount);
        assertEq(clerk.bondOf(stranger, address(certifier)).allowance, amount, "allowance");
        assertEq(clerk.bondOf(stranger, address(other)).allowance, 0, "nobody else's");
    }

    function testFuzz_loweringReleasesNothing(uint64 lower) external {
        lower = uint64(bound(lower, 0, 599));
        bond(certifier, stranger, 600);
        _allow(lower);
        Bond memory held = clerk.bondOf(stranger, address(certifier));
        assertEq(held.bonded, 600, "still held");
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkAllowanceTooLow.selector, stranger, address(certifier), lower, 601)
        );
        certifier.bond(stranger, 1);
        certifier.unbond(stranger, 600);
        assertEq(locked(stranger), 0, "and can be given back");
    }

    function testFuzz_bondRefusesBeyondTheAllowance(uint64 allowance, uint64 first, uint64 second) external {
        allowance = uint64(bound(allowance, 0, 1_000));
        first = uint64(bound(first, 0, allowance));
        second = uint64(bound(second, allowance - first + 1, type(uint64).max));
        _allow(allowance);
        certifier.bond(stranger, first);
        vm.expectRevert(
            abi.encodeWithSelector(
                IClerk.ClerkAllowanceTooLow.selector,
                stranger,
                address(certifier),
                allowance,
                uint256(first) + second
            )
        );
        certifier.bond(stranger, second);
    }

    function test_bondRefusesAnothersAllowance() external {
        _allow(1_000);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkAllowanceTooLow.selector, stranger, address(other), 0, 1));
        other.bond(stranger, 1);
    }

    function testFuzz_bondRefusesMoreThanIsFree(uint64 amount) external {
        amount = uint64(bound(amount, 1_001, type(uint64).max));
        _allow(type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, stranger, 1_000, amount));
        certifier.bond(stranger, amount);
    }

    function testFuzz_bond(uint64 amount) external {
        amount = uint64(bound(amount, 0, 1_000));
        _allow(amount);
        vm.expectEmit(address(clerk));
        emit IClerk.Bonded(stranger, address(certifier), amount);
        certifier.bond(stranger, amount);
        assertEq(locked(stranger), amount, "locked");
        assertEq(free(stranger), 1_000 - amount, "not free");
        assertEq(clerk.bondOf(stranger, address(certifier)).bonded, amount, "bonded");
    }

    function testFuzz_unbondRefusesBeyondTheBond(uint64 bonded, uint64 amount) external {
        bonded = uint64(bound(bonded, 0, 1_000));
        amount = uint64(bound(amount, bonded + 1, type(uint64).max));
        _allow(bonded);
        certifier.bond(stranger, bonded);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, stranger, address(certifier), bonded, amount)
        );
        certifier.unbond(stranger, amount);
    }

    function test_unbondRefusesAnothersBond() external {
        bond(certifier, stranger, 10);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, stranger, address(other), 0, 1));
        other.unbond(stranger, 1);
    }

    function testFuzz_unbond(uint64 amount) external {
        amount = uint64(bound(amount, 0, 600));
        bond(certifier, stranger, 600);
        vm.expectEmit(address(clerk));
        emit IClerk.Unbonded(stranger, address(certifier), amount);
        certifier.unbond(stranger, amount);
        assertEq(locked(stranger), 600 - amount, "the rest is locked");
        assertEq(free(stranger), 1_000 + amount, "free again");
    }

    function test_slashRefusesBeyondTheBond() external {
        bond(certifier, stranger, 10);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, stranger, address(certifier), 4, 5));
        certifier.slash(two(stranger, 6, stranger, 5), one(requester, 11));
    }

    function test_slashRefusesAnothersBond() external {
        bond(certifier, stranger, 10);
        bond(other, requester, 10);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, stranger, address(other), 0, 1));
        other.slash(one(stranger, 1), one(requester, 1));
    }

    function testFuzz_slashRefusesWhatDoesNotBalance(uint64 seized, uint64 credited) external {
        seized = uint64(bound(seized, 0, 600));
        credited = uint64(bound(credited, 0, 1_200));
        vm.assume(seized != credited);
        bond(certifier, stranger, 600);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkUnbalanced.selector, seized, credited));
        certifier.slash(one(stranger, seized), one(requester, credited));
    }

    function testFuzz_slash(uint64 seized, uint64 half) external {
        seized = uint64(bound(seized, 0, 600));
        half = uint64(bound(half, 0, seized));
        bond(certifier, stranger, 600);
        certifier.slash(one(stranger, seized), two(requester, half, appOwner, seized - half));
        assertEq(locked(stranger), 600 - seized, "the rest is locked");
        assertEq(clerk.bondOf(stranger, address(certifier)).bonded, 600 - seized, "the rest is bonded");
        assertEq(free(requester), FUNDS + half, "one is credited");
        assertEq(free(appOwner), seized - half, "and the other");
    }
}
