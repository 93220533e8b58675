// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IHub, Shop, Standing} from "../../../contracts/interfaces/IHub.sol";
import {vm} from "../support/Vm.sol";
import {HubTest} from "./support/HubTest.sol";

/// rotateKey
///   given a caller that is not the owner      it should revert
///   given a shop that left                    it should revert
///   given no key                              it should revert
///   given an overlap above the longest        it should revert
///   given no overlap                          it should revoke the old key at once, and one before it
///   given an overlap                          it should keep the old key good up to and including its end, and no third
///   given a shop that is suspended or leaves  it should rotate all the same
/// isKeyOf
///   given a shop that is no member            it should say no
///   given zero                                it should say no
contract RotateKeyTest is HubTest {
    function setUp() public override {
        super.setUp();
        join(owner, CODE);
    }

    function _rotate(bytes32 key, uint32 overlap) private {
        vm.prank(owner);
        hub.rotateKey(CODE, key, overlap);
    }

    function testFuzz_refusesOthers(address caller) external {
        vm.assume(caller != owner);
        vm.expectRevert(notTheOwner(CODE, caller));
        vm.prank(caller);
        hub.rotateKey(CODE, NEW_KEY, 0);
    }

    function test_refusesAShopThatLeft() external {
        bringTo(Standing.Left);
        vm.expectRevert(wrongStanding(CODE, Standing.Left));
        _rotate(NEW_KEY, 0);
    }

    function test_refusesNoKey() external {
        vm.expectRevert(abi.encodeWithSelector(IHub.HubKeyMissing.selector));
        _rotate(0, 0);
    }

    function testFuzz_refusesALongOverlap(uint32 overlap) external {
        overlap = uint32(bound(overlap, LONGEST_OVERLAP + 1, type(uint32).max));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubOverlapTooLong.selector, overlap, LONGEST_OVERLAP));
        _rotate(NEW_KEY, overlap);
    }

    function testFuzz_revokesAtOnce(uint32 before) external {
        _rotate("in between", uint32(bound(before, 0, LONGEST_OVERLAP)));
        vm.expectEmit(address(hub));
        emit IHub.KeyRotated(CODE, NEW_KEY, "in between", 0);
        _rotate(NEW_KEY, 0);
        assertTrue(hub.isKeyOf(CODE, NEW_KEY), "the new key is good");
        assertTrue(!hub.isKeyOf(CODE, "in between"), "the old one is not");
        assertTrue(!hub.isKeyOf(CODE, KEY), "nor the one before it");
        Shop memory rotated = hub.shop(CODE);
        assertEq(uint256(rotated.previousKey) + rotated.overlapEnds, 0, "nothing is left of it");
    }

    function testFuzz_keepsTheOldKeyForAWhile(uint32 overlap, uint8 standing) external {
        overlap = uint32(bound(overlap, 1, LONGEST_OVERLAP));
        bool isMember = standing % 2 == 0;
        if (!isMember) bringTo(standing % 4 == 1 ? Standing.Suspended : Standing.Leaving);
        uint40 end = uint40(block.timestamp + overlap);
        vm.expectEmit(address(hub));
        emit IHub.KeyRotated(CODE, NEW_KEY, KEY, end);
        _rotate(NEW_KEY, overlap);
        Shop memory rotated = hub.shop(CODE);
        assertEq(rotated.key, NEW_KEY, "the new key");
        assertEq(rotated.previousKey, KEY, "the old key");
        assertEq(rotated.overlapEnds, end, "until then");

        vm.warp(end);
        assertTrue(hub.isKeyOf(CODE, NEW_KEY) == isMember, "the new key is good");
        assertTrue(hub.isKeyOf(CODE, KEY) == isMember, "the old one still is");
        vm.warp(end + 1);
        assertTrue(hub.isKeyOf(CODE, NEW_KEY) == isMember, "the new key stays good");
        assertTrue(!hub.isKeyOf(CODE, KEY), "the old one does not");
    }

    function test_neverMoreThanTwoAreGood() external {
        _rotate("second", LONGEST_OVERLAP);
        _rotate("third", LONGEST_OVERLAP);
        assertTrue(hub.isKeyOf(CODE, "third") && hub.isKeyOf(CODE, "second"), "two are good");
        assertTrue(!hub.isKeyOf(CODE, KEY), "and no third");
    }

    function testFuzz_isKeyOf(bytes32 key) external {
        vm.assume(key != KEY);
        assertTrue(hub.isKeyOf(CODE, KEY), "its own");
        assertTrue(!hub.isKeyOf(CODE, key) && !hub.isKeyOf(CODE, 0), "no other");
        assertTrue(!hub.isKeyOf(OTHER_CODE, KEY) && !hub.isKeyOf(OTHER_CODE, 0), "of that shop alone");
        suspend(CODE, true);
        assertTrue(!hub.isKeyOf(CODE, KEY), "not while it is suspended");
        suspend(CODE, false);
        assertTrue(hub.isKeyOf(CODE, KEY), "but then again");
        slash(CODE, 1);
        assertTrue(!hub.isKeyOf(CODE, KEY), "nor with too little stake");
        leave(owner, CODE);
        assertTrue(!hub.isKeyOf(CODE, KEY), "nor when it leaves");
    }
}
