// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {HubParameters, IHub, Shop, Standing} from "../../../contracts/interfaces/IHub.sol";
import {vm} from "../support/Vm.sol";
import {HubTest} from "./support/HubTest.sol";

/// addStake
///   given a caller that is not the owner               it should revert
///   given a shop that leaves or left                   it should revert
///   given more than is free                            it should revert
///   given an amount beyond 64 bits with what is there  it should revert
///   given a shop with too little stake                 it should lift the suspension once the stake is reached, not before
///   given a shop suspended by governance               it should lift nothing, but the lack of stake where both are so
///   given that less has to be staked by now            it should lift the suspension for nothing
contract AddStakeTest is HubTest {
    function setUp() public override {
        super.setUp();
        join(owner, CODE);
    }

    function _add(uint64 amount) private {
        vm.prank(owner);
        hub.addStake(CODE, amount);
    }

    function testFuzz_refusesOthers(address caller) external {
        vm.assume(caller != owner);
        vm.expectRevert(notTheOwner(CODE, caller));
        vm.prank(caller);
        hub.addStake(CODE, 1);
    }

    function testFuzz_refusesAShopThatLeavesOrLeft(bool left) external {
        Standing standing = left ? Standing.Left : Standing.Leaving;
        bringTo(standing);
        vm.expectRevert(wrongStanding(CODE, standing));
        _add(1);
    }

    function testFuzz_refusesMoreThanIsFree(uint64 amount) external {
        vm.prank(owner);
        clerk.allowCertifier(address(hub), type(uint64).max);
        amount = uint64(bound(amount, MONEY - LEAST + 1, type(uint64).max - LEAST));
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, owner, MONEY - LEAST, amount));
        _add(amount);
    }

    function testFuzz_refusesMoreThan64Bits(uint64 amount) external {
        amount = uint64(bound(amount, type(uint64).max - LEAST + 1, type(uint64).max));
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _add(amount);
    }

    function testFuzz_addsToTheStake(uint64 amount) external {
        amount = uint64(bound(amount, 0, MONEY - LEAST));
        vm.expectEmit(address(hub));
        emit IHub.StakeAdded(CODE, amount, LEAST + amount);
        _add(amount);
        assertEq(hub.shop(CODE).stake, LEAST + amount, "the stake");
        assertEq(bonded(owner), LEAST + amount, "held by the Clerk");
    }

    function testFuzz_liftsASuspensionForTooLittle(uint64 lost, uint64 almost) external {
        lost = uint64(bound(lost, 1, LEAST));
        almost = uint64(bound(almost, 0, lost - 1));
        slash(CODE, lost);
        assertStanding(CODE, Standing.Suspended, "too little stake");
        _add(almost);
        assertStanding(CODE, Standing.Suspended, "still too little");
        vm.expectEmit(address(hub));
        emit IHub.ShopSuspended(CODE, false);
        _add(lost - almost);
        assertStanding(CODE, Standing.Member, "enough");
    }

    function test_liftsNothingOfGovernances() external {
        suspend(CODE, true);
        _add(LEAST);
        assertStanding(CODE, Standing.Suspended, "as governance wills");
        assertTrue(hub.shop(CODE).suspendedByGovernance, "for that reason");
        assertTrue(!hub.shop(CODE).understaked, "alone");
    }

    function test_liftsItsOwnReasonAlone() external {
        suspend(CODE, true);
        slash(CODE, 1);
        Shop memory both = hub.shop(CODE);
        assertTrue(both.suspendedByGovernance && both.understaked, "for both");
        vm.expectEmit(address(hub));
        emit IHub.ShopSuspended(CODE, true);
        _add(1);
        assertStanding(CODE, Standing.Suspended, "still");
        assertTrue(!hub.shop(CODE).understaked, "no longer for too little stake");
        suspend(CODE, false);
        assertStanding(CODE, Standing.Member, "and now for nothing");
    }

    function test_nothingIsEnoughWhereLessIsNeeded() external {
        slash(CODE, LEAST / 2);
        HubParameters memory parameters_ = hubParameters();
        parameters_.stake = LEAST / 2;
        setParameters(parameters_);
        assertStanding(CODE, Standing.Suspended, "not by itself");
        _add(0);
        assertStanding(CODE, Standing.Member, "once it asks");
    }
}
