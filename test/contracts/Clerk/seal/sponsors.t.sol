// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, Match, SignedRequestOrder, Sponsorship} from "../../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {KeyWallet} from "../../support/Foreign.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, sponsored requests
///   given no sponsorship, or another's signature      it should refuse: SponsorNotSigned
///   given one for another request                     it should refuse: SponsorNotSigned
///   given one a second past its last, or of another epoch of the sponsor's
///                                                     it should refuse: SponsorNotSigned
///   given a sponsor without the money                 it should refuse: PayerUnfunded
///   given more than the cap, over all deals           it should refuse: SponsorCapTooLow
///   given a requester that sponsors itself            it should hold it to the cap as anybody
///   given a request that is itself refused            it should tell that first
///   given several sponsored requests                  it should take the sponsorships in the order of the requests
///   given more sponsorships than needed               it should ignore them
///   otherwise                                         it should lock the sponsor's money; the requester's, never
contract SealSponsorsTest is MarketTest {
    uint64 private constant PRICE = VOLUME * (APP_PRICE + POOL_PRICE);

    function setUp() public override {
        super.setUp();
        fund(sponsor, FUNDS);
    }

    function _refused(Batch memory batch, Refusal refusal) private {
        refused(batch, Leg.Request, refusal);
        assertEq(free(requester), FUNDS, "the requester's money is untouched");
        assertEq(free(sponsor), FUNDS, "and the sponsor's");
        assertEq(clerk.sponsored(sponsor, hashOf(batch, Leg.Request)), 0, "nothing is counted");
    }

    function test_refusesNone() external {
        Batch memory batch = sponsoredBatch(PRICE);
        batch.sponsorships = new Sponsorship[](0);
        _refused(batch, Refusal.SponsorNotSigned);
    }

    function testFuzz_refusesAnothersSignature(uint64 key, bytes calldata rubbish) external {
        key = uint64(bound(key, 1, type(uint64).max));
        vm.assume(key != SPONSOR_KEY);
        Batch memory batch = sponsoredBatch(PRICE);
        resign(batch.sponsorships[0], key, batch.requests[0].order);
        _refused(batch, Refusal.SponsorNotSigned);
        batch.sponsorships[0].signature = rubbish;
        _refused(batch, Refusal.SponsorNotSigned);
    }

    function test_refusesTheRequestersOwn() external {
        Batch memory batch = sponsoredBatch(PRICE);
        resign(batch.sponsorships[0], REQUESTER_KEY, batch.requests[0].order);
        _refused(batch, Refusal.SponsorNotSigned);
        batch.sponsorships[0].signature = batch.requests[0].signature;
        _refused(batch, Refusal.SponsorNotSigned);
    }

    function testFuzz_refusesAnotherRequest(bytes32 salt) external {
        vm.assume(salt != 0);
        Batch memory batch = sponsoredBatch(PRICE);
        RequestOrder memory other = requestOrder();
        (other.sponsor, other.conditions.salt) = (sponsor, salt);
        resign(batch.sponsorships[0], SPONSOR_KEY, other);
        _refused(batch, Refusal.SponsorNotSigned);
    }

    function testFuzz_refusesAnyFieldChanged(uint64 cap, uint64 validUntil, uint64 epoch) external {
        Batch memory batch = sponsoredBatch(PRICE);
        Sponsorship memory s = batch.sponsorships[0];
        vm.assume(cap != s.cap || validUntil != s.validUntil || epoch != s.epoch);
        (s.cap, s.validUntil, s.epoch) = (cap, validUntil, epoch);
        _refused(batch, Refusal.SponsorNotSigned);
    }

    function testFuzz_endsToTheSecond(uint32 late) external {
        Batch memory batch = sponsoredBatch(PRICE);
        Sponsorship memory s = batch.sponsorships[0];
        s.validUntil = uint64(block.timestamp + 100);
        resign(s, SPONSOR_KEY, batch.requests[0].order);
        vm.warp(s.validUntil + bound(late, 1, 20 hours));
        _refused(batch, Refusal.SponsorNotSigned);
        vm.warp(s.validUntil);
        assertEq(sealOne(batch).payer, sponsor, "sealed in its last second");
    }

    function testFuzz_endsWithTheSponsorsEpoch(uint64 epoch) external {
        epoch = uint64(bound(epoch, 1, type(uint64).max));
        Batch memory batch = sponsoredBatch(PRICE);
        vm.prank(sponsor);
        clerk.raiseEpoch(epoch);
        _refused(batch, Refusal.SponsorNotSigned);
        batch.sponsorships[0].epoch = epoch;
        resign(batch.sponsorships[0], SPONSOR_KEY, batch.requests[0].order);
        assertEq(sealOne(batch).payer, sponsor, "one of the new epoch stands");
    }

    function testFuzz_refusesAnUnfundedSponsor(uint64 has) external {
        has = uint64(bound(has, 0, PRICE - 1));
        setFree(sponsor, has);
        refused(sponsoredBatch(PRICE), Leg.Request, Refusal.PayerUnfunded);
        assertEq(free(requester), FUNDS, "the requester's money does not stand in");
    }

    function testFuzz_refusesBeyondTheCap(uint64 cap) external {
        cap = uint64(bound(cap, 0, PRICE - 1));
        _refused(sponsoredBatch(cap), Refusal.SponsorCapTooLow);
    }

    function testFuzz_capsAllDealsTogether(uint8 parts, uint64 short) external {
        // A request of ten tasks, sealed one by one; the cap ends it a little before.
        uint64 each = APP_PRICE + POOL_PRICE;
        parts = uint8(bound(parts, 1, 9));
        short = uint64(bound(short, 1, each));
        (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) = (appOrder(), poolOrder(), requestOrder());
        (r.sponsor, p.conditions.volume) = (sponsor, 1);
        Sponsorship memory s = sponsorship(r, (parts + 1) * each - short);
        for (uint256 i = 0; i <= parts; ++i) {
            p.conditions.salt = bytes32(i);
            Batch memory batch = batchOf(a, p, r);
            batch.sponsorships = one(s);
            if (i == parts) {
                refused(batch, Leg.Request, Refusal.SponsorCapTooLow);
                // A second word with a higher cap goes on from what is spent.
                batch.sponsorships = one(sponsorship(r, (parts + 1) * each));
            }
            sealOne(batch);
            assertEq(clerk.sponsored(sponsor, hashOf(batch, Leg.Request)), (i + 1) * each, "counted");
        }
        assertEq(locked(sponsor), (parts + 1) * each, "the sponsor pays");
        assertEq(free(requester), FUNDS, "the requester nothing");
    }

    function testFuzz_holdsARequesterToItsOwnCap(uint64 cap) external {
        cap = uint64(bound(cap, 0, PRICE - 1));
        RequestOrder memory r = requestOrder();
        r.sponsor = requester;
        Batch memory batch = batchOf(appOrder(), poolOrder(), r);
        batch.sponsorships = one(sponsorship(r, cap));
        resign(batch.sponsorships[0], REQUESTER_KEY, r);
        refused(batch, Leg.Request, Refusal.SponsorCapTooLow);
        batch.sponsorships[0].cap = PRICE;
        resign(batch.sponsorships[0], REQUESTER_KEY, r);
        sealOne(batch);
        assertEq(clerk.sponsored(requester, clerk.hashRequestOrder(r)), PRICE, "counted");
    }

    function test_tellsFirstWhatIsWrongWithTheRequest() external {
        Batch memory batch = sponsoredBatch(PRICE);
        setSignature(batch, Leg.Request, "");
        _refused(batch, Refusal.BadSignature);
        batch.sponsorships = new Sponsorship[](0);
        _refused(batch, Refusal.BadSignature);
    }

    /// @dev Requests of the requester's: sponsored, its own, sponsored; one app, one pool.
    function _three(bool spoilFirst) private view returns (Batch memory batch) {
        (AppOrder memory a, PoolOrder memory p) = (appOrder(), poolOrder());
        (a.conditions.volume, p.conditions.volume) = (100, 100);
        batch = batchOf(a, p, requestOrder());
        batch.requests = new SignedRequestOrder[](3);
        batch.matches = new Match[](3);
        batch.sponsorships = new Sponsorship[](2);
        for (uint16 i = 0; i < 3; ++i) {
            RequestOrder memory r = requestOrder();
            (r.conditions.salt, r.sponsor) = (bytes32(uint256(i)), i == 1 ? address(0) : sponsor);
            batch.requests[i] = signed(r);
            if (i == 0 && spoilFirst) batch.requests[i].signature = "";
            batch.matches[i] = Match(0, NO_DATASET, 0, i);
            if (i != 1) batch.sponsorships[i / 2] = sponsorship(r, PRICE);
        }
    }

    function test_takesSponsorshipsInTheOrderOfRequests() external {
        Batch memory batch = _three(false);
        (batch.sponsorships[0], batch.sponsorships[1]) = (batch.sponsorships[1], batch.sponsorships[0]);
        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 1, "in the wrong order they are others' words");
        assertEq(deals[0].payer, requester, "only the second is sealed");

        deals = sealAll(_three(false));
        assertEq(deals.length, 2, "in the right order both are");
        assertEq(locked(sponsor), 2 * PRICE, "paid by the sponsor");
        assertEq(locked(requester), PRICE, "one was the requester's own");
    }

    function test_aRefusedRequestUsesItsSponsorshipUp() external {
        assertEq(sealAll(_three(true)).length, 2, "the third has its own word still");
    }

    function test_ignoresMoreThanNeeded() external {
        Batch memory batch = sponsoredBatch(PRICE);
        Sponsorship[] memory more = new Sponsorship[](3);
        more[0] = batch.sponsorships[0];
        batch.sponsorships = more;
        assertEq(sealOne(batch).payer, sponsor, "sealed");

        batch = batchOf();
        batch.requests[0].order.conditions.salt = "own";
        resign(batch, Leg.Request);
        (batch.apps[0].order.conditions.salt, batch.pools[0].order.conditions.salt) = ("own", "own");
        resign(batch, Leg.App);
        resign(batch, Leg.Pool);
        batch.sponsorships = more;
        assertEq(sealOne(batch).payer, requester, "who names no sponsor pays itself");
    }

    function test_takesPresignedAndSmartAccountsWords() external {
        Batch memory batch = sponsoredBatch(PRICE);
        batch.sponsorships[0].signature = "";
        presign(sponsor, sponsorshipHash(batch.sponsorships[0], hashOf(batch, Leg.Request)));
        uint256 before = vm.snapshotState();
        assertEq(sealOne(batch).payer, sponsor, "presigned");
        vm.revertToState(before);

        address wallet = address(new KeyWallet(stranger));
        fund(wallet, FUNDS);
        batch.requests[0].order.sponsor = wallet;
        resign(batch, Leg.Request);
        resign(batch.sponsorships[0], STRANGER_KEY, batch.requests[0].order);
        assertEq(sealOne(batch).payer, wallet, "by ERC-1271");
    }

    function test_refundsGoToTheSponsor() external {
        Deal memory deal = sealOne(sponsoredBatch(PRICE));
        assertEq(deal.requester, requester, "whose request it is");
        assertEq(locked(requester), 0, "nothing of the requester's");
        for (uint256 i = 0; i < VOLUME; ++i) {
            certifier.settle(deal, none(), refund(deal));
        }
        assertEq(free(sponsor), FUNDS, "all of it is back");
        assertEq(clerk.sponsored(sponsor, hashOf(sponsoredBatch(PRICE), Leg.Request)), PRICE, "and stays counted");
    }
}
