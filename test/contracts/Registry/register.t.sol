// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Asset, IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {AssetId, AssetKind} from "../../../contracts/types/Ids.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// register
///   given no kind                            it should revert
///   given no checksum                        it should revert
///   given a measurement of no app            it should revert
///   given the same content by the same owner it should revert, even once the asset was sold
///   given the same content by another        it should give another id: nobody is run in front of
///   otherwise                                it should give the caller an id that commits to kind, caller and content
/// idOf                                       it should tell the id beforehand, and differ in every field
contract RegisterTest is MarketTest {
    function test_refusesNoKind() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistryKindMissing.selector));
        registry.register(AssetKind.None, "x", 0, "");
    }

    function test_refusesNoChecksum() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistryChecksumMissing.selector));
        registry.register(AssetKind.App, 0, 0, "");
    }

    function testFuzz_refusesTheMeasurementOfNoApp(bytes32 measurement, bool isPool) external {
        vm.assume(measurement != 0);
        AssetKind kind = isPool ? AssetKind.Pool : AssetKind.Dataset;
        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistryMeasurementOfNoApp.selector, kind));
        registry.register(kind, "x", measurement, "");
    }

    function test_refusesTheSameTwice() external {
        transfer(app, appOwner, stranger);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistryAlreadyRegistered.selector, app));
        vm.prank(appOwner);
        registry.register(AssetKind.App, "app", 0, "elsewhere");
    }

    function testFuzz_cannotBeRunInFrontOf(address thief, bytes32 checksum) external {
        vm.assume(thief != appOwner && thief != address(0) && checksum != 0 && checksum != "app");
        AssetId stolen = register(thief, AssetKind.App, checksum);
        AssetId own = register(appOwner, AssetKind.App, checksum);
        assertTrue(stolen != own, "two ids");
        assertEq(registry.ownerOrZero(own), appOwner, "the owner has its own");
    }

    function testFuzz_register(uint8 kindSeed, bytes32 checksum, bytes32 measurement, string calldata uri) external {
        AssetKind kind = AssetKind(bound(kindSeed, 1, 3));
        vm.assume(checksum != 0 && checksum != "app" && checksum != "dataset" && checksum != "pool");
        if (kind != AssetKind.App) measurement = 0;
        Asset memory asset = Asset(kind, stranger, checksum, measurement);
        AssetId id = registry.idOf(asset);
        assertEq(registry.ownerOrZero(id), address(0), "nobody's before");

        vm.expectEmit(address(registry));
        emit IRegistry.AssetRegistered(id, stranger, asset, uri);
        vm.prank(stranger);
        AssetId given = registry.register(kind, checksum, measurement, uri);

        assertTrue(given == id, "the id foretold");
        assertEq(uint256(given.assetKind()), uint256(kind), "the kind is in the id");
        assertEq(registry.ownerOf(AssetId.unwrap(id)), stranger, "the caller's");
    }

    function testFuzz_idCommitsToEveryField(
        uint8 kind,
        address registrar,
        bytes32 checksum,
        bytes32 measurement,
        uint8 field
    ) external view {
        Asset memory asset = Asset(AssetKind(kind % 4), registrar, checksum, measurement);
        Asset memory other = Asset(asset.kind, registrar, checksum, measurement);
        field = uint8(bound(field, 0, 3));
        if (field == 0) other.kind = AssetKind((uint8(asset.kind) + 1) % 4);
        if (field == 1) other.registrar = address(uint160(asset.registrar) ^ 1);
        if (field == 2) other.checksum ^= bytes32(uint256(1));
        if (field == 3) other.measurement ^= bytes32(uint256(1));
        assertTrue(registry.idOf(asset) != registry.idOf(other), "another id");
    }
}
