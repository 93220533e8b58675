// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IHub, Standing} from "../../../contracts/interfaces/IHub.sol";
import {vm} from "../support/Vm.sol";
import {HubTest} from "./support/HubTest.sol";

/// update
///   given a caller that is not the owner           it should revert, also for a code that nobody has
///   given a shop that leaves or left               it should revert
///   given no endpoint, or one of over 256 bytes    it should revert
///   given a shop that is suspended                 it should change it all the same
///   otherwise                                      it should change the endpoint and nothing else
contract UpdateTest is HubTest {
    function setUp() public override {
        super.setUp();
        join(owner, CODE);
    }

    function testFuzz_refusesOthers(address caller) external {
        vm.assume(caller != owner);
        vm.expectRevert(notTheOwner(CODE, caller));
        vm.prank(caller);
        hub.update(CODE, "x", "");
    }

    function test_refusesACodeThatNobodyHas() external {
        vm.expectRevert(notTheOwner(OTHER_CODE, owner));
        vm.prank(owner);
        hub.update(OTHER_CODE, "x", "");
    }

    function test_refusesAShopThatLeavesOrLeft() external {
        bringTo(Standing.Leaving);
        vm.expectRevert(wrongStanding(CODE, Standing.Leaving));
        vm.prank(owner);
        hub.update(CODE, "x", "");
        vm.warp(block.timestamp + UNBONDING);
        hub.release(CODE);
        vm.expectRevert(wrongStanding(CODE, Standing.Left));
        vm.prank(owner);
        hub.update(CODE, "x", "");
    }

    function testFuzz_refusesEndpoints(uint16 length) external {
        length = uint16(bound(length, 257, 2_000));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubEndpointInvalid.selector, length));
        vm.prank(owner);
        hub.update(CODE, string(new bytes(length)), "");
        vm.expectRevert(abi.encodeWithSelector(IHub.HubEndpointInvalid.selector, 0));
        vm.prank(owner);
        hub.update(CODE, "", "");
    }

    function testFuzz_update(uint8 length, string calldata profile, bool suspended) external {
        if (suspended) bringTo(Standing.Suspended);
        string memory endpoint = string(new bytes(bound(length, 1, 256)));
        vm.expectEmit(address(hub));
        emit IHub.ShopUpdated(CODE, endpoint, profile);
        vm.prank(owner);
        hub.update(CODE, endpoint, profile);
        assertEq(hub.shop(CODE).endpoint, endpoint, "the new endpoint");
        assertEq(hub.shop(CODE).key, KEY, "the same key");
        assertStanding(CODE, suspended ? Standing.Suspended : Standing.Member, "the same standing");
    }
}
