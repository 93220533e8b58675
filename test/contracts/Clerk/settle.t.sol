// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DealState, Entry, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {OpenCertifier} from "../support/OpenCertifier.sol";
import {vm} from "../support/Vm.sol";

/// settle
///   given content with any word changed     it should revert, as checkDeal does
///   given a deal never sealed               it should revert
///   given anyone but the deal's certifier   it should revert
///   given every unit settled                it should revert
///   given credits that differ               it should revert: more, less, none
///   given more seized than is bonded        it should revert
///   given another certifier's bond          it should revert
///   otherwise                               it should pay one unit, and only that, to whom the certifier says
contract SettleTest is MarketTest {
    uint64 private constant UNIT = APP_PRICE + POOL_PRICE;

    function testFuzz_refusesChangedContent(uint8 word, uint16 change) external {
        vm.assume(change != 0);
        Deal memory deal = sealOne(batchWithDataset());
        bytes memory content = abi.encode(deal);
        assertEq(content.length, 25 * 32, "a deal is 25 words");
        // The lowest 16 bits are part of every field's type.
        uint256 at = 32 + 32 * bound(word, 0, 24);
        assembly {
            mstore(add(content, at), xor(mload(add(content, at)), change))
        }
        Deal memory changed = abi.decode(content, (Deal));
        bytes memory unknown = abi.encodeWithSelector(IClerk.ClerkDealUnknown.selector, changed.dealId());
        vm.expectRevert(unknown);
        clerk.checkDeal(changed);
        vm.expectRevert(unknown);
        certifier.settle(changed, none(), none());
    }

    function testFuzz_refusesTheUnknown(Deal calldata deal) external {
        vm.expectRevert(
            abi.encodeWithSelector(
                IClerk.ClerkDealUnknown.selector,
                keccak256(abi.encode(deal.requestId, deal.firstTask))
            )
        );
        clerk.settle(deal, none(), none());
    }

    function test_commitsToTheAbiEncoding() external {
        Deal memory deal = sealOne(batchWithDataset());
        DealState memory state = clerk.dealState(deal.dealId());
        assertEq(bytes32(state.commitment), bytes32(bytes24(keccak256(abi.encode(deal)))), "commitment");
        assertEq(state.openUnits, VOLUME, "open units");
        assertEq(clerk.checkDeal(deal).openUnits, VOLUME, "checkDeal tells the same");
    }

    function testFuzz_refusesOtherCallers(address other) external {
        vm.assume(other != address(certifier));
        Deal memory deal = sealOne(batchOf());
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkNotTheCertifier.selector, address(certifier), other));
        vm.prank(other);
        clerk.settle(deal, none(), refund(deal));
    }

    function test_refusesAnotherRegisteredCertifier() external {
        Deal memory deal = sealOne(batchOf());
        OpenCertifier other = newCertifier();
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkNotTheCertifier.selector, address(certifier), address(other))
        );
        other.settle(deal, none(), refund(deal));
    }

    function test_refusesAClosedDeal() external {
        Deal memory deal = sealOne(batchOf());
        for (uint256 i = 0; i < VOLUME; ++i) {
            certifier.settle(deal, none(), refund(deal));
        }
        // Another deal of the same parties has enough locked to pay it again.
        PoolOrder memory p = poolOrder();
        AppOrder memory a = appOrder();
        RequestOrder memory r = requestOrder();
        (a.conditions.salt, p.conditions.salt, r.conditions.salt) = ("2", "2", "2");
        sealOne(batchOf(a, p, r));
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkDealClosed.selector, deal.dealId()));
        certifier.settle(deal, none(), refund(deal));
    }

    function testFuzz_refusesWhatDoesNotBalance(uint64 a, uint64 b) external {
        Deal memory deal = sealOne(batchOf());
        (a, b) = (uint64(bound(a, 0, 3 * UNIT)), uint64(bound(b, 0, 3 * UNIT)));
        vm.assume(a + b != UNIT + STAKE);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkUnbalanced.selector, UNIT + STAKE, a + b));
        certifier.settle(deal, none(), two(requester, a, appOwner, b));
    }

    function test_refusesASumThatWrapsAround() external {
        Deal memory deal = sealOne(batchOf());
        // 2^64 + unit + stake in all: balances of 64 bits could not tell it from unit + stake.
        vm.expectRevert();
        certifier.settle(deal, none(), two(requester, type(uint64).max, requester, UNIT + STAKE + 1));
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkUnbalanced.selector, UNIT + STAKE, (1 << 64) + UNIT + STAKE)
        );
        certifier.settle(deal, none(), two(stranger, type(uint64).max, appOwner, UNIT + STAKE + 1));
    }

    function test_refusesNoCredits() external {
        Deal memory deal = sealOne(batchOf());
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkUnbalanced.selector, UNIT + STAKE, 0));
        certifier.settle(deal, none(), none());
    }

    function test_refusesToSeizeBeyondTheBond() external {
        Deal memory deal = sealOne(batchOf());
        bond(certifier, stranger, 10);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, stranger, address(certifier), 10, 11));
        certifier.settle(deal, one(stranger, 11), one(requester, UNIT + STAKE + 11));
    }

    function test_refusesToSeizeAnothersBond() external {
        Deal memory deal = sealOne(batchOf());
        OpenCertifier other = newCertifier();
        bond(other, stranger, 10);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, stranger, address(certifier), 0, 1));
        certifier.settle(deal, one(stranger, 1), one(requester, UNIT + STAKE + 1));
    }

    function test_refusesToSeizeWhatDealsLock() external {
        Deal memory deal = sealOne(batchOf());
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, requester, address(certifier), 0, 1));
        certifier.settle(deal, one(requester, 1), one(stranger, UNIT + STAKE + 1));
    }

    function testFuzz_paysOneUnit(uint64 toApp, uint64 toPool, uint64 seized) external {
        bond(certifier, stranger, 100);
        Deal memory deal = sealOne(batchOf());
        seized = uint64(bound(seized, 0, 100));
        uint64 held = UNIT + STAKE + seized;
        toApp = uint64(bound(toApp, 0, held));
        toPool = uint64(bound(toPool, 0, held - toApp));
        uint64 poolFree = free(poolOwner);
        uint64 buyerFree = free(requester);

        Entry[] memory credits = new Entry[](3);
        credits[0] = entry(appOwner, toApp);
        credits[1] = entry(poolOwner, toPool);
        credits[2] = entry(requester, held - toApp - toPool);
        vm.expectEmit(address(clerk));
        emit IClerk.UnitSettled(deal.dealId(), VOLUME - 1, seized);
        certifier.settle(deal, one(stranger, seized), credits);

        assertEq(free(appOwner), toApp, "app owner");
        assertEq(free(poolOwner), poolFree + toPool, "pool owner");
        assertEq(free(requester), buyerFree + held - toApp - toPool, "requester");
        assertEq(locked(requester), (VOLUME - 1) * UNIT, "the other units stay locked");
        assertEq(locked(poolOwner), (VOLUME - 1) * STAKE, "and their stake");
        assertEq(locked(stranger), 100 - seized, "and the rest of the bond");
        assertEq(clerk.checkDeal(deal).openUnits, VOLUME - 1, "one unit fewer");
    }

    function test_keepsTheFillOfTheRequest() external {
        Deal memory deal = sealOne(batchOf());
        certifier.settle(deal, none(), refund(deal));
        assertEq(clerk.filled(Leg.Request, requester, 0), VOLUME, "settling gives no volume back");
    }

    function test_settlesADealThatCostsNothing() external {
        certifier.setTerms(Refusal.None, 0, 0);
        AppOrder memory a = appOrder();
        PoolOrder memory p = poolOrder();
        (a.price, p.price) = (0, 0);
        setFree(requester, 0);
        setFree(poolOwner, 0);
        Deal memory deal = sealOne(batchOf(a, p, requestOrder()));
        certifier.settle(deal, none(), none());
        assertEq(clerk.checkDeal(deal).openUnits, VOLUME - 1, "settled");
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkUnbalanced.selector, 0, 1));
        certifier.settle(deal, none(), one(stranger, 1));
    }
}
