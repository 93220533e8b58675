// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, Entry, IClerk} from "../../../../contracts/interfaces/IClerk.sol";
import {
    Operator,
    POWER_POOL_ORDER,
    POWER_REQUEST_ORDER,
    POWER_SPONSORSHIP
} from "../../../../contracts/interfaces/IKeyring.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, operator keys
///   given a key without the power, of another account, revoked or a second past its last
///                                                it should refuse: BadSignature
///   given more than the key's limit, over all of its orders' deals
///                                                it should refuse: OperatorLimit, of the leg whose money it is
///   given a payer who owns the pool              it should ask each key for what it locks, one key for both
///   given a sponsor's operator                   it should count against that key's limit of the sponsor's
///   given a sponsored request by an operator     it should count nothing against that key
///   given the key itself as a caller             it should not reach the account's money, orders or keys
contract SealOperatorsTest is MarketTest {
    uint64 private constant PRICE = VOLUME * (APP_PRICE + POOL_PRICE);
    uint64 private constant STAKES = VOLUME * STAKE;

    /// @dev A batch whose `leg` the operator signed.
    function _by(Batch memory batch, Leg leg) private view returns (Batch memory) {
        setSignature(batch, leg, signature(OPERATOR_KEY, hashOf(batch, leg)));
        return batch;
    }

    /// @dev Match number `n`: fresh salts, so that only money limits it.
    function _numbered(uint256 n) private view returns (Batch memory) {
        (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) = (appOrder(), poolOrder(), requestOrder());
        (a.conditions.salt, p.conditions.salt, r.conditions.salt) = (bytes32(n), bytes32(n), bytes32(n));
        return batchOf(a, p, r);
    }

    function testFuzz_needsTheVeryPower(uint8 seed, uint16 powers) external {
        Leg leg = Leg(seed % 4);
        Batch memory batch = _by(batchWithDataset(), leg);
        refused(batch, leg, Refusal.BadSignature);
        grant(signerOf(leg), powers & ~powerOf(leg), type(uint64).max);
        refused(batch, leg, Refusal.BadSignature);
        grant(signerOf(leg), powers | powerOf(leg), type(uint64).max);
        assertEq(sealOne(batch).volume, VOLUME, "sealed");
    }

    function testFuzz_isNobodyElses(uint8 seed, address other) external {
        Leg leg = Leg(seed % 4);
        vm.assume(other != signerOf(leg) && other != operator);
        grant(other, type(uint16).max, type(uint64).max);
        refused(_by(batchWithDataset(), leg), leg, Refusal.BadSignature);
    }

    function testFuzz_endsToTheSecond(uint8 seed, uint32 late) external {
        Leg leg = Leg(seed % 4);
        uint256 until = block.timestamp + 1 hours;
        Batch memory batch = _by(batchWithDataset(), leg);
        vm.prank(signerOf(leg));
        keyring.setOperator(operator, Operator(powerOf(leg), type(uint64).max, uint40(until)));
        vm.warp(until + bound(late, 1, 20 hours));
        refused(batch, leg, Refusal.BadSignature);
        vm.warp(until);
        assertEq(sealOne(batch).volume, VOLUME, "sealed in its last second");
    }

    function test_endsWhenRevoked() external {
        grant(requester, POWER_REQUEST_ORDER, type(uint64).max);
        Batch memory batch = _by(batchOf(), Leg.Request);
        grant(requester, 0, type(uint64).max);
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function testFuzz_spendsNoMoreThanTheLimit(bool buys, uint64 spare) external {
        (Leg leg, uint64 each) = buys ? (Leg.Request, PRICE) : (Leg.Pool, STAKES);
        spare = uint64(bound(spare, 0, each - 1));
        grant(signerOf(leg), powerOf(leg), 2 * each + spare);
        for (uint64 i = 1; i <= 2; ++i) {
            sealOne(_by(_numbered(i), leg));
            assertEq(clerk.spentBy(signerOf(leg), operator), i * each, "counted");
        }
        refused(_by(_numbered(3), leg), leg, Refusal.OperatorLimit);
        // Revoking and naming it again does not forget.
        grant(signerOf(leg), 0, 0);
        grant(signerOf(leg), powerOf(leg), 3 * each - 1);
        refused(_by(_numbered(3), leg), leg, Refusal.OperatorLimit);
        grant(signerOf(leg), powerOf(leg), 3 * each);
        sealOne(_by(_numbered(3), leg));
        assertEq(sealOne(_numbered(4)).volume, VOLUME, "the account's own key knows no limit");
        assertEq(clerk.spentBy(signerOf(leg), operator), 3 * each, "and counts nowhere");
    }

    function test_sellersOfUseLockNothing() external {
        grant(appOwner, powerOf(Leg.App), 0);
        grant(datasetOwner, powerOf(Leg.Dataset), 0);
        sealOne(_by(_by(batchWithDataset(), Leg.App), Leg.Dataset));
    }

    /// @dev The requester owns the pool too; its own key, or the operator, signs each of the two orders.
    function _ownPool(bool buys, bool sells) private view returns (Batch memory batch) {
        batch = batchOf();
        bytes32 hash = hashOf(batch, Leg.Pool);
        setSignature(batch, Leg.Pool, signature(sells ? OPERATOR_KEY : REQUESTER_KEY, hash));
        if (buys) _by(batch, Leg.Request);
    }

    function testFuzz_asksEachKeyForWhatItLocks(bool buys, bool sells) external {
        vm.assume(buys || sells);
        transfer(pool, poolOwner, requester);
        uint64 needed = (buys ? PRICE : 0) + (sells ? STAKES : 0);
        grant(requester, POWER_POOL_ORDER | POWER_REQUEST_ORDER, needed - 1);
        refused(_ownPool(buys, sells), sells ? Leg.Pool : Leg.Request, Refusal.OperatorLimit);
        grant(requester, POWER_POOL_ORDER | POWER_REQUEST_ORDER, needed);
        sealOne(_ownPool(buys, sells));
        assertEq(clerk.spentBy(requester, operator), needed, "what it signed for");
        assertEq(locked(requester), PRICE + STAKES, "both are locked");
    }

    function test_asksTwoKeysEachForItsOwn() external {
        transfer(pool, poolOwner, requester);
        vm.prank(requester);
        keyring.setOperator(stranger, Operator(POWER_POOL_ORDER, STAKES, uint40(block.timestamp)));
        grant(requester, POWER_REQUEST_ORDER, PRICE);
        Batch memory batch = _ownPool(true, false);
        setSignature(batch, Leg.Pool, signature(STRANGER_KEY, hashOf(batch, Leg.Pool)));
        sealOne(batch);
        assertEq(clerk.spentBy(requester, operator), PRICE, "the buyer's key");
        assertEq(clerk.spentBy(requester, stranger), STAKES, "the pool's key");
    }

    function test_countsASponsorsKeyAgainstTheSponsors() external {
        fund(sponsor, FUNDS);
        Batch memory batch = sponsoredBatch(type(uint64).max);
        bytes32 hash = sponsorshipHash(batch.sponsorships[0], hashOf(batch, Leg.Request));
        batch.sponsorships[0].signature = signature(OPERATOR_KEY, hash);
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
        grant(sponsor, POWER_REQUEST_ORDER, type(uint64).max);
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
        grant(sponsor, POWER_SPONSORSHIP, PRICE - 1);
        refused(batch, Leg.Request, Refusal.OperatorLimit);
        grant(sponsor, POWER_SPONSORSHIP, PRICE);
        sealOne(batch);
        assertEq(clerk.spentBy(sponsor, operator), PRICE, "the sponsor's");
        assertEq(clerk.spentBy(requester, operator), 0, "not the requester's");
    }

    function test_countsNothingAgainstTheRequestersKey() external {
        fund(sponsor, FUNDS);
        grant(requester, POWER_REQUEST_ORDER, 0);
        sealOne(_by(sponsoredBatch(PRICE), Leg.Request));
        assertEq(clerk.spentBy(requester, operator), 0, "the sponsor pays");
        assertEq(clerk.spentBy(sponsor, operator), 0, "by its own key");
    }

    function test_reachesNothingAsACaller() external {
        grant(requester, type(uint16).max, type(uint64).max);
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, operator, 0, 1));
        clerk.withdraw(1);
        Entry[] memory credits = one(stranger, 1);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, operator, 0, 1));
        clerk.pay(credits);
        clerk.allowCertifier(address(certifier), 1_000);
        clerk.raiseEpoch(7);
        clerk.cancel(Leg.Request, new bytes32[](1));
        keyring.setOperator(stranger, Operator(type(uint16).max, type(uint64).max, type(uint40).max));
        vm.stopPrank();
        assertEq(clerk.bondOf(requester, address(certifier)).allowance, 0, "no allowance of the account's");
        assertTrue(!keyring.mayAct(requester, stranger, POWER_REQUEST_ORDER), "no key of its own choice");
        assertEq(sealOne(batchOf()).volume, VOLUME, "epoch and orders are as they were");
    }
}
