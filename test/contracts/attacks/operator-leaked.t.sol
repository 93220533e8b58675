// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Operator, POWER_REQUEST_ORDER} from "../../../contracts/interfaces/IKeyring.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {AssetId, AssetKind} from "../../../contracts/types/Ids.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// The key that a server signs requests with is stolen. Its account holds 1,000,000; the key was allowed requests for
/// 20,000 in all until tomorrow. The thief has an app and a pool of its own and asks what it likes.
contract OperatorLeakedAttack is MarketTest {
    uint64 private constant LIMIT = 20_000;
    AssetId private thiefsApp;
    AssetId private thiefsPool;

    function setUp() public override {
        super.setUp();
        grant(requester, POWER_REQUEST_ORDER, LIMIT);
        thiefsApp = register(stranger, AssetKind.App, "thief's");
        thiefsPool = register(stranger, AssetKind.Pool, "thief's");
        fund(stranger, FUNDS);
    }

    /// @dev One task at `price`, signed by the stolen key, for the thief.
    function _loot(uint64 price, bytes32 salt) private view returns (Batch memory batch) {
        (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) = (appOrder(), poolOrder(), requestOrder());
        (a.app, a.price, p.pool, p.price) = (thiefsApp, 0, thiefsPool, price);
        (r.app, r.maxPoolPrice, r.beneficiary) = (thiefsApp, price, stranger);
        (r.conditions.volume, r.conditions.salt) = (1, salt);
        (a.conditions.volume, p.conditions.volume) = (type(uint32).max, type(uint32).max);
        batch = batchOf(a, p, r);
        setSignature(batch, Leg.App, signature(STRANGER_KEY, hashOf(batch, Leg.App)));
        setSignature(batch, Leg.Pool, signature(STRANGER_KEY, hashOf(batch, Leg.Pool)));
        setSignature(batch, Leg.Request, signature(OPERATOR_KEY, hashOf(batch, Leg.Request)));
    }

    /// @dev In one order of 20,000 or in fifty crumbs: 20,000 of 1,000,000 is all there is to get.
    function testFuzz_neverGetsMoreThanTheLimit(uint64[12] calldata prices) external {
        uint256 looted = 0;
        for (uint256 i = 0; i < prices.length; ++i) {
            uint64 price = uint64(bound(prices[i], 0, 6_000));
            Batch memory batch = _loot(price, bytes32(i));
            if (looted + price > LIMIT) {
                refused(batch, Leg.Request, Refusal.OperatorLimit);
                continue;
            }
            sealOne(batch);
            looted += price;
        }
        assertEq(free(requester), FUNDS - looted, "what was looted");
        assertLe(looted, LIMIT, "20,000 at most");
    }

    /// @dev The account notices after the first theft of 6,000 and revokes: orders the thief signed before are void too.
    function testFuzz_revokingEndsIt(uint8 way) external {
        sealOne(_loot(6_000, "first"));
        Batch memory kept = _loot(6_000, "kept");
        if (way % 3 == 0) grant(requester, 0, 0);
        if (way % 3 == 1) {
            vm.prank(requester);
            clerk.raiseEpoch(1);
        }
        if (way % 3 == 2) vm.warp(block.timestamp + 1 days + 1);
        vm.prank(broker);
        assertEq(clerk.seal(kept, false), 0, "void");
        assertEq(free(requester), FUNDS - 6_000, "6,000 is lost and no more");
    }

    /// @dev It is not the account: no withdrawal, no payment, no bond, no key of its own, no other kind of order.
    function test_getsNoOtherMoney() external {
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, operator, 0, FUNDS));
        clerk.withdraw(FUNDS);
        keyring.setOperator(stranger, Operator(type(uint16).max, type(uint64).max, type(uint40).max));
        keyring.presign(clerk.digestOf(hashOf(batchOf(), Leg.Request)), true);
        vm.stopPrank();
        Batch memory batch = _loot(6_000, "");
        setSignature(batch, Leg.Request, signature(STRANGER_KEY, hashOf(batch, Leg.Request)));
        refused(batch, Leg.Request, Refusal.BadSignature);
        setSignature(batch, Leg.Request, "");
        refused(batch, Leg.Request, Refusal.BadSignature);
        // The requester sponsors nobody, and sells nothing, by this key.
        RequestOrder memory r = requestOrder();
        (r.requester, r.sponsor) = (stranger, requester);
        batch = batchOf(appOrder(), poolOrder(), r);
        setSignature(batch, Leg.Request, signature(STRANGER_KEY, hashOf(batch, Leg.Request)));
        batch.sponsorships = one(sponsorship(r, FUNDS));
        resign(batch.sponsorships[0], OPERATOR_KEY, r);
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
        transfer(app, appOwner, requester);
        batch = batchOf();
        setSignature(batch, Leg.App, signature(OPERATOR_KEY, hashOf(batch, Leg.App)));
        refused(batch, Leg.App, Refusal.BadSignature);
    }

    /// @dev Cancelling is the account's alone; what the key cancels is its own.
    function test_cannotCancelTheAccountsOrders() external {
        vm.prank(operator);
        clerk.cancel(Leg.Request, new bytes32[](1));
        sealOne(batchOf());
    }
}
