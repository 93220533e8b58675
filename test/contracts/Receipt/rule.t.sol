// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {Arbiter, GoodsDeal, Outcome, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// rule
///   given a deal that is not                       it should revert
///   given another stage than contested             it should revert
///   given somebody else than the arbiter           it should revert
///   given a deal without an arbiter, or of a pool  it should revert for anyone
///   given that the time to rule is over            it should revert
///   otherwise                                      it should pay the winner the loser's bonds
contract RuleTest is GoodsTest {
    uint64 private constant ALL = PRICE * PIECES;

    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aContested());
        expectUnknown(deal);
        vm.prank(arbiter);
        receipt.rule(deal, Outcome.Buyer);
    }

    function test_refusesAnotherStage() external {
        GoodsDeal memory deal = aDisputed();
        expectStage(deal, Stage.Disputed);
        vm.prank(arbiter);
        receipt.rule(deal, Outcome.Buyer);
    }

    function testFuzz_refusesWhoIsNotTheArbiter(address caller, bool forSeller) external {
        vm.assume(caller != arbiter);
        GoodsDeal memory deal = aContested();
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotTheArbiter.selector, deal.goodsDealId(), caller));
        vm.prank(caller);
        receipt.rule(deal, forSeller ? Outcome.Seller : Outcome.Buyer);
    }

    function testFuzz_refusesAnyoneWhereNobodyIsTheArbiter(address caller, bool byJury) external {
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byJury ? byPool(pool) : Arbiter.wrap(0);
        GoodsDeal memory deal = contestIt(disputeIt(shipIt(aDealOf(sale))));
        vm.assume(caller != address(0));
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotTheArbiter.selector, deal.goodsDealId(), caller));
        vm.prank(caller);
        receipt.rule(deal, Outcome.Seller);
    }

    function testFuzz_refusesTooLate(uint32 late) external {
        GoodsDeal memory deal = aContested();
        uint256 until = time + RULING;
        warpTo(until + 1 + late);
        expectTooLate(deal, until);
        vm.prank(arbiter);
        receipt.rule(deal, Outcome.Buyer);
    }

    function testFuzz_forTheBuyer(uint32 after_) external {
        GoodsDeal memory deal = aContested();
        warpTo(time + bound(after_, 0, RULING));
        uint64 won = ALL + BOND * PIECES + 2 * DISPUTE_BOND;
        expectEnd(deal, Stage.WonByBuyer, won, 0, 0);
        vm.prank(arbiter);
        receipt.rule(deal, Outcome.Buyer);
        ended(deal, Stage.WonByBuyer, won, 0, 0);
    }

    function testFuzz_forTheSeller(uint32 after_) external {
        GoodsDeal memory deal = aContested();
        warpTo(time + bound(after_, 0, RULING));
        uint64 won = (PRICE - COMMISSION + BOND) * PIECES + 2 * DISPUTE_BOND;
        expectEnd(deal, Stage.WonBySeller, 0, won, COMMISSION * PIECES);
        vm.prank(arbiter);
        receipt.rule(deal, Outcome.Seller);
        ended(deal, Stage.WonBySeller, 0, won, COMMISSION * PIECES);
    }
}
