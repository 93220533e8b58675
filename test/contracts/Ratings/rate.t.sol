// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {POWER_PARCEL, POWER_PURCHASE_ORDER} from "../../../contracts/interfaces/IKeyring.sol";
import {IRatings, Rating} from "../../../contracts/interfaces/IRatings.sol";
import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, Stage} from "../../../contracts/types/Goods.sol";
import {ShopTest} from "../Hub/support/ShopTest.sol";
import {Deployer} from "../support/Deployer.sol";
import {vm} from "../support/Vm.sol";

/// rate
///   given stars other than 1 to 5                         it should revert
///   given a Receipt that is not the Clerk's certifier     it should revert, also one that is not any more
///   given a deal that was never sealed                    it should revert
///   given anyone but the buyer or its operator            it should revert, also an operator with another power
///   given a deal that was not paid in full                it should revert at every other stage
///   given less than the floor                             it should revert
///   given a deal that was rated                           it should revert
///   given a buyer's ratings that reach the cap            it should count, and weigh no more
///   otherwise                                             it should add stars by weight
contract RateTest is ShopTest {
    uint64 private constant FLOOR = 100;
    uint64 private constant CAP = 1_000;
    bytes32 private constant REVIEW = keccak256("good socks");

    IRatings private ratings;

    function setUp() public override {
        super.setUp();
        ratings = IRatings(Deployer.create("Ratings", abi.encode(clerk, FLOOR, CAP)));
    }

    function _paid(uint64 price, uint32 quantity) private returns (GoodsDeal memory deal) {
        deal = sell(receipt, OWNER_KEY, price, quantity);
        bring(deal, Stage.Paid);
    }

    function _rate(GoodsDeal memory deal, uint8 stars) private {
        vm.prank(buyer);
        ratings.rate(receipt, deal, stars, REVIEW);
    }

    function testFuzz_refusesStars(uint8 stars) external {
        vm.assume(stars == 0 || stars > 5);
        GoodsDeal memory deal = _paid(SALE_PRICE, 3);
        vm.expectRevert(abi.encodeWithSelector(IRatings.RatingsStarsInvalid.selector, stars));
        _rate(deal, stars);
    }

    function testFuzz_refusesWhatIsNoCertifier(address made) external {
        vm.assume(!clerk.isCertifier(made));
        GoodsDeal memory deal = _paid(SALE_PRICE, 3);
        vm.expectRevert(abi.encodeWithSelector(IRatings.RatingsReceiptUnknown.selector, made));
        vm.prank(buyer);
        ratings.rate(IReceipt(made), deal, 5, 0);
    }

    function test_refusesARetiredReceipt() external {
        GoodsDeal memory deal = _paid(SALE_PRICE, 3);
        vm.prank(governance);
        clerk.registerCertifier(address(receipt), false);
        vm.expectRevert(abi.encodeWithSelector(IRatings.RatingsReceiptUnknown.selector, receipt));
        _rate(deal, 5);
    }

    function test_refusesADealThatWasNeverSealed() external {
        GoodsDeal memory deal = _paid(SALE_PRICE, 3);
        deal.quantity = 1_000_000;
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptDealUnknown.selector, deal.goodsDealId()));
        _rate(deal, 5);
    }

    function testFuzz_refusesOthers(address caller) external {
        vm.assume(caller != buyer);
        GoodsDeal memory deal = _paid(SALE_PRICE, 3);
        vm.expectRevert(abi.encodeWithSelector(IRatings.RatingsNotTheBuyer.selector, buyer, caller));
        vm.prank(caller);
        ratings.rate(receipt, deal, 5, 0);
    }

    function test_refusesAnOperatorWithAnotherPower() external {
        GoodsDeal memory deal = _paid(SALE_PRICE, 3);
        grant(buyer, POWER_PURCHASE_ORDER, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(IRatings.RatingsNotTheBuyer.selector, buyer, operator));
        vm.prank(operator);
        ratings.rate(receipt, deal, 5, 0);
    }

    function testFuzz_refusesWhatWasNotPaid(uint8 seed) external {
        Stage stage = Stage(bound(seed, uint8(Stage.Sealed), uint8(Stage.WonByBuyer)));
        vm.assume(stage != Stage.Paid && stage != Stage.WonBySeller);
        GoodsDeal memory deal = sell();
        bring(deal, stage);
        vm.expectRevert(abi.encodeWithSelector(IRatings.RatingsNotPaid.selector, deal.goodsDealId()));
        _rate(deal, 5);
    }

    function testFuzz_refusesLessThanTheFloor(uint64 price) external {
        price = uint64(bound(price, 0, FLOOR / 3));
        GoodsDeal memory deal = _paid(price, 3);
        vm.expectRevert(abi.encodeWithSelector(IRatings.RatingsBelowFloor.selector, 3 * price, FLOOR));
        _rate(deal, 5);
    }

    function testFuzz_refusesTwice(uint8 first, uint8 second) external {
        GoodsDeal memory deal = _paid(SALE_PRICE, 3);
        _rate(deal, uint8(bound(first, 1, 5)));
        assertTrue(ratings.isRated(receipt, deal.goodsDealId()), "rated");
        vm.expectRevert(abi.encodeWithSelector(IRatings.RatingsTwice.selector, deal.goodsDealId()));
        _rate(deal, uint8(bound(second, 1, 5)));
    }

    function test_theFloorIsEnough() external {
        GoodsDeal memory deal = _paid(FLOOR, 1);
        _rate(deal, 1);
        assertEq(ratings.ratingOf(owner).weight, FLOOR, "weighed");
    }

    function testFuzz_anOperatorRates(bool wonBySeller) external {
        GoodsDeal memory deal = sell();
        bring(deal, wonBySeller ? Stage.WonBySeller : Stage.Paid);
        grant(buyer, POWER_PARCEL, 0);
        vm.prank(operator);
        ratings.rate(receipt, deal, 4, 0);
        assertEq(ratings.ratingOf(owner).count, 1, "rated in the buyer's name");
        assertEq(ratings.weightOf(owner, buyer), 3 * SALE_PRICE, "by its weight");
    }

    function testFuzz_rate(uint8[4] memory stars, uint64[4] memory prices) external {
        Rating memory expected;
        for (uint256 i = 0; i < stars.length; ++i) {
            (uint8 given, uint64 price) = (uint8(bound(stars[i], 1, 5)), uint64(bound(prices[i], FLOOR / 2, CAP)));
            GoodsDeal memory deal = _paid(price, 2);
            uint64 left = CAP - uint64(expected.weight);
            uint64 weight = 2 * price < left ? 2 * price : left;
            expected = Rating(expected.sum + uint128(given) * weight, expected.weight + weight, expected.count + 1);
            vm.expectEmit(address(ratings));
            emit IRatings.Rated(owner, buyer, deal.goodsDealId(), given, weight, REVIEW);
            _rate(deal, given);
        }
        assertEq(
            keccak256(abi.encode(ratings.ratingOf(owner))),
            keccak256(abi.encode(expected)),
            "the sum, the weight, how many"
        );
        assertEq(ratings.weightOf(owner, buyer), uint64(expected.weight), "what this buyer's weigh");
        assertLe(expected.weight, CAP, "no more than the cap");
    }

    function test_theCapIsOfOneBuyerAndOneSeller() external {
        GoodsDeal memory deal = _paid(CAP, 2);
        _rate(deal, 5);
        GoodsDeal memory another = sell(receipt, OTHER_KEY, CAP, 2);
        bring(another, Stage.Paid);
        _rate(another, 1);
        assertEq(ratings.ratingOf(other).weight, CAP, "another seller's");
        assertEq(ratings.ratingOf(owner).sum, 5 * CAP, "and the first one's");
        // The seller of the first buys from the second: another buyer.
        assertEq(ratings.weightOf(other, owner), 0, "of another buyer nothing is weighed yet");
    }

    function test_itIsConnected() external view {
        assertEq(address(ratings.CLERK()), address(clerk), "to the Clerk");
        assertEq(ratings.FLOOR(), FLOOR, "with a floor");
        assertEq(ratings.CAP(), CAP, "and a cap");
        assertEq(ratings.ratingOf(owner).count, 0, "and nothing rated");
    }
}
