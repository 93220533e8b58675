// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch} from "../../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AssetId, AssetKind, RequestId} from "../../../../contracts/types/Ids.sol";
import {AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {Foreign} from "../../support/Foreign.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {OpenCertifier} from "../../support/OpenCertifier.sol";
import {vm} from "../../support/Vm.sol";

/// seal, the orders of a match together
///   given another app                          it should refuse: OtherApp
///   given another dataset, or one unwanted     it should refuse: OtherDataset
///   given a dataset wanted and none there      it should refuse: DatasetMissing
///   given another category                     it should refuse: OtherCategory
///   given another certifier on a leg           it should refuse: OtherCertifier
///   given a price above the bid on a leg       it should refuse: PriceAboveBid
///   given less trust than app or dataset ask, or more than the pool serves
///                                              it should refuse: TrustNotMet
///   given a tag of request, app or dataset that the pool lacks
///                                              it should refuse: TagNotMet
///   given a certifier not registered           it should refuse: CertifierNotRegistered
///   given a certifier that reverts, or answers less than it has to
///                                              it should revert as that did, whatever else the batch holds
///   given a certifier that refuses             it should refuse as it says, of the pool
///   otherwise                                  it should freeze all that was agreed in the deal
contract SealRulesTest is MarketTest {
    AppOrder private a;
    DatasetOrder private d;
    PoolOrder private p;
    RequestOrder private r;

    function setUp() public override {
        super.setUp();
        (a, d, p, r) = (appOrder(), datasetOrder(), poolOrder(), requestOrder());
        r.dataset = dataset;
    }

    function _refused(Leg leg, Refusal refusal) private {
        refused(batchOf(a, d, p, r), leg, refusal);
    }

    function test_refusesAnotherApp() external {
        r.app = register(appOwner, AssetKind.App, "another");
        _refused(Leg.App, Refusal.OtherApp);
    }

    function test_refusesAnotherDataset() external {
        r.dataset = register(datasetOwner, AssetKind.Dataset, "another");
        _refused(Leg.Dataset, Refusal.OtherDataset);
    }

    function test_refusesADatasetUnwanted() external {
        r.dataset = AssetId.wrap(0);
        _refused(Leg.Dataset, Refusal.OtherDataset);
    }

    function test_refusesNoDatasetWhereOneIsWanted() external {
        refused(batchOf(a, p, r), Leg.Dataset, Refusal.DatasetMissing);
    }

    function testFuzz_refusesAnotherCategory(uint16 offered, uint16 wanted) external {
        vm.assume(offered != wanted);
        (p.category, r.category) = (offered, wanted);
        _refused(Leg.Pool, Refusal.OtherCategory);
    }

    function testFuzz_refusesAnotherCertifier(uint8 leg, address other) external {
        vm.assume(other != address(certifier));
        leg = uint8(bound(leg, 1, 3));
        if (leg == 1) a.conditions.certifier = other;
        if (leg == 2) d.conditions.certifier = other;
        if (leg == 3) p.conditions.certifier = other;
        _refused(Leg(leg), Refusal.OtherCertifier);
    }

    function testFuzz_refusesAPriceAboveTheBid(uint8 leg, uint64 price, uint64 bid) external {
        leg = uint8(bound(leg, 1, 3));
        bid = uint64(bound(bid, 0, type(uint64).max - 1));
        price = uint64(bound(price, uint256(bid) + 1, type(uint64).max));
        if (leg == 1) (a.price, r.maxAppPrice) = (price, bid);
        if (leg == 2) (d.price, r.maxDatasetPrice) = (price, bid);
        if (leg == 3) (p.price, r.maxPoolPrice) = (price, bid);
        _refused(Leg(leg), Refusal.PriceAboveBid);
    }

    function testFuzz_paysTheSellersPrice(uint64 appPrice, uint64 appBid, uint64 poolPrice, uint64 poolBid) external {
        appPrice = uint64(bound(appPrice, 0, 10_000));
        poolPrice = uint64(bound(poolPrice, 0, 10_000));
        (a.price, r.maxAppPrice) = (appPrice, uint64(bound(appBid, appPrice, type(uint64).max)));
        (p.price, r.maxPoolPrice) = (poolPrice, uint64(bound(poolBid, poolPrice, type(uint64).max)));
        sealOne(batchOf(a, d, p, r));
        assertEq(locked(requester), VOLUME * (appPrice + poolPrice + DATASET_PRICE), "not the bid");
    }

    function testFuzz_refusesTooLittleTrust(uint8 leg, uint32 floor, uint32 wanted) external {
        leg = uint8(bound(leg, 1, 3));
        wanted = uint32(bound(wanted, 0, type(uint32).max - 1));
        floor = uint32(bound(floor, uint256(wanted) + 1, type(uint32).max));
        (r.trust, p.trust) = (wanted, type(uint32).max);
        if (leg == 1) a.trust = floor;
        if (leg == 2) d.trust = floor;
        if (leg == 3) (r.trust, p.trust) = (floor, wanted);
        _refused(Leg(leg), Refusal.TrustNotMet);
    }

    function testFuzz_sealsAtTheTrustItself(uint32 trust) external {
        (a.trust, d.trust, r.trust, p.trust) = (trust, trust, trust, trust);
        assertEq(sealOne(batchOf(a, d, p, r)).trust, trust, "the request's");
    }

    function testFuzz_refusesATagThePoolLacks(uint8 leg, uint8 bit, bytes32 offered) external {
        leg = uint8(bound(leg, 0, 2));
        bytes32 need = bytes32(uint256(1) << bit);
        p.tag = offered & ~need;
        if (leg == 0) r.tag = need;
        if (leg == 1) a.tag = need;
        if (leg == 2) d.tag = need;
        _refused(Leg.Pool, Refusal.TagNotMet);
    }

    function testFuzz_freezesEveryTagNeeded(bytes32 x, bytes32 y, bytes32 z, bytes32 more) external {
        (r.tag, a.tag, d.tag, p.tag) = (x, y, z, x | y | z | more);
        assertEq(sealOne(batchOf(a, d, p, r)).tag, x | y | z, "the deal's tag is all of them");
        r.dataset = AssetId.wrap(0);
        (r.conditions.salt, a.conditions.salt, p.conditions.salt) = ("2", "2", "2");
        assertEq(sealOne(batchOf(a, p, r)).tag, x | y, "and without a dataset");
    }

    function testFuzz_refusesACertifierNotRegistered(address unknown) external {
        vm.assume(!clerk.isCertifier(unknown));
        a.conditions.certifier = unknown;
        d.conditions.certifier = unknown;
        p.conditions.certifier = unknown;
        r.conditions.certifier = unknown;
        _refused(Leg.Request, Refusal.CertifierNotRegistered);
    }

    function testFuzz_refusesAsTheCertifierSays(uint8 seed) external {
        Refusal refusal = Refusal(bound(seed, uint256(Refusal.PoolNotOpen), uint256(type(Refusal).max)));
        certifier.setTerms(refusal, STAKE, FROZEN);
        _refused(Leg.Pool, refusal);
    }

    /// With whatever it said: it was registered by governance, and who sealed has to see that it is broken.
    function testFuzz_aCertifierThatRevertsOrAnswersLessStopsTheBatch(
        uint8 manner,
        bytes32 word,
        bool strict
    ) external {
        Foreign.Manner[4] memory broken = [
            Foreign.Manner.Word,
            Foreign.Manner.Short,
            Foreign.Manner.Nothing,
            Foreign.Manner.Revert
        ];
        Foreign certifier_ = new Foreign(broken[manner % 4], word, clerk);
        vm.prank(governance);
        clerk.registerCertifier(address(certifier_), true);
        (a.conditions.certifier, d.conditions.certifier) = (address(certifier_), address(certifier_));
        (p.conditions.certifier, r.conditions.certifier) = (address(certifier_), address(certifier_));
        Batch memory batch = batchOf(a, d, p, r);
        bytes memory said = abi.encode(word);
        if (manner % 4 == 1) said = abi.encodePacked(bytes31(word));
        if (manner % 4 == 2) said = "";
        if (manner % 4 == 3) said = abi.encodeWithSignature("Error(string)", "no");
        vm.expectRevert(said);
        clerk.seal(batch, strict);
    }

    function testFuzz_tellsTheCertifierWhatSeatsAreWanted(uint32 seats, uint64 stake, bool lacksSeats) external {
        seats = uint32(bound(seats, 1, type(uint32).max));
        stake = uint64(bound(stake, 1, type(uint64).max));
        (r.minSeats, r.minSeatStake) = (seats, stake);
        certifier.setSeats(lacksSeats ? seats - 1 : seats, lacksSeats ? stake : stake - 1);
        _refused(Leg.Pool, lacksSeats ? Refusal.SeatsTooFew : Refusal.SeatStakeTooLow);
        certifier.setSeats(seats, stake);
        assertEq(sealOne(batchOf(a, d, p, r)).volume, VOLUME, "sealed");
    }

    function testFuzz_freezesWhatWasAgreed(
        address beneficiary,
        address callback,
        bytes32 attesters,
        bytes calldata params
    ) external {
        (r.beneficiary, r.callback, r.params) = (beneficiary, callback, params);
        r.attesters = only(AssetId.wrap(uint256(attesters)));
        Deal memory deal = sealOne(batchOf(a, d, p, r));
        assertEq(RequestId.unwrap(deal.requestId), keccak256(abi.encode(r.conditions.salt, requester)), "requestId");
        assertTrue(deal.app == app && deal.dataset == dataset && deal.pool == pool, "assets");
        assertEq(deal.appOwner, appOwner, "appOwner");
        assertEq(deal.datasetOwner, datasetOwner, "datasetOwner");
        assertEq(deal.poolOwner, poolOwner, "poolOwner");
        assertEq(deal.requester, requester, "requester");
        assertEq(deal.payer, requester, "payer");
        assertEq(deal.beneficiary, beneficiary, "beneficiary, whoever that is");
        assertEq(deal.callback, callback, "callback");
        assertEq(deal.certifier, address(certifier), "certifier");
        assertEq(deal.appPrice, APP_PRICE, "appPrice");
        assertEq(deal.datasetPrice, DATASET_PRICE, "datasetPrice");
        assertEq(deal.poolPrice, POOL_PRICE, "poolPrice");
        assertEq(deal.poolStake, STAKE, "poolStake");
        assertEq(deal.sealedAtBlock, block.number, "sealedAtBlock");
        assertEq(deal.firstTask, 0, "firstTask");
        assertEq(deal.volume, VOLUME, "volume");
        assertEq(deal.trust, 10, "trust");
        assertEq(deal.category, 1, "category");
        assertEq(deal.paramsHash, keccak256(params), "paramsHash");
        assertEq(bytes32(abi.encode(deal.attesters)), attesters, "attesters");
        assertEq(deal.frozen, FROZEN, "frozen");
        assertEq(clerk.checkDeal(deal).openUnits, VOLUME, "the Clerk knows it");
    }
}
