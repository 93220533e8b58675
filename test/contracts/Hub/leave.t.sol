// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {HubParameters, IHub, Shop, Standing} from "../../../contracts/interfaces/IHub.sol";
import {vm} from "../support/Vm.sol";
import {HubTest} from "./support/HubTest.sol";

/// leave
///   given a caller that is not the owner    it should revert
///   given a shop that leaves or left        it should revert
///   given a shop that is suspended          it should let it go
///   otherwise                               it should say from when on the stake is released
///   (with deals: `Hub/punish`)
/// release
///   given a shop that has not left          it should revert
///   given the time is not over              it should revert, whatever governance has set since
///   given another shop of the same owner    it should keep that one's stake
///   given what was slashed on the way       it should release what is left
///   otherwise                               it should free the stake, once, whoever calls
contract LeaveTest is HubTest {
    function setUp() public override {
        super.setUp();
        join(owner, CODE);
    }

    function testFuzz_leaveRefusesOthers(address caller) external {
        vm.assume(caller != owner);
        vm.expectRevert(notTheOwner(CODE, caller));
        leave(caller, CODE);
    }

    function testFuzz_leaveRefusesASecondTime(bool left) external {
        Standing standing = left ? Standing.Left : Standing.Leaving;
        bringTo(standing);
        vm.expectRevert(wrongStanding(CODE, standing));
        leave(owner, CODE);
    }

    function testFuzz_leave(bool suspended, uint32 unbondingTime) external {
        if (suspended) bringTo(Standing.Suspended);
        HubParameters memory parameters_ = hubParameters();
        parameters_.unbondingTime = unbondingTime;
        setParameters(parameters_);
        uint40 from = uint40(block.timestamp + unbondingTime);
        vm.expectEmit(address(hub));
        emit IHub.ShopLeaving(CODE, from);
        leave(owner, CODE);
        assertStanding(CODE, Standing.Leaving, "leaving");
        assertEq(hub.shop(CODE).releasableAt, from, "until then");
        assertEq(bonded(owner), LEAST, "the stake is still held");
    }

    function testFuzz_releaseRefusesWhoHasNotLeft(uint8 standing) external {
        standing = uint8(bound(standing, 0, 2));
        bringTo(Standing(standing));
        vm.expectRevert(wrongStanding(standing == 0 ? OTHER_CODE : CODE, Standing(standing)));
        hub.release(standing == 0 ? OTHER_CODE : CODE);
    }

    function testFuzz_releaseRefusesBeforeTheTime(uint32 passed, uint32 since) external {
        passed = uint32(bound(passed, 0, UNBONDING - 1));
        uint256 until = block.timestamp + UNBONDING;
        leave(owner, CODE);
        HubParameters memory parameters_ = hubParameters();
        parameters_.unbondingTime = since;
        setParameters(parameters_);
        vm.warp(block.timestamp + passed);
        vm.expectRevert(abi.encodeWithSelector(IHub.HubTooEarly.selector, CODE, until));
        hub.release(CODE);
        vm.warp(until);
        hub.release(CODE);
    }

    function test_releaseKeepsTheOtherShopsStake() external {
        join(owner, OTHER_CODE);
        bringTo(Standing.Left);
        assertEq(bonded(owner), LEAST, "one stake is held");
        assertEq(hub.shop(OTHER_CODE).stake, LEAST, "the other shop's");
    }

    function testFuzz_releasesWhatIsLeft(uint64 lost) external {
        lost = uint64(bound(lost, 0, LEAST));
        leave(owner, CODE);
        slash(CODE, lost);
        assertStanding(CODE, Standing.Leaving, "it was no member any more");
        vm.warp(block.timestamp + UNBONDING);
        vm.expectEmit(address(hub));
        emit IHub.ShopLeft(CODE, LEAST - lost);
        hub.release(CODE);
        assertEq(free(owner), MONEY - lost, "the rest");
    }

    function testFuzz_release(address caller) external {
        leave(owner, CODE);
        vm.warp(block.timestamp + UNBONDING);
        vm.expectEmit(address(hub));
        emit IHub.ShopLeft(CODE, LEAST);
        vm.expectEmit(address(clerk));
        emit IClerk.Unbonded(owner, address(hub), LEAST);
        vm.prank(caller);
        hub.release(CODE);
        Shop memory left = hub.shop(CODE);
        assertStanding(CODE, Standing.Left, "left");
        assertEq(left.stake, 0, "nothing at stake");
        assertEq(left.owner, owner, "but known");
        assertEq(free(owner), MONEY, "all is free");
        vm.expectRevert(wrongStanding(CODE, Standing.Left));
        hub.release(CODE);
    }
}
