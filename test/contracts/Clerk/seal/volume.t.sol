// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Batch,
    IClerk,
    Match,
    SignedAppOrder,
    SignedPoolOrder,
    SignedRequestOrder
} from "../../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {DealId, toDealId, toRequestId} from "../../../../contracts/types/Ids.sol";
import {AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, volumes and batches
///   given less left than a leg's minFill          it should refuse: FillTooSmall, of that leg
///   given nothing left of a leg                   it should refuse: CancelledOrFilled, of that leg
///   given an index out of range                   it should revert, strict or not
///   given the same order twice in a batch         it should never fill it beyond its volume
///   otherwise                                     it should seal the smallest volume left of all legs
///   given a request filled in several deals       it should number their tasks on without gap or overlap
///   given several requests with one app and pool  it should seal them from the same orders
contract SealVolumeTest is MarketTest {
    AppOrder private a;
    DatasetOrder private d;
    PoolOrder private p;
    RequestOrder private r;

    function setUp() public override {
        super.setUp();
        (a, d, p, r) = (appOrder(), datasetOrder(), poolOrder(), requestOrder());
        r.dataset = dataset;
    }

    function _setMinFill(uint256 leg, uint32 minFill) private {
        if (leg == 0) r.conditions.minFill = minFill;
        if (leg == 1) a.conditions.minFill = minFill;
        if (leg == 2) d.conditions.minFill = minFill;
        if (leg == 3) p.conditions.minFill = minFill;
    }

    function _setVolume(uint256 leg, uint32 volume) private {
        if (leg == 0) r.conditions.volume = volume;
        if (leg == 1) a.conditions.volume = volume;
        if (leg == 2) d.conditions.volume = volume;
        if (leg == 3) p.conditions.volume = volume;
    }

    function testFuzz_refusesTooSmallAFill(uint8 leg, uint8 scarce, uint32 left, uint32 minFill) external {
        (leg, scarce) = (uint8(bound(leg, 0, 3)), uint8(bound(scarce, 0, 3)));
        left = uint32(bound(left, 1, VOLUME - 1));
        minFill = uint32(bound(minFill, left + 1, type(uint32).max));
        _setVolume(scarce, left);
        _setMinFill(leg, minFill);
        refused(batchOf(a, d, p, r), Leg(leg), Refusal.FillTooSmall);
        _setMinFill(leg, left);
        assertEq(sealOne(batchOf(a, d, p, r)).volume, left, "just enough");
    }

    function test_blamesTheExhaustedOrder() external {
        // The first match takes all of one leg; the second must be told which, and nobody else's order be dropped.
        for (uint256 leg = 0; leg < 4; ++leg) {
            uint256 before = vm.snapshotState();
            for (uint256 i = 0; i < 4; ++i) {
                _setVolume(i, i == leg ? 3 : 10);
            }
            Batch memory batch = batchOf(a, d, p, r);
            batch.matches = new Match[](2);
            vm.expectEmit(address(clerk));
            emit IClerk.MatchRefused(1, clerk.hashRequestOrder(r), Leg(leg), Refusal.CancelledOrFilled);
            assertEq(clerk.seal(batch, false), 1, "one is sealed");
            vm.expectRevert();
            clerk.seal(batch, true);
            refused(batchOf(a, d, p, r), Leg(leg), Refusal.CancelledOrFilled);
            vm.revertToState(before);
        }
    }

    function testFuzz_refusesAnIndexOutOfRange(uint8 leg, uint16 index, bool strict) external {
        leg = uint8(bound(leg, 0, 3));
        index = uint16(bound(index, 1, leg == 2 ? NO_DATASET - 1 : NO_DATASET));
        Batch memory batch = batchOf(a, d, p, r);
        Match memory good = batch.matches[0];
        batch.matches = new Match[](2);
        batch.matches[0] = good;
        Match memory bad = batch.matches[1];
        if (leg == 0) bad.request = index;
        if (leg == 1) bad.app = index;
        if (leg == 2) bad.dataset = index;
        if (leg == 3) bad.pool = index;
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkMatchOutOfRange.selector, 1));
        clerk.seal(batch, strict);
    }

    function test_sealsNothingOfAnEmptyBatch() external {
        Batch memory batch;
        assertEq(clerk.seal(batch, true), 0, "nothing to seal");
    }

    function testFuzz_sealsTheSmallestLeft(uint8[4] calldata volumes) external {
        uint32 least = type(uint32).max;
        for (uint256 i = 0; i < 4; ++i) {
            uint32 volume = uint32(bound(volumes[i], 1, 255));
            _setVolume(i, volume);
            if (volume < least) least = volume;
        }
        Deal memory deal = sealOne(batchOf(a, d, p, r));
        assertEq(deal.volume, least, "the smallest");
        assertEq(clerk.filled(Leg.Request, requester, 0), least, "request");
        assertEq(clerk.filled(Leg.App, appOwner, 0), least, "app");
        assertEq(clerk.filled(Leg.Dataset, datasetOwner, 0), least, "dataset");
        assertEq(clerk.filled(Leg.Pool, poolOwner, 0), least, "pool");
        assertEq(locked(requester), least * (APP_PRICE + DATASET_PRICE + POOL_PRICE), "paid for");
        assertEq(locked(poolOwner), least * STAKE, "staked for");
    }

    function testFuzz_numbersTasksOn(uint8[5] calldata fills) external {
        r.conditions.volume = 100;
        (a.conditions.volume, d.conditions.volume) = (1_000, 1_000);
        uint32 next = 0;
        DealId first = toDealId(toRequestId(requester, 0), 0);
        for (uint256 i = 0; i < 5; ++i) {
            p.conditions.volume = uint32(bound(fills[i], 1, 50));
            p.conditions.salt = bytes32(i + 1);
            if (next == 100) {
                refused(batchOf(a, d, p, r), Leg.Request, Refusal.CancelledOrFilled);
                continue;
            }
            Deal memory deal = sealOne(batchOf(a, d, p, r));
            assertEq(deal.firstTask, next, "goes on where the last deal ended");
            next += deal.volume;
            assertEq(clerk.filled(Leg.Request, requester, 0), next, "filled");
            assertEq(clerk.checkDeal(deal).openUnits, deal.volume, "open units are its own");
            assertEq(clerk.dealState(first).requestFilled, next, "kept with the first deal");
            assertEq(clerk.checkDeal(deal).requestFilled, i == 0 ? next : 0, "and with no other");
            if (i == 0) certifier.settle(deal, none(), refund(deal));
        }
        assertLe(next, 100, "never more than the volume");
    }

    function testFuzz_neverOverfillsAnOrderNamedTwice(uint8[4] calldata volumes, uint8 matches) external {
        uint256[4] memory limits;
        for (uint256 i = 0; i < 4; ++i) {
            limits[i] = bound(volumes[i], 1, 40);
            _setVolume(i, uint32(limits[i]));
        }
        Batch memory whole = batchOf(a, d, p, r);
        // Each order twice in its list, and matches that mix the copies.
        whole.apps = new SignedAppOrder[](2);
        whole.pools = new SignedPoolOrder[](2);
        whole.requests = new SignedRequestOrder[](2);
        for (uint256 i = 0; i < 2; ++i) {
            (whole.apps[i], whole.pools[i], whole.requests[i]) = (signed(a), signed(p), signed(r));
        }
        whole.matches = new Match[](4);
        for (uint256 i = 0; i < 4; ++i) {
            whole.matches[i] = Match(uint16(i & 1), 0, uint16((matches >> i) & 1), uint16((matches >> (i + 4)) & 1));
        }
        Deal[] memory deals = sealAll(whole);
        assertEq(deals.length, 1, "the first takes all there is");
        assertLe(clerk.filled(Leg.Request, requester, 0), limits[0], "request");
        assertLe(clerk.filled(Leg.App, appOwner, 0), limits[1], "app");
        assertLe(clerk.filled(Leg.Dataset, datasetOwner, 0), limits[2], "dataset");
        assertLe(clerk.filled(Leg.Pool, poolOwner, 0), limits[3], "pool");
    }

    function test_sharesAnAppAndAPoolOrder() external {
        (a.conditions.volume, p.conditions.volume) = (25, 100);
        Batch memory batch = batchOf(a, p, r);
        batch.requests = new SignedRequestOrder[](3);
        batch.matches = new Match[](3);
        r = requestOrder();
        for (uint16 i = 0; i < 3; ++i) {
            r.conditions.salt = bytes32(uint256(i));
            batch.requests[i] = signed(r);
            batch.matches[i] = Match(0, NO_DATASET, 0, i);
        }
        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 3, "three deals");
        assertEq(deals[0].volume, 10, "the first is whole");
        assertEq(deals[2].volume, 5, "the third gets the rest");
        assertEq(deals[2].firstTask, 0, "each has tasks of its own");
    }

    function test_sealsTheLargestVolume() external {
        certifier.setTerms(Refusal.None, 0, 0);
        (a.price, d.price, p.price) = (0, 0, 0);
        for (uint256 i = 0; i < 4; ++i) {
            _setVolume(i, type(uint32).max);
        }
        Deal memory deal = sealOne(batchOf(a, d, p, r));
        assertEq(deal.volume, type(uint32).max, "all");
        refused(batchOf(a, d, p, r), Leg.Request, Refusal.CancelledOrFilled);
        certifier.settle(deal, none(), none());
        assertEq(clerk.checkDeal(deal).openUnits, type(uint32).max - 1, "and it is settled");
    }
}
