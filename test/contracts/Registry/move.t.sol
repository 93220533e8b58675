// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {AssetId} from "../../../contracts/types/Ids.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// move
///   given a caller that does not own the asset   it should revert
///   given an asset nobody owns                   it should revert
///   given the first owner after a sale           it should revert
///   otherwise                                    it should announce the place
contract MoveTest is MarketTest {
    function testFuzz_refusesOthers(address other) external {
        vm.assume(other != appOwner);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistryNotOwner.selector, app, other));
        vm.prank(other);
        registry.move(app, "x");
    }

    function testFuzz_refusesTheUnknown(uint256 id) external {
        vm.assume(registry.ownerOrZero(AssetId.wrap(id)) == address(0));
        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistryNotOwner.selector, id, address(this)));
        registry.move(AssetId.wrap(id), "x");
    }

    function test_refusesTheFirstOwnerAfterASale() external {
        transfer(app, appOwner, stranger);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistryNotOwner.selector, app, appOwner));
        vm.prank(appOwner);
        registry.move(app, "x");
    }

    function testFuzz_move(string calldata uri) external {
        vm.expectEmit(address(registry));
        emit IRegistry.AssetMoved(app, uri);
        vm.prank(appOwner);
        registry.move(app, uri);
    }
}
