// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, Entry, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {PoolOrder} from "../../../contracts/types/Orders.sol";
import {Leg} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {OpenCertifier} from "../support/OpenCertifier.sol";
import {vm} from "../support/Vm.sol";

/// A certifier with a bug, or with an evil owner, that governance registered. It holds one deal of 10 × (1,300 + 500) and
/// a bond of 1,000; another holds as much. Whatever it calls, it moves what is its own: 19,000.
contract CertifierReachAttack is MarketTest {
    uint64 private constant HELD = APP_PRICE + POOL_PRICE + STAKE;
    OpenCertifier private evil;
    Deal private own;
    Deal private others;

    function setUp() public override {
        super.setUp();
        evil = newCertifier();
        evil.setTerms(certifier.refusal(), STAKE, FROZEN);
        others = sealOne(batchOf());
        bond(certifier, stranger, 1_000);
        bond(evil, stranger, 1_000);
        OpenCertifier good = certifier;
        certifier = evil;
        Batch memory batch = batchOf();
        for (uint256 i = 0; i < 4; ++i) {
            if (Leg(i) == Leg.Dataset) continue;
            conditionsOf(batch, Leg(i)).salt = "evil";
            resign(batch, Leg(i));
        }
        own = sealOne(batch);
        certifier = good;
    }

    function test_cannotSettleOthersDeals() external {
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkNotTheCertifier.selector, address(certifier), address(evil))
        );
        evil.settle(others, none(), refund(others));
        // Nor by putting its own name into the content.
        Deal memory forged = others;
        forged.certifier = address(evil);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkDealUnknown.selector, forged.dealId()));
        evil.settle(forged, none(), refund(forged));
    }

    /// @dev Eleven times 1,800 of a deal that holds ten times 1,800.
    function test_cannotSettleAUnitTwice() external {
        for (uint256 i = 0; i < VOLUME; ++i) {
            evil.settle(own, none(), one(address(evil), HELD));
        }
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkDealClosed.selector, own.dealId()));
        evil.settle(own, none(), one(address(evil), HELD));
        assertEq(free(address(evil)), 10 * HELD, "18,000, its own deal's");
        assertEq(clerk.checkDeal(others).openUnits, VOLUME, "the other deal is whole");
    }

    /// @dev More than is held, in one credit, in many, or in a sum that wraps 64 bits: 2^64 + 1,800.
    function testFuzz_cannotCreditMore(uint64 more) external {
        more = uint64(bound(more, 1, type(uint64).max - HELD));
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkUnbalanced.selector, HELD, uint256(HELD) + more));
        evil.settle(own, none(), two(address(evil), HELD, stranger, more));
        Entry[] memory wrapped = two(address(evil), type(uint64).max, stranger, HELD + 1);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkUnbalanced.selector, HELD, (1 << 64) + HELD));
        evil.settle(own, none(), wrapped);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkUnbalanced.selector, 0, more));
        evil.slash(none(), one(address(evil), more));
    }

    /// @dev Its own bond is 1,000. The other certifier's 1,000 of the same account are not its own, nor are the 2,000,000 of
    /// requester and pool, locked or free.
    function testFuzz_cannotReachOthersBondsOrFreeMoney(uint64 amount) external {
        amount = uint64(bound(amount, 1_001, type(uint64).max - HELD));
        bytes memory low = abi.encodeWithSelector(
            IClerk.ClerkBondTooLow.selector,
            stranger,
            address(evil),
            1_000,
            amount
        );
        vm.expectRevert(low);
        evil.slash(one(stranger, amount), one(address(evil), amount));
        vm.expectRevert(low);
        evil.settle(own, one(stranger, amount), one(address(evil), HELD + amount));
        vm.expectRevert(low);
        evil.unbond(stranger, amount);
        // Twice what there is, in two entries.
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, stranger, address(evil), 0, 1_000));
        evil.slash(two(stranger, 1_000, stranger, 1_000), one(address(evil), 2_000));
        // Locked for deals, its own deal too, is no bond; and nobody allowed it to lock what is free.
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBondTooLow.selector, requester, address(evil), 0, 1));
        evil.slash(one(requester, 1), one(address(evil), 1));
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkAllowanceTooLow.selector, requester, address(evil), 0, 1));
        evil.bond(requester, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkAllowanceTooLow.selector, stranger, address(evil), 1_000, 1_001)
        );
        evil.bond(stranger, 1);
    }

    /// @dev A pool's stake as asked by the certifier is bounded by what the pool's owner has free, and is paid back only
    /// from there: a stake of 2^64 − 1 is refused, not wrapped.
    function test_cannotAskForAStakeThatWraps() external {
        evil.setTerms(certifier.refusal(), type(uint64).max, FROZEN);
        certifier = evil;
        PoolOrder memory p = poolOrder();
        p.conditions.salt = "more";
        Batch memory batch = batchOf(appOrder(), p, requestOrder());
        for (uint256 i = 0; i < 2; ++i) {
            conditionsOf(batch, Leg(i)).salt = "more";
            resign(batch, Leg(i));
        }
        assertEq(clerk.seal(batch, false), 0, "refused");
    }

    function test_afterAllItCouldDoOthersAreWhole() external {
        for (uint256 i = 0; i < VOLUME; ++i) {
            evil.settle(own, none(), one(address(evil), HELD));
        }
        evil.slash(one(stranger, 1_000), one(address(evil), 1_000));
        assertEq(free(address(evil)), 19_000, "18,000 and 1,000: its own");
        assertEq(locked(requester), VOLUME * (APP_PRICE + POOL_PRICE), "the other deal's price is there");
        assertEq(locked(poolOwner), VOLUME * STAKE, "its stake");
        assertEq(clerk.bondOf(stranger, address(certifier)).bonded, 1_000, "and the other bond");
    }
}
