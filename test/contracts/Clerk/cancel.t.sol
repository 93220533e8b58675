// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// cancel
///   given a salt of another's     it should leave that order alone
///   given another leg or salt     it should leave the order alone, its neighbours of one slot too
///   given an order of any kind    it should void it for good, partly filled or not, and all others of its salt
///   given several salts           it should void them all
///   given running deals           it should leave them as they are
contract CancelTest is MarketTest {
    function _cancel(address by, Leg leg, bytes32 salt) private {
        bytes32[] memory salts = new bytes32[](1);
        salts[0] = salt;
        vm.prank(by);
        clerk.cancel(leg, salts);
    }

    function testFuzz_leavesOthersAlone(address other) external {
        vm.assume(other != requester && other != appOwner && other != datasetOwner && other != poolOwner);
        Batch memory batch = batchWithDataset();
        for (uint256 i = 0; i < 4; ++i) {
            _cancel(other, Leg(i), 0);
        }
        assertEq(clerk.filled(Leg.Request, requester, 0), 0, "the request stands");
        assertEq(sealOne(batch).volume, VOLUME, "all four stand");
    }

    function testFuzz_leavesOtherLegsAndSaltsAlone(uint8 seed, bytes32 salt, bytes32 otherSalt, uint8 other) external {
        Leg leg = Leg(seed % 4);
        other = other % 4;
        vm.assume(other != uint8(leg) || otherSalt != salt);
        Batch memory batch = batchWithDataset();
        conditionsOf(batch, leg).salt = salt;
        resign(batch, leg);
        _cancel(signerOf(leg), Leg(other), otherSalt);
        assertEq(clerk.filled(leg, signerOf(leg), salt), 0, "not this one");
        assertEq(sealOne(batch).volume, VOLUME, "it stands");
    }

    function testFuzz_leavesTheNeighboursOfALaneAlone(uint8 seed, bytes32 salt, uint8 lane) external {
        // Eight orders of a slot, one partly filled, then one cancelled: the other seven keep what they count.
        Leg leg = Leg(1 + (seed % 3));
        (bytes32 group, bytes32 voided) = (salt & ~bytes32(uint256(7)), bytes32(uint256(lane & 7)));
        Batch memory batch = batchWithDataset();
        conditionsOf(batch, leg).volume = 20;
        for (uint256 i = 0; i < 8; ++i) {
            conditionsOf(batch, leg).salt = group | bytes32(i);
            resign(batch, leg);
            for (uint256 other = 0; other < 4; ++other) {
                if (Leg(other) == leg) continue;
                conditionsOf(batch, Leg(other)).salt = bytes32(1_000 + i);
                conditionsOf(batch, Leg(other)).volume = uint32(i + 1);
                resign(batch, Leg(other));
            }
            assertEq(sealOne(batch).volume, i + 1, "each of its own volume");
        }
        _cancel(signerOf(leg), leg, group | voided);
        for (uint256 i = 0; i < 8; ++i) {
            uint256 expected = bytes32(i) == voided ? type(uint32).max : i + 1;
            assertEq(clerk.filled(leg, signerOf(leg), group | bytes32(i)), expected, "only that lane");
        }
        _cancel(signerOf(leg), leg, group | voided);
        assertEq(clerk.filled(leg, signerOf(leg), group | voided), type(uint32).max, "twice is once");
    }

    function testFuzz_voidsEachKind(bytes32 salt) external {
        Batch memory batch = batchWithDataset();
        for (uint256 i = 0; i < 4; ++i) {
            conditionsOf(batch, Leg(i)).salt = salt;
            resign(batch, Leg(i));
        }
        for (uint256 i = 0; i < 4; ++i) {
            uint256 before = vm.snapshotState();
            vm.expectEmit(address(clerk));
            emit IClerk.OrderCancelled(signerOf(Leg(i)), Leg(i), salt);
            _cancel(signerOf(Leg(i)), Leg(i), salt);
            assertEq(clerk.filled(Leg(i), signerOf(Leg(i)), salt), type(uint32).max, "marked");
            refused(batch, Leg(i), Refusal.CancelledOrFilled);
            vm.revertToState(before);
        }
    }

    function testFuzz_voidsAllOrdersOfTheSalt(uint64 bid, uint32 volume) external {
        _cancel(requester, Leg.Request, 0);
        RequestOrder memory r = requestOrder();
        (r.maxPoolPrice, r.conditions.volume) = (bid, volume);
        refused(batchOf(appOrder(), poolOrder(), r), Leg.Request, Refusal.CancelledOrFilled);
    }

    function test_voidsManyAtOnce() external {
        bytes32[] memory salts = new bytes32[](17);
        for (uint256 i = 0; i < 17; ++i) {
            salts[i] = bytes32(i * 3);
        }
        vm.prank(poolOwner);
        clerk.cancel(Leg.Pool, salts);
        for (uint256 i = 0; i < 51; ++i) {
            uint256 expected = i % 3 == 0 ? type(uint32).max : 0;
            assertEq(clerk.filled(Leg.Pool, poolOwner, bytes32(i)), expected, "those and no others");
        }
    }

    function test_winsOverFills() external {
        PoolOrder memory p = poolOrder();
        p.conditions.volume = 3;
        Deal memory deal = sealOne(batchOf(appOrder(), p, requestOrder()));
        _cancel(requester, Leg.Request, 0);
        assertEq(clerk.filled(Leg.Request, requester, 0), type(uint32).max, "marked");

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
        sealOne(batch);
        assertEq(clerk.filled(Leg.Request, requester, 0), VOLUME, "filled is no mark of cancellation");
        _cancel(requester, Leg.Request, 0);
        refused(batch, Leg.Request, Refusal.CancelledOrFilled);
    }
}
