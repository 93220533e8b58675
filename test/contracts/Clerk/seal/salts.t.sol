// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Batch,
    Match,
    SignedAppOrder,
    SignedPoolOrder,
    SignedRequestOrder
} from "../../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, salts
///   given two orders of a kind with one salt        it should seal no more of both than the larger volume, over
///                                                   batches and within one
///   given one salt on other legs or of other signers it should count each by itself
///   given fills up to 2^32 − 1                      it should never spill over into a neighbour's lane
///   given a price changed under the same salt       it should number the request's tasks on
contract SealSaltsTest is MarketTest {
    AppOrder private a;
    DatasetOrder private d;
    PoolOrder private p;
    RequestOrder private r;

    function setUp() public override {
        super.setUp();
        (a, d, p, r) = (appOrder(), datasetOrder(), poolOrder(), requestOrder());
        r.dataset = dataset;
        (a.conditions.volume, d.conditions.volume, p.conditions.volume) = (1_000, 1_000, 1_000);
        r.conditions.volume = 1_000;
        (a.price, d.price, p.price) = (0, 0, 0);
        certifier.setTerms(Refusal.None, 0, 0);
    }

    function _reprice(Leg leg, uint32 volume) private {
        if (leg == Leg.Request) (r.maxAppPrice, r.conditions.volume) = (r.maxAppPrice + 1, volume);
        if (leg == Leg.App) (a.price, a.conditions.volume) = (a.price + 1, volume);
        if (leg == Leg.Dataset) (d.price, d.conditions.volume) = (d.price + 1, volume);
        if (leg == Leg.Pool) (p.price, p.conditions.volume) = (p.price + 1, volume);
    }

    function testFuzz_sharesAVolumeOverBatches(uint8 seed, bytes32 salt, uint8 first, uint8 second) external {
        Leg leg = Leg(seed % 4);
        (uint32 v1, uint32 v2) = (uint32(bound(first, 1, 255)), uint32(bound(second, 1, 255)));
        if (leg == Leg.Request) r.conditions.salt = salt;
        if (leg == Leg.App) a.conditions.salt = salt;
        if (leg == Leg.Dataset) d.conditions.salt = salt;
        if (leg == Leg.Pool) p.conditions.salt = salt;
        _reprice(leg, v1);
        assertEq(sealOne(batchOf(a, d, p, r)).volume, v1, "the first");
        _reprice(leg, v2);
        if (v2 > v1) {
            Deal memory deal = sealOne(batchOf(a, d, p, r));
            assertEq(deal.volume, v2 - v1, "what the second has more");
            if (leg == Leg.Request) assertEq(deal.firstTask, v1, "tasks are numbered on");
        } else {
            refused(batchOf(a, d, p, r), leg, Refusal.CancelledOrFilled);
        }
        assertEq(clerk.filled(leg, signerOf(leg), salt), v1 > v2 ? v1 : v2, "the larger volume in all");
    }

    /// @dev A batch of two matches that differ in one leg's order, of one salt.
    function _double(Leg leg, uint32 v1, uint32 v2) private returns (Batch memory batch) {
        _reprice(leg, v1);
        batch = batchOf(a, d, p, r);
        _reprice(leg, v2);
        batch.matches = new Match[](2);
        if (leg == Leg.Request) {
            SignedRequestOrder memory kept = batch.requests[0];
            batch.requests = new SignedRequestOrder[](2);
            (batch.requests[0], batch.requests[1], batch.matches[1].request) = (kept, signed(r), 1);
        } else if (leg == Leg.App) {
            SignedAppOrder memory kept = batch.apps[0];
            batch.apps = new SignedAppOrder[](2);
            (batch.apps[0], batch.apps[1], batch.matches[1].app) = (kept, signed(a), 1);
        } else {
            SignedPoolOrder memory kept = batch.pools[0];
            batch.pools = new SignedPoolOrder[](2);
            (batch.pools[0], batch.pools[1], batch.matches[1].pool) = (kept, signed(p), 1);
        }
    }

    function testFuzz_sharesAVolumeWithinABatch(uint8 seed, uint8 first, uint8 second) external {
        Leg leg = [Leg.Request, Leg.App, Leg.Pool][seed % 3];
        (uint32 v1, uint32 v2) = (uint32(bound(first, 1, 255)), uint32(bound(second, 1, 255)));
        Deal[] memory deals = sealAll(_double(leg, v1, v2));
        assertEq(deals[0].volume, v1, "the first");
        assertEq(deals.length, v2 > v1 ? 2 : 1, "the second only where it has more");
        if (v2 > v1) assertEq(deals[1].volume, v2 - v1, "by that");
        assertEq(clerk.filled(leg, signerOf(leg), 0), v1 > v2 ? v1 : v2, "the larger volume in all");
    }

    function testFuzz_countsLegsAndSignersApart(bytes32 salt, uint8 volume) external {
        // One account owns and wants everything, under one salt; another's lanes stay empty.
        transfer(app, appOwner, requester);
        transfer(dataset, datasetOwner, requester);
        transfer(pool, poolOwner, requester);
        volume = uint8(bound(volume, 1, 255));
        (a.conditions.salt, d.conditions.salt) = (salt, salt);
        (p.conditions.salt, r.conditions.salt) = (salt, salt);
        p.conditions.volume = volume;
        Batch memory batch = batchOf(a, d, p, r);
        for (uint256 i = 0; i < 4; ++i) {
            setSignature(batch, Leg(i), signature(REQUESTER_KEY, hashOf(batch, Leg(i))));
        }
        sealOne(batch);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(clerk.filled(Leg(i), requester, salt), volume, "each leg by itself");
            assertEq(clerk.filled(Leg(i), appOwner, salt), 0, "and each signer");
        }
        bytes32[] memory salts = new bytes32[](1);
        salts[0] = salt;
        vm.prank(requester);
        clerk.cancel(Leg.Pool, salts);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(clerk.filled(Leg(i), requester, salt), volume, "a cancelled leg leaves the others");
        }
    }

    function testFuzz_neverSpillsOver(uint8 seed, uint8 lane, uint32 first) external {
        // All eight lanes of a slot are filled to the brim, one of them in two fills: a carry would show in the next.
        Leg leg = Leg(1 + (seed % 3));
        first = uint32(bound(first, 1, type(uint32).max - 1));
        (a.conditions.volume, d.conditions.volume) = (type(uint32).max, type(uint32).max);
        (p.conditions.volume, r.conditions.volume) = (type(uint32).max, type(uint32).max);
        Batch memory batch = batchOf(a, d, p, r);
        for (uint256 i = 0; i < 8; ++i) {
            for (uint256 part = 0; part < (i == lane % 8 ? 2 : 1); ++part) {
                for (uint256 other = 0; other < 4; ++other) {
                    // Everybody else has a fresh order each time, which limits the first of the two parts.
                    bool own = Leg(other) == leg;
                    conditionsOf(batch, Leg(other)).salt = own ? bytes32(i) : bytes32(100 + 2 * i + part);
                    bool limits = !own && i == lane % 8 && part == 0;
                    conditionsOf(batch, Leg(other)).volume = limits ? first : type(uint32).max;
                    resign(batch, Leg(other));
                }
                sealOne(batch);
            }
            for (uint256 other = 0; other < 8; ++other) {
                uint256 expected = other <= i ? type(uint32).max : 0;
                assertEq(clerk.filled(leg, signerOf(leg), bytes32(other)), expected, "its own lane and no other");
            }
        }
        assertEq(clerk.filled(leg, signerOf(leg), bytes32(uint256(8))), 0, "nor the next slot");
        for (uint256 other = 0; other < 4; ++other) {
            if (Leg(other) == leg) continue;
            conditionsOf(batch, Leg(other)).salt = "fresh";
            resign(batch, Leg(other));
        }
        refused(batch, leg, Refusal.CancelledOrFilled);
    }
}
