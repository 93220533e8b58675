// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// cancel
///   given a hash of another's     it should leave that order alone
///   given an order of any kind    it should void it for good, partly filled or not
///   given running deals           it should leave them as they are
contract CancelTest is MarketTest {
    function _hashes(Batch memory batch) private view returns (bytes32[4] memory) {
        return
            [
                clerk.hashRequestOrder(batch.requests[0].order),
                clerk.hashAppOrder(batch.apps[0].order),
                clerk.hashDatasetOrder(batch.datasets[0].order),
                clerk.hashPoolOrder(batch.pools[0].order)
            ];
    }

    function testFuzz_leavesOthersAlone(address other) external {
        vm.assume(other != requester && other != appOwner && other != datasetOwner && other != poolOwner);
        Batch memory batch = batchWithDataset();
        bytes32[4] memory hashes = _hashes(batch);
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(other);
            clerk.cancel(hashes[i]);
        }
        assertEq(clerk.filled(requester, hashes[0]), 0, "the request stands");
        assertEq(sealOne(batch).volume, VOLUME, "all four stand");
    }

    function test_voidsEachKind() external {
        Batch memory batch = batchWithDataset();
        bytes32[4] memory hashes = _hashes(batch);
        address[4] memory signers = [requester, appOwner, datasetOwner, poolOwner];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 before = vm.snapshotState();
            vm.expectEmit(address(clerk));
            emit IClerk.OrderCancelled(signers[i], hashes[i]);
            vm.prank(signers[i]);
            clerk.cancel(hashes[i]);
            assertEq(clerk.filled(signers[i], hashes[i]), type(uint32).max, "marked");
            refused(batch, Leg(i), Refusal.CancelledOrFilled);
            vm.revertToState(before);
        }
    }

    function test_winsOverFills() external {
        PoolOrder memory p = poolOrder();
        p.conditions.volume = 3;
        Batch memory batch = batchOf(appOrder(), p, requestOrder());
        Deal memory deal = sealOne(batch);
        vm.prank(requester);
        clerk.cancel(deal.requestHash);
        assertEq(clerk.filled(requester, deal.requestHash), type(uint32).max, "marked");

        p.conditions.salt = "next";
        refused(batchOf(appOrder(), p, requestOrder()), Leg.Request, Refusal.CancelledOrFilled);
        assertEq(clerk.checkDeal(deal).openUnits, 3, "the deal runs on");
        certifier.settle(deal, none(), refund(deal));
        assertEq(clerk.checkDeal(deal).openUnits, 2, "and is settled");
    }

    function test_worksAtTheLargestVolume() external {
        RequestOrder memory r = requestOrder();
        r.conditions.volume = type(uint32).max;
        Batch memory batch = batchOf(appOrder(), poolOrder(), r);
        Deal memory deal = sealOne(batch);
        assertEq(clerk.filled(requester, deal.requestHash), VOLUME, "filled is no mark of cancellation");
        vm.prank(requester);
        clerk.cancel(deal.requestHash);
        refused(batch, Leg.Request, Refusal.CancelledOrFilled);
    }
}
