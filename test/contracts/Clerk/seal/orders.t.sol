// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, SignedPoolOrder} from "../../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AssetId} from "../../../../contracts/types/Ids.sol";
import {Conditions} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, each order by itself; every refusal reverts a strict batch and skips a match of another
///   given an asset of another kind, or nobody's   it should refuse: WrongKind
///   given the asset was sold                      it should refuse the old owner's order: BadSignature
///   given the asset was bought back               it should take the order again
///   given the buyer's order                       it should take it, and the buyer is who is paid
///   given a second after its last                 it should refuse: Expired
///   given another epoch                           it should refuse: WrongEpoch (see raiseEpoch)
///   given no volume                               it should refuse: CancelledOrFilled (see cancel and volume)
///   given another matcher                         it should refuse: NotTheMatcher
///   given none                                    it should seal for anyone
///   for terms and sponsors see their own files
contract SealOrdersTest is MarketTest {
    /// @dev Spoils the conditions of one leg of a batch and has it signed again.
    function _with(Batch memory batch, uint256 leg, Conditions memory c) private view returns (Batch memory) {
        if (Leg(leg) == Leg.Request) batch.requests[0].order.conditions = c;
        else if (Leg(leg) == Leg.App) batch.apps[0].order.conditions = c;
        else if (Leg(leg) == Leg.Dataset) batch.datasets[0].order.conditions = c;
        else batch.pools[0].order.conditions = c;
        resign(batch, Leg(leg));
        return batch;
    }

    function testFuzz_refusesAssetsOfAnotherKind(uint8 leg, uint8 other) external {
        AssetId[3] memory assets = [app, dataset, pool];
        leg = uint8(bound(leg, 0, 2));
        other = uint8(bound(other, 0, 2));
        vm.assume(leg != other);
        Batch memory batch = batchWithDataset();
        if (leg == 0) {
            batch.requests[0].order.app = assets[other];
            batch.requests[0] = signed(batch.requests[0].order);
            batch.apps[0].order.app = assets[other];
        } else if (leg == 1) {
            batch.requests[0].order.dataset = assets[other];
            batch.requests[0] = signed(batch.requests[0].order);
            batch.datasets[0].order.dataset = assets[other];
        } else {
            batch.pools[0].order.pool = assets[other];
        }
        refused(batch, Leg(leg + 1), Refusal.WrongKind);
    }

    function testFuzz_refusesAssetsNobodyOwns(uint256 id) external {
        vm.assume(registry.ownerOrZero(AssetId.wrap(id)) == address(0));
        Batch memory batch = batchOf();
        batch.pools[0].order.pool = AssetId.wrap(id);
        refused(batch, Leg.Pool, Refusal.WrongKind);
    }

    function test_refusesTheOldOwnersOrders() external {
        Batch memory batch = batchWithDataset();
        AssetId[3] memory assets = [app, dataset, pool];
        address[3] memory owners = [appOwner, datasetOwner, poolOwner];
        for (uint256 i = 0; i < 3; ++i) {
            transfer(assets[i], owners[i], stranger);
            refused(batch, Leg(i + 1), Refusal.BadSignature);
            transfer(assets[i], stranger, owners[i]);
        }
        assertEq(sealOne(batch).volume, VOLUME, "bought back, the orders stand");
    }

    function test_takesTheNewOwnersOrders() external {
        uint256 buyerKey = 0xB0B;
        address buyer = vm.addr(buyerKey);
        fund(buyer, FUNDS);
        transfer(app, appOwner, buyer);
        transfer(dataset, datasetOwner, buyer);
        transfer(pool, poolOwner, buyer);
        Batch memory batch = batchWithDataset();
        for (uint256 i = 1; i < 4; ++i) {
            setSignature(batch, Leg(i), signature(buyerKey, hashOf(batch, Leg(i))));
        }
        Deal memory deal = sealOne(batch);
        assertEq(deal.appOwner, buyer, "is paid for the app");
        assertEq(deal.datasetOwner, buyer, "and for the dataset");
        assertEq(deal.poolOwner, buyer, "and for the pool");
    }

    function testFuzz_expiresToTheSecond(uint8 leg, uint64 late) external {
        leg = uint8(bound(leg, 0, 3));
        Conditions memory c = conditions();
        c.validUntil = uint64(block.timestamp + 100);
        Batch memory batch = batchWithDataset();
        for (uint256 i = 0; i < 4; ++i) {
            Conditions memory longer = conditions();
            longer.validUntil = type(uint64).max;
            batch = _with(batch, i, i == leg ? c : longer);
        }
        late = uint64(bound(late, 1, type(uint64).max - c.validUntil));
        uint256 before = vm.snapshotState();
        vm.warp(c.validUntil);
        assertEq(sealOne(batch).volume, VOLUME, "sealed in its last second");
        vm.revertToState(before);
        vm.warp(uint256(c.validUntil) + late);
        refused(batch, Leg(leg), Refusal.Expired);
    }

    function testFuzz_refusesAnotherEpoch(uint8 leg, uint64 epoch) external {
        leg = uint8(bound(leg, 0, 3));
        Conditions memory c = conditions();
        c.epoch = uint64(bound(epoch, 1, type(uint64).max));
        refused(_with(batchWithDataset(), leg, c), Leg(leg), Refusal.WrongEpoch);
    }

    function testFuzz_refusesNoVolume(uint8 leg) external {
        leg = uint8(bound(leg, 0, 3));
        Conditions memory c = conditions();
        c.volume = 0;
        refused(_with(batchWithDataset(), leg, c), Leg(leg), Refusal.CancelledOrFilled);
    }

    function testFuzz_anyoneSeals(address sealer) external {
        Batch memory batch = batchWithDataset();
        vm.prank(sealer);
        assertEq(clerk.seal(batch, true), 1, "whoever that is");
    }

    function testFuzz_sealsForTheMatcherOnly(uint8 leg, address matcher, address sealer) external {
        leg = uint8(bound(leg, 0, 3));
        vm.assume(matcher != address(0) && matcher != sealer);
        Conditions memory c = conditions();
        c.matcher = matcher;
        Batch memory batch = _with(batchWithDataset(), leg, c);
        refusedBy(sealer, batch, Leg(leg), Refusal.NotTheMatcher);
        vm.prank(matcher);
        assertEq(clerk.seal(batch, true), 1, "the matcher may");
    }
}
