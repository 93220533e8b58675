// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, Sponsorship} from "../../../contracts/interfaces/IClerk.sol";
import {POWER_REQUEST_ORDER, POWER_SPONSORSHIP} from "../../../contracts/interfaces/IKeyring.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {AssetKind} from "../../../contracts/types/Ids.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// A requester and a pool in collusion against a sponsor's account, which holds 1,000,000. The sponsor signed for one
/// request of 10 tasks at 1,300 each: 13,000.
contract SponsorRobbedAttack is MarketTest {
    uint64 private constant PRICE = VOLUME * (APP_PRICE + POOL_PRICE);

    function setUp() public override {
        super.setUp();
        fund(sponsor, FUNDS);
    }

    function _lost() private view returns (uint256) {
        return FUNDS - free(sponsor);
    }

    /// @dev The word is replayed for more tasks of the same request: 13,000 at most, then the request is filled; and
    /// for a request of 100 tasks that was never shown to the sponsor: 0.
    function test_replayGetsNoMoreThanWasSigned() external {
        Batch memory batch = sponsoredBatch(type(uint64).max);
        sealOne(batch);
        for (uint256 i = 1; i <= 5; ++i) {
            (batch.apps[0].order.conditions.salt, batch.pools[0].order.conditions.salt) = (bytes32(i), bytes32(i));
            resign(batch, Leg.App);
            resign(batch, Leg.Pool);
            refused(batch, Leg.Request, Refusal.CancelledOrFilled);
        }
        batch.requests[0].order.conditions.volume = 100;
        resign(batch, Leg.Request);
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
        assertEq(_lost(), PRICE, "13,000 once");
    }

    /// @dev The pool owner asks 100,000 a task where the request bids 100,000: ten tasks would be 1,003,000, all the
    /// sponsor has. The cap of 13,000 stands against it, and one task alone is above it too.
    function testFuzz_overpricedPoolIsStoppedByTheCap(uint32 volume) external {
        volume = uint32(bound(volume, 1, VOLUME));
        (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) = (appOrder(), poolOrder(), requestOrder());
        (p.price, r.maxPoolPrice, r.sponsor, p.conditions.volume) = (100_000, 100_000, sponsor, volume);
        Batch memory batch = batchOf(a, p, r);
        batch.sponsorships = one(sponsorship(r, PRICE));
        refused(batch, Leg.Request, volume < 10 ? Refusal.SponsorCapTooLow : Refusal.PayerUnfunded);
        assertEq(_lost(), 0, "nothing");
    }

    /// @dev A word for a request of the requester's is brought with a request of another's that names the same sponsor.
    function testFuzz_anotherRequesterGetsNothing(uint64 cap) external {
        Batch memory batch = sponsoredBatch(cap);
        batch.requests[0].order.requester = stranger;
        setSignature(batch, Leg.Request, signature(STRANGER_KEY, hashOf(batch, Leg.Request)));
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
        assertEq(_lost(), 0, "nothing");
    }

    /// @dev A requester's operator names a sponsor that never signed; the operator of the sponsor for other things signs
    /// the word. Neither reaches the sponsor's money.
    function testFuzz_keysOfOtherPowersGetNothing(uint16 powers) external {
        grant(requester, type(uint16).max, type(uint64).max);
        grant(sponsor, powers & ~POWER_SPONSORSHIP, type(uint64).max);
        Batch memory batch = sponsoredBatch(PRICE);
        setSignature(batch, Leg.Request, signature(OPERATOR_KEY, hashOf(batch, Leg.Request)));
        bytes32 said = sponsorshipHash(batch.sponsorships[0], hashOf(batch, Leg.Request));
        batch.sponsorships[0].signature = signature(OPERATOR_KEY, said);
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
        assertEq(_lost(), 0, "nothing");
    }

    /// @dev The sponsor has run dry: 13,000 of the requester's 1,000,000 must not stand in for it, not by a batch either
    /// that seals a request of its own beside.
    function test_theRequestersMoneyNeverStandsIn() external {
        setFree(sponsor, PRICE - 1);
        refused(sponsoredBatch(PRICE), Leg.Request, Refusal.PayerUnfunded);
        assertEq(free(requester), FUNDS, "the requester keeps all");
    }

    /// @dev A sponsor is not committed by the request's own signature, whoever the requester is: the sponsor's operator
    /// for requests could otherwise sign a request of somebody else's in its name.
    function test_aRequestSignatureIsNoSponsorship() external {
        grant(sponsor, POWER_REQUEST_ORDER, type(uint64).max);
        Batch memory batch = sponsoredBatch(PRICE);
        batch.sponsorships[0].signature = signature(SPONSOR_KEY, hashOf(batch, Leg.Request));
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
        assertEq(_lost(), 0, "nothing");
    }
}
