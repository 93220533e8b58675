// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// split
///   given a deal that is not                    it should revert
///   given a deal that is over                   it should revert
///   given more than the price                   it should revert
///   given that either side has not signed       it should revert
///   given signatures of another part            it should revert
///   given a side that calls itself              it should need no signature of it
///   otherwise, at any stage                     it should pay each its part, commission of the seller's, bonds back
contract SplitTest is GoodsTest {
    uint64 private constant ALL = PRICE * PIECES;

    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aDeal());
        (bytes memory a, bytes memory b) = _words(deal, 1);
        expectUnknown(deal);
        receipt.split(deal, 1, a, b);
    }

    function _words(GoodsDeal memory deal, uint64 toBuyer) private view returns (bytes memory, bytes memory) {
        bytes32 word = agreement(deal, toBuyer);
        return (signature(BUYER_KEY, word), signature(SELLER_KEY, word));
    }

    function test_refusesWhatIsOver() external {
        GoodsDeal memory deal = aDeal();
        (bytes memory a, bytes memory b) = _words(deal, 1);
        receipt.split(deal, 1, a, b);
        expectStage(deal, Stage.Split);
        receipt.split(deal, 1, a, b);
    }

    function testFuzz_refusesMoreThanThePrice(uint64 toBuyer) external {
        toBuyer = uint64(bound(toBuyer, ALL + 1, type(uint64).max));
        GoodsDeal memory deal = aDeal();
        (bytes memory a, bytes memory b) = _words(deal, toBuyer);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptSplitTooHigh.selector, toBuyer, ALL));
        receipt.split(deal, toBuyer, a, b);
    }

    function test_refusesWhatOneSideHasNotSigned() external {
        GoodsDeal memory deal = aDeal();
        (bytes memory a, bytes memory b) = _words(deal, 1);
        (bytes memory c, bytes memory d) = _words(deal, 2);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, buyer));
        receipt.split(deal, 1, c, b);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, seller));
        receipt.split(deal, 1, a, d);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, buyer));
        receipt.split(deal, 1, "", b);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, seller));
        vm.prank(buyer);
        receipt.split(deal, 1, "", "");
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, buyer));
        receipt.split(deal, 1, b, a);
    }

    function test_aSideThatCallsNeedsNoSignature() external {
        GoodsDeal memory deal = aDeal();
        (, bytes memory b) = _words(deal, ALL);
        expectEnd(deal, Stage.Split, ALL, BOND * PIECES, 0);
        vm.prank(buyer);
        receipt.split(deal, ALL, "", b);
        ended(deal, Stage.Split, ALL, BOND * PIECES, 0);
    }

    function testFuzz_pays(uint8 stage, uint64 toBuyer) external {
        Stage from = Stage(bound(stage, uint8(Stage.Sealed), uint8(Stage.Contested)));
        toBuyer = uint64(bound(toBuyer, 0, ALL));
        GoodsDeal memory deal = at(from);
        // A twentieth of what the seller gets.
        uint64 toReferrer = (ALL - toBuyer) / 20;
        uint64 toSeller = ALL - toBuyer - toReferrer + BOND * PIECES;
        uint64 got = toBuyer;
        if (from >= Stage.Disputed) got += DISPUTE_BOND;
        if (from == Stage.Contested) toSeller += DISPUTE_BOND;
        (bytes memory a, bytes memory b) = _words(deal, toBuyer);
        expectEnd(deal, Stage.Split, got, toSeller, toReferrer);
        receipt.split(deal, toBuyer, a, b);
        ended(deal, Stage.Split, got, toSeller, toReferrer);
    }

    function test_ofNothing() external {
        SaleOrder memory sale = saleOrder();
        (sale.price, sale.commission, sale.sellerBond) = (0, 0, 0);
        GoodsDeal memory deal = aDealOf(sale);
        (bytes memory a, bytes memory b) = _words(deal, 0);
        expectEnd(deal, Stage.Split, 0, 0, 0);
        receipt.split(deal, 0, a, b);
        ended(deal, Stage.Split, 0, 0, 0);
    }
}
