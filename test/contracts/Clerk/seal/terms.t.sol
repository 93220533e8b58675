// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, Match, SignedPoolOrder, SignedRequestOrder, Terms} from "../../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {Foreign} from "../../support/Foreign.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {OneQuestion, Period, PriceSteps} from "../../support/TermsContracts.sol";
import {vm} from "../../support/Vm.sol";

/// seal, terms
///   given terms that nobody brought, or other data or another checker than was signed
///                                              it should refuse: TermsNotMet
///   given a checker that says no, two, less than a word, nothing, reverts, burns gas, bombs, changes state, has no code
///                                              it should refuse: TermsNotMet, at a bounded cost
///   given terms on several legs                it should ask each about its own
///   given a match whose deal an earlier one of the batch changed
///                                              it should refuse: TermsNotMet; without terms it seals what is left
///   given a checker that says yes              it should seal the very deal that was shown
contract SealTermsTest is MarketTest {
    bytes32 private constant YES = bytes32(uint256(1));

    function _foreign(Foreign.Manner manner, bytes32 word) private returns (address) {
        return address(new Foreign(manner, word, clerk));
    }

    function _batch(Leg leg, address checker, bytes memory data) private view returns (Batch memory batch) {
        batch = batchWithDataset();
        setTerms(batch, leg, checker, data);
    }

    function testFuzz_refusesTermsNotBrought(uint8 leg, bytes32 hash) external {
        vm.assume(hash != 0);
        Batch memory batch = batchWithDataset();
        conditionsOf(batch, Leg(leg % 4)).terms = hash;
        resign(batch, Leg(leg % 4));
        refused(batch, Leg(leg % 4), Refusal.TermsNotMet);
    }

    function testFuzz_refusesOtherData(uint8 leg, bytes calldata agreed, bytes calldata brought) external {
        vm.assume(keccak256(agreed) != keccak256(brought));
        Batch memory batch = _batch(Leg(leg % 4), _foreign(Foreign.Manner.Word, YES), agreed);
        batch.terms[0].data = brought;
        refused(batch, Leg(leg % 4), Refusal.TermsNotMet);
        batch.terms[0].data = agreed;
        assertEq(sealOne(batch).volume, VOLUME, "the agreed is taken");
    }

    function testFuzz_refusesAnotherChecker(uint8 leg, bytes calldata data) external {
        Batch memory batch = _batch(Leg(leg % 4), _foreign(Foreign.Manner.Word, 0), data);
        batch.terms[0].checker = _foreign(Foreign.Manner.Word, YES);
        refused(batch, Leg(leg % 4), Refusal.TermsNotMet);
    }

    function testFuzz_refusesAnyOtherAnswer(uint8 leg, bytes32 word) external {
        vm.assume(word != YES);
        refused(_batch(Leg(leg % 4), _foreign(Foreign.Manner.Word, word), ""), Leg(leg % 4), Refusal.TermsNotMet);
    }

    function test_refusesTheIllMannered() external {
        for (uint256 manner = 1; manner <= uint256(type(Foreign.Manner).max); ++manner) {
            if (Foreign.Manner(manner) == Foreign.Manner.Slow) continue;
            Batch memory batch = _batch(Leg.App, _foreign(Foreign.Manner(manner), YES), "");
            refused(batch, Leg.App, Refusal.TermsNotMet);
            uint256 gas = gasleft();
            clerk.seal(batch, false);
            assertLe(gas - gasleft(), 400_000, "its cost is bounded");
        }
    }

    function testFuzz_refusesACheckerWithoutCode(address nobody) external {
        vm.assume(nobody.code.length == 0);
        refused(_batch(Leg.Pool, nobody, ""), Leg.Pool, Refusal.TermsNotMet);
    }

    function testFuzz_cannotBeStarved(uint256 gas) external {
        Batch memory batch = _batch(Leg.Pool, _foreign(Foreign.Manner.Slow, YES), "");
        gas = bound(gas, 30_000, 900_000);
        vm.prank(broker);
        try clerk.seal{gas: gas}(batch, false) returns (uint256 count) {
            assertEq(count, 1, "with enough gas it is sealed, with less it reverts");
        } catch {}
    }

    function testFuzz_showsTheVeryDeal(uint8 leg, bytes calldata data) external {
        OneQuestion checker = new OneQuestion();
        Batch memory batch = _batch(Leg(leg % 4), address(checker), data);
        refused(batch, Leg(leg % 4), Refusal.TermsNotMet);
        // What is sealed without terms is what the draft should be, but for what the certifier adds.
        Batch memory plain = batchWithDataset();
        uint256 before = vm.snapshotState();
        Deal memory draft = sealOne(plain);
        vm.revertToState(before);
        (draft.poolStake, draft.frozen) = (0, 0);
        checker.set(Leg(leg % 4), hashOf(batch, Leg(leg % 4)), draft, data);
        Deal memory deal = sealOne(batch);
        (deal.poolStake, deal.frozen) = (0, 0);
        assertEq(keccak256(abi.encode(deal)), keccak256(abi.encode(draft)), "and is what is sealed");
    }

    function testFuzz_asksEveryLeg(uint8 no) external {
        // All four orders have terms; the one that says no is the one to blame. Those brought come in any order.
        no = no % 5;
        Batch memory batch = batchWithDataset();
        for (uint256 i = 4; i > 0; --i) {
            bytes32 word = i - 1 == no ? bytes32(0) : YES;
            setTerms(batch, Leg(i - 1), _foreign(Foreign.Manner.Word, word), abi.encode(i));
        }
        if (no < 4) refused(batch, Leg(no), Refusal.TermsNotMet);
        else sealOne(batch);
    }

    function test_ignoresTermsThatNobodyHas() external {
        Batch memory batch = batchOf();
        batch.terms = new Terms[](1);
        batch.terms[0] = Terms(_foreign(Foreign.Manner.Burn, 0), "of no order");
        assertEq(sealOne(batch).volume, VOLUME, "nobody is asked");
    }

    // ── Terms of use ─────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_priceSteps(uint32 volume, uint64 price) external {
        volume = uint32(bound(volume, 1, 40));
        price = uint64(bound(price, 0, 2_000));
        PriceSteps.Step[] memory steps = new PriceSteps.Step[](3);
        (steps[0].volume, steps[0].price) = (1, 1_000);
        (steps[1].volume, steps[1].price) = (12, 900);
        (steps[2].volume, steps[2].price) = (30, 700);
        (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) = (appOrder(), poolOrder(), requestOrder());
        (a.conditions.volume, p.conditions.volume, r.conditions.volume) = (100, 100, volume);
        (p.price, r.maxPoolPrice) = (price, price);
        Batch memory batch = batchOf(a, p, r);
        setTerms(batch, Leg.Pool, address(new PriceSteps()), abi.encode(steps));
        uint64 least =
            volume < 12
                ? 1_000
                : volume < 30
                    ? 900
                    : 700;
        if (price < least) refused(batch, Leg.Pool, Refusal.TermsNotMet);
        else assertEq(sealOne(batch).volume, volume, "sealed");
    }

    function testFuzz_aPeriod(uint8 leg, uint32 from, uint32 length, uint32 now_) external {
        uint256 begin = block.timestamp;
        (from, now_, length) = (from % 1_000, now_ % 1_000, length % 500);
        bytes memory data = abi.encode(begin + from, begin + from + length);
        Batch memory batch = _batch(Leg(leg % 4), address(new Period()), data);
        vm.warp(begin + now_);
        if (now_ < from || now_ > from + length) refused(batch, Leg(leg % 4), Refusal.TermsNotMet);
        else sealOne(batch);
    }

    // ── Batches ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Two requests of `volume` each for one pool of 10, whose order has terms or has none.
    function _two(uint32 volume, bool terms) private returns (Batch memory batch) {
        AppOrder memory a = appOrder();
        a.conditions.volume = 100;
        batch = batchOf(a, poolOrder(), requestOrder());
        if (terms) setTerms(batch, Leg.Pool, _foreign(Foreign.Manner.Word, YES), "");
        batch.requests = new SignedRequestOrder[](2);
        batch.matches = new Match[](2);
        for (uint16 i = 0; i < 2; ++i) {
            RequestOrder memory r = requestOrder();
            (r.conditions.volume, r.conditions.salt) = (volume, bytes32(uint256(i)));
            batch.requests[i] = signed(r);
            batch.matches[i] = Match(0, NO_DATASET, 0, i);
        }
    }

    function testFuzz_refusesADealThatWasNotShown(uint8 size) external {
        uint32 volume = uint32(bound(size, 1, 9));
        uint32 left = 10 - volume;
        bool changed = left < volume;
        uint256 before = vm.snapshotState();
        Deal[] memory deals = sealAll(_two(volume, false));
        assertEq(deals.length, 2, "without terms the rest is sealed");
        assertEq(deals[1].volume, changed ? left : volume, "smaller");
        vm.revertToState(before);
        deals = sealAll(_two(volume, true));
        assertEq(deals.length, changed ? 1 : 2, "with terms only what was shown");
        assertEq(clerk.filled(Leg.Pool, poolOwner, 0), changed ? volume : 2 * volume, "and taken");
    }

    function _poolOf4(bytes32 salt) private view returns (PoolOrder memory p) {
        p = poolOrder();
        (p.conditions.volume, p.conditions.salt) = (4, salt);
    }

    function test_refusesALaterFirstTask() external {
        // One request, sealed in a batch with two pools: its second deal would be of as many tasks, but later ones.
        Batch memory batch = batchOf(appOrder(), _poolOf4("1"), requestOrder());
        setTerms(batch, Leg.Request, _foreign(Foreign.Manner.Word, YES), "");
        batch.pools = new SignedPoolOrder[](2);
        (batch.pools[0], batch.pools[1]) = (signed(_poolOf4("1")), signed(_poolOf4("2")));
        batch.matches = new Match[](2);
        batch.matches[0] = Match(0, NO_DATASET, 0, 0);
        batch.matches[1] = Match(0, NO_DATASET, 1, 0);
        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 1, "in one batch the second is refused");
        assertEq(deals[0].firstTask, 0, "the first was shown");

        batch.matches = new Match[](1);
        batch.matches[0] = Match(0, NO_DATASET, 1, 0);
        assertEq(sealOne(batch).firstTask, 4, "in a batch of its own it is asked anew");
    }

    function test_asksDatasetsTermsOnlyWhereOneIsUsed() external {
        DatasetOrder memory d = datasetOrder();
        d.conditions.terms = "never met";
        Batch memory batch = batchOf(appOrder(), d, poolOrder(), requestOrder());
        batch.matches[0].dataset = NO_DATASET;
        assertEq(sealOne(batch).volume, VOLUME, "sealed without it");
    }
}
