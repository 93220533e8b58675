// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Batch,
    Match,
    SignedAppOrder,
    SignedPoolOrder,
    SignedRequestOrder
} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// Salts chosen to make volumes overflow, meet or be counted for somebody else.
contract SaltGamesAttack is MarketTest {
    uint32 private constant ALL = type(uint32).max;

    function setUp() public override {
        super.setUp();
        certifier.setTerms(Refusal.None, 0, 0);
    }

    function _free() private view returns (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) {
        (a, p, r) = (appOrder(), poolOrder(), requestOrder());
        (a.price, p.price) = (0, 0);
        (a.conditions.volume, p.conditions.volume, r.conditions.volume) = (ALL, ALL, ALL);
    }

    /// @dev A pool's lane holds 2^32 − 2, its order sells 2^32 − 1. Two matches of one batch with two requests for
    /// 2^32 − 1 each would make 3 · 2^32 − 4 and carry 2 into the lane beside; the first takes the one left, the second
    /// nothing.
    function test_carryIntoTheNextLane() external {
        (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) = _free();
        r.conditions.volume = ALL - 1;
        a.conditions.salt = "first";
        sealOne(batchOf(a, p, r));
        assertEq(clerk.filled(Leg.Pool, poolOwner, 0), ALL - 1, "2^32 - 2");

        (a, p, ) = _free();
        a.conditions.salt = "second";
        Batch memory batch = batchOf(a, p, requestOrder());
        batch.requests = new SignedRequestOrder[](2);
        batch.matches = new Match[](2);
        for (uint16 i = 0; i < 2; ++i) {
            (, , r) = _free();
            r.conditions.salt = bytes32(uint256(i) + 1);
            batch.requests[i] = signed(r);
            batch.matches[i] = Match(0, NO_DATASET, 0, i);
        }
        assertEq(sealAll(batch).length, 1, "one is left");
        assertEq(clerk.filled(Leg.Pool, poolOwner, 0), ALL, "2^32 - 1, and no more");
        for (uint256 i = 1; i < 8; ++i) {
            assertEq(clerk.filled(Leg.Pool, poolOwner, bytes32(i)), 0, "nothing is carried over");
        }
    }

    /// @dev A request's tasks are numbered in 32 bits: 2^32 − 1 and then 10 more under the same salt would number them
    /// from 9 on again, into deals that exist. The second order is filled by the first's volume.
    function test_taskNumbersDoNotWrap() external {
        (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) = _free();
        Deal memory deal = sealOne(batchOf(a, p, r));
        (a, p, ) = _free();
        (a.conditions.salt, p.conditions.salt) = ("2", "2");
        r = requestOrder();
        (r.maxAppPrice, r.conditions.volume) = (APP_PRICE + 1, ALL);
        refused(batchOf(a, p, r), Leg.Request, Refusal.CancelledOrFilled);
        assertEq(clerk.checkDeal(deal).requestFilled, ALL, "the deal is as it was");
    }

    /// @dev The stranger fills and cancels the same salts under its own name, on every leg it can: the pool owner's and
    /// the requester's volumes are whole.
    function testFuzz_anotherSignersSameSalt(bytes32 salt) external {
        transfer(app, appOwner, stranger);
        Batch memory batch = batchOf();
        for (uint256 i = 0; i < 4; ++i) {
            if (Leg(i) == Leg.Dataset) continue;
            conditionsOf(batch, Leg(i)).salt = salt;
            resign(batch, Leg(i));
        }
        batch.requests[0].order.requester = stranger;
        fund(stranger, FUNDS);
        setSignature(batch, Leg.Request, signature(STRANGER_KEY, hashOf(batch, Leg.Request)));
        setSignature(batch, Leg.App, signature(STRANGER_KEY, hashOf(batch, Leg.App)));
        sealOne(batch);
        bytes32[] memory salts = new bytes32[](1);
        salts[0] = salt;
        vm.startPrank(stranger);
        for (uint256 i = 0; i < 4; ++i) {
            clerk.cancel(Leg(i), salts);
        }
        vm.stopPrank();
        assertEq(clerk.filled(Leg.Pool, poolOwner, salt), VOLUME, "the pool's one sale");
        assertEq(clerk.filled(Leg.Request, requester, salt), 0, "the requester's is whole");
        assertEq(clerk.filled(Leg.App, appOwner, salt), 0, "and the old owner's");
    }

    /// @dev Salts whose upper bits name another leg's slot, were they not shifted away: salt = leg << 253, and its double.
    function testFuzz_saltsThatLookLikeOtherLegs(uint8 seed, bytes32 salt, uint8 top) external {
        Leg leg = Leg(1 + (seed % 3));
        transfer(app, appOwner, requester);
        transfer(pool, poolOwner, requester);
        transfer(dataset, datasetOwner, requester);
        Batch memory batch = batchWithDataset();
        conditionsOf(batch, leg).salt = salt;
        for (uint256 i = 0; i < 4; ++i) {
            setSignature(batch, Leg(i), signature(REQUESTER_KEY, hashOf(batch, Leg(i))));
        }
        bytes32 other = salt ^ bytes32(uint256(1 + (top % 7)) << 253);
        sealOne(batch);
        assertEq(clerk.filled(leg, requester, salt), VOLUME, "counted");
        assertEq(clerk.filled(leg, requester, other), 0, "only there");
        for (uint256 i = 1; i < 4; ++i) {
            if (Leg(i) == leg || salt == 0) continue;
            assertEq(clerk.filled(Leg(i), requester, salt), 0, "on no other leg");
        }
    }

    /// @dev A price cut signed again under the same salt, both orders out: a sealer that uses both in one batch gets ten
    /// tasks in all, not twenty. At the old price first, at most 10 × 300 of revenue is chosen by the sealer, none doubled.
    function test_bothPricesInOneBatch() external {
        AppOrder memory dear = appOrder();
        AppOrder memory cheap = appOrder();
        cheap.price = 100;
        PoolOrder memory p = poolOrder();
        p.conditions.volume = 100;
        Batch memory batch = batchOf(dear, p, requestOrder());
        batch.apps = new SignedAppOrder[](2);
        (batch.apps[0], batch.apps[1]) = (signed(cheap), signed(dear));
        batch.requests = new SignedRequestOrder[](2);
        batch.matches = new Match[](2);
        for (uint16 i = 0; i < 2; ++i) {
            RequestOrder memory r = requestOrder();
            r.conditions.salt = bytes32(uint256(i));
            batch.requests[i] = signed(r);
            batch.matches[i] = Match(i, NO_DATASET, 0, i);
        }
        assertEq(sealAll(batch).length, 1, "one volume");
        assertEq(clerk.filled(Leg.App, appOwner, 0), VOLUME, "ten tasks");
    }
}
