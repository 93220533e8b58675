// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPanel, PoolTerms} from "../../../contracts/interfaces/IPanel.sol";
import {AssetId, AssetKind} from "../../../contracts/types/Ids.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// openPool
// ├── when the asset is no pool, nobody's, or another's: refused
// ├── when it is open already: refused
// ├── when the scheduler's share exceeds the whole, or an open pool asks no stake: refused
// └── else the terms are published, and nobody sits there yet
contract OpenPoolTest is PocoTest {
    PoolTerms private _terms = PoolTerms({seatStake: 5, schedulerShare: 10_000, closed: false});

    function test_refusesWhatIsNoPool() external {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNotPoolOwner.selector, app, address(0), appOwner));
        vm.prank(appOwner);
        poco.openPool(app, _terms);
    }

    function test_refusesAPoolOfNobody() external {
        AssetId nobodys = AssetId.wrap((3 << 248) | 1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNotPoolOwner.selector, nobodys, address(0), poolOwner));
        vm.prank(poolOwner);
        poco.openPool(nobodys, _terms);
    }

    function test_refusesAStranger() external {
        AssetId fresh = register(poolOwner, AssetKind.Pool, "fresh");
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNotPoolOwner.selector, fresh, poolOwner, STRANGER));
        vm.prank(STRANGER);
        poco.openPool(fresh, _terms);
    }

    function test_refusesOtherTermsLater() external {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelPoolAlreadyOpen.selector, pool));
        vm.prank(poolOwner);
        poco.openPool(pool, _terms);
    }

    function test_refusesAShareAboveTheWhole() external {
        AssetId fresh = register(poolOwner, AssetKind.Pool, "fresh");
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelTermsInvalid.selector, uint64(5), uint16(10_001), false));
        vm.prank(poolOwner);
        poco.openPool(fresh, PoolTerms({seatStake: 5, schedulerShare: 10_001, closed: false}));
    }

    function test_refusesSeatsForNothing() external {
        AssetId fresh = register(poolOwner, AssetKind.Pool, "fresh");
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelTermsInvalid.selector, uint64(0), uint16(1), false));
        vm.prank(poolOwner);
        poco.openPool(fresh, PoolTerms({seatStake: 0, schedulerShare: 1, closed: false}));
    }

    function test_publishesTheTerms() external {
        AssetId fresh = register(poolOwner, AssetKind.Pool, "fresh");
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.PoolOpened(fresh, _terms);
        vm.prank(poolOwner);
        poco.openPool(fresh, _terms);
        equal(poco.pool(fresh).terms.seatStake, 5, "seat stake");
        equal(poco.pool(fresh).terms.schedulerShare, 10_000, "scheduler's share");
        isTrue(poco.pool(fresh).opened, "opened");
        equal(poco.pool(fresh).seats, 0, "seats");
    }
}
