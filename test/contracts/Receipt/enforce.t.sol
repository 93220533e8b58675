// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Arbiter, Complaint, GoodsDeal, Outcome, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {UnitId} from "../../../contracts/types/Ids.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// enforce
///   given a deal that is not                               it should revert
///   given no dispute                                       it should revert
///   given that the seller may still answer                 it should revert
///   given that the seller did not answer                   it should pay the buyer, with no bond there is not
///   given that somebody may still rule                     it should revert
///   given that nobody ruled                                it should do as the order says, and "not arrived" be believed
///                                                          unless there is an arbiter
///   given a ruling of the jury, in time or late            it should do as it says
contract EnforceTest is GoodsTest {
    uint64 private constant ALL = PRICE * PIECES;
    uint64 private constant BUYER_WINS = ALL + BOND * PIECES + 2 * DISPUTE_BOND;
    uint64 private constant SELLER_WINS = (PRICE - COMMISSION + BOND) * PIECES + 2 * DISPUTE_BOND;

    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aDisputed());
        warpTo(time + 100 days);
        expectUnknown(deal);
        receipt.enforce(deal);
    }

    function test_refusesWithoutADispute() external {
        GoodsDeal memory deal = aDeal();
        warpTo(time + 1 days);
        expectStage(deal, Stage.Sealed);
        receipt.enforce(deal);
        shipIt(deal);
        warpTo(time + 100 days);
        expectStage(deal, Stage.Shipped);
        receipt.enforce(deal);
    }

    function testFuzz_refusesWhileTheSellerMayAnswer(uint32 after_) external {
        GoodsDeal memory deal = aDisputed();
        uint256 until = time + ANSWER;
        warpTo(bound(after_, time, until));
        expectTooEarly(deal, until);
        receipt.enforce(deal);
    }

    function testFuzz_silenceOfTheSeller(uint32 late, address caller) external {
        GoodsDeal memory deal = aDisputed();
        warpTo(time + ANSWER + 1 + late);
        expectEnd(deal, Stage.WonByBuyer, BUYER_WINS - DISPUTE_BOND, 0, 0);
        vm.prank(caller);
        receipt.enforce(deal);
        ended(deal, Stage.WonByBuyer, BUYER_WINS - DISPUTE_BOND, 0, 0);
    }

    function testFuzz_refusesWhileSomebodyMayRule(uint32 after_) external {
        GoodsDeal memory deal = aContested();
        uint256 until = time + RULING;
        warpTo(bound(after_, time, until));
        expectTooEarly(deal, until);
        receipt.enforce(deal);
    }

    function _default(bool withArbiter, Outcome outcome, Complaint complaint, bool sellerWins) private {
        SaleOrder memory sale = saleOrder();
        sale.defaultOutcome = outcome;
        if (!withArbiter) sale.arbiter = Arbiter.wrap(0);
        GoodsDeal memory deal = shipIt(aDealOf(sale));
        warpTo(time + DELIVER + 1);
        vm.prank(buyer);
        receipt.dispute(deal, complaint, 0);
        contestIt(deal);
        warpTo(time + RULING + 1);
        Stage end = sellerWins ? Stage.WonBySeller : Stage.WonByBuyer;
        (uint64 toBuyer, uint64 toSeller) = sellerWins ? (uint64(0), SELLER_WINS) : (BUYER_WINS, 0);
        uint64 toReferrer = sellerWins ? COMMISSION * PIECES : 0;
        expectEnd(deal, end, toBuyer, toSeller, toReferrer);
        receipt.enforce(deal);
        ended(deal, end, toBuyer, toSeller, toReferrer);
    }

    function test_byDefaultForTheBuyer() external {
        _default(true, Outcome.Buyer, Complaint.NotAsAgreed, false);
    }

    function test_byDefaultForTheSeller() external {
        _default(true, Outcome.Seller, Complaint.NotAsAgreed, true);
    }

    function test_byDefaultWithoutAnArbiter() external {
        _default(false, Outcome.Seller, Complaint.NotAsAgreed, true);
    }

    function test_notArrivedIsBelieved() external {
        _default(false, Outcome.Seller, Complaint.NotArrived, false);
    }

    function test_notArrivedIsBelievedWithAnArbiterToo() external {
        _default(true, Outcome.Buyer, Complaint.NotArrived, false);
    }

    function test_notArrivedIsTheSellersWhereAnArbiterCouldTell() external {
        _default(true, Outcome.Seller, Complaint.NotArrived, true);
    }

    function testFuzz_asTheJurySays(uint32 after_, bool forSeller) external {
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byPool(pool);
        GoodsDeal memory deal = contestIt(disputeIt(shipIt(aDealOf(sale))));
        warpTo(time + after_);
        bytes32 unit = UnitId.unwrap(receipt.juryUnit(deal.goodsDealId()));
        vm.prank(juryOf);
        receipt.receiveResult(unit, abi.encode(forSeller ? 1 : 2));
        Stage end = forSeller ? Stage.WonBySeller : Stage.WonByBuyer;
        (uint64 toBuyer, uint64 toSeller) = forSeller ? (uint64(0), SELLER_WINS) : (BUYER_WINS, 0);
        expectEnd(deal, end, toBuyer, toSeller, forSeller ? COMMISSION * PIECES : 0);
        receipt.enforce(deal);
        ended(deal, end, toBuyer, toSeller, forSeller ? COMMISSION * PIECES : 0);
    }
}
