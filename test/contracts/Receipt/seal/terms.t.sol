// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IGoodsTerms} from "../../../../contracts/interfaces/IGoodsTerms.sol";
import {Terms} from "../../../../contracts/interfaces/IClerk.sol";
import {GoodsBatch, GoodsMatch, SignedSaleOrder} from "../../../../contracts/interfaces/IReceipt.sol";
import {ForeignCall} from "../../../../contracts/libraries/ForeignCall.sol";
import {GoodsDeal, GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../../../contracts/types/Goods.sol";
import {Foreign} from "../../support/Foreign.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTest} from "../support/GoodsTest.sol";

/// @notice Accepts exactly one question.
contract OneGoodsQuestion is IGoodsTerms {
    bytes32 private _question;

    function set(Side side, bytes32 orderHash, GoodsDeal calldata draft, bytes calldata data) external {
        _question = keccak256(abi.encode(side, orderHash, draft, data));
    }

    function accepts(
        Side side,
        bytes32 orderHash,
        GoodsDeal calldata draft,
        bytes calldata data
    ) external view returns (bool) {
        return keccak256(abi.encode(side, orderHash, draft, data)) == _question;
    }
}

/// seal, of terms
///   given terms that nobody brought                       it should be refused
///   given other terms, or a checker that is not so        it should be refused
///   given a checker that misbehaves                       it should be refused
///   given too little gas to ask                           it should revert
///   given an earlier match that makes it another deal     it should be refused
///   given too few pieces                                  it should be refused, and nobody asked
///   otherwise                                             it should ask each order's checker about the deal as it is sealed
contract SealTermsTest is GoodsTest {
    function _with(bool sale, bytes32 terms) private view returns (GoodsBatch memory) {
        (SaleOrder memory offer, PurchaseOrder memory wanted) = (saleOrder(), bid());
        if (sale) offer.conditions.terms = terms;
        else wanted.conditions.terms = terms;
        return batchOf(offer, wanted);
    }

    function _checked(bool sale, address checker, bytes memory data) private view returns (GoodsBatch memory batch) {
        batch = _with(sale, keccak256(abi.encode(checker, data)));
        bring(batch, checker, data);
    }

    function _foreign(Foreign.Manner manner, uint256 word) private returns (address) {
        return address(new Foreign(manner, bytes32(word), clerk));
    }

    function testFuzz_refusesTermsThatNobodyBrought(bytes32 terms, bool sale) external {
        vm.assume(terms != 0);
        GoodsBatch memory batch = _with(sale, terms);
        refused(batch, sale ? Side.Sale : Side.Purchase, GoodsRefusal.TermsNotMet);
        bring(batch, _foreign(Foreign.Manner.Word, 1), "data");
        refused(batch, sale ? Side.Sale : Side.Purchase, GoodsRefusal.TermsNotMet);
    }

    function testFuzz_refusesAnythingButOne(uint256 word, bool sale) external {
        vm.assume(word != 1);
        GoodsBatch memory batch = _checked(sale, _foreign(Foreign.Manner.Word, word), "data");
        refused(batch, sale ? Side.Sale : Side.Purchase, GoodsRefusal.TermsNotMet);
    }

    function test_refusesWhoMisbehaves() external {
        Foreign.Manner[6] memory manners = [
            Foreign.Manner.Short,
            Foreign.Manner.Nothing,
            Foreign.Manner.Revert,
            Foreign.Manner.Burn,
            Foreign.Manner.Bomb,
            Foreign.Manner.Reenter
        ];
        for (uint256 i = 0; i < manners.length; ++i) {
            GoodsBatch memory batch = _checked(true, _foreign(manners[i], 1), "data");
            refused(batch, Side.Sale, GoodsRefusal.TermsNotMet);
        }
        refused(_checked(false, stranger, "data"), Side.Purchase, GoodsRefusal.TermsNotMet);
    }

    function test_revertsWithoutTheGasToAsk() external {
        GoodsBatch memory batch = _checked(true, _foreign(Foreign.Manner.Slow, 1), "data");
        bytes memory call = abi.encodeCall(receipt.seal, (batch, false));
        (bool success, bytes memory reason) = address(receipt).call{gas: 150_000}(call);
        assertTrue(!success, "it reverts");
        assertTrue(bytes4(reason) == ForeignCall.ForeignCallGasTooLow.selector, "for too little gas");
    }

    function testFuzz_asksAboutTheDeal(bool sale, bytes calldata data) external {
        OneGoodsQuestion checker = new OneGoodsQuestion();
        GoodsBatch memory batch = _checked(sale, address(checker), data);
        refused(batch, sale ? Side.Sale : Side.Purchase, GoodsRefusal.TermsNotMet);
        uint256 before = vm.snapshotState();
        GoodsBatch memory plain = batchOf(saleOrder(), bid());
        GoodsDeal memory draft = sealOne(plain);
        vm.revertToState(before);
        bytes32 hash =
            sale ? receipt.hashSaleOrder(batch.sales[0].order) : receipt.hashPurchaseOrder(batch.purchases[0].order);
        checker.set(sale ? Side.Sale : Side.Purchase, hash, draft, data);
        sealOne(batch);
    }

    function test_refusesADealThatBecameAnother() external {
        address checker = _foreign(Foreign.Manner.Word, 1);
        SaleOrder memory sale = saleOrder();
        sale.conditions.volume = 2 * PIECES - 1;
        sale.conditions.terms = keccak256(abi.encode(checker, bytes("data")));
        GoodsBatch memory batch = batchOf(sale, bid());
        bring(batch, checker, "data");
        PurchaseOrder memory another = bid();
        another.conditions.salt = "another";
        add(batch, signed(another, BUYER_KEY));
        assertEq(sealAll(batch, false).length, 1, "the second would be of fewer pieces than was asked about");
    }

    function test_refusesPiecesOfAnotherPlaceOfThePurchase() external {
        address checker = _foreign(Foreign.Manner.Word, 1);
        PurchaseOrder memory both = bid();
        (both.conditions.volume, both.conditions.terms) = (2 * PIECES, keccak256(abi.encode(checker, bytes("data"))));
        SaleOrder memory sale = saleOrder();
        sale.conditions.volume = PIECES;
        GoodsBatch memory batch = batchOf(sale, both);
        bring(batch, checker, "data");
        SaleOrder memory another = saleOrder();
        (another.conditions.volume, another.conditions.salt) = (PIECES, "another");
        (SignedSaleOrder memory first, GoodsMatch memory match_) = (batch.sales[0], batch.matches[0]);
        (batch.sales, batch.matches) = (new SignedSaleOrder[](2), new GoodsMatch[](2));
        (batch.sales[0], batch.sales[1]) = (first, signed(another, SELLER_KEY));
        (batch.matches[0], batch.matches[1]) = (match_, GoodsMatch(1, 0));
        assertEq(sealAll(batch, false).length, 1, "as many pieces, but not the first of the purchase any more");
        assertEq(sealAll(batch, false)[0].firstPiece, PIECES, "asked about by themselves they are sealed");
    }

    function testFuzz_asksNobodyAboutTooFewPieces(bool sale) external {
        // It would refuse whatever it were asked.
        address checker = _foreign(Foreign.Manner.Revert, 1);
        GoodsBatch memory batch = _checked(sale, checker, "data");
        (SaleOrder memory offer, PurchaseOrder memory wanted) = (batch.sales[0].order, batch.purchases[0].order);
        (offer.conditions.volume, wanted.conditions.minFill) = (PIECES - 1, PIECES);
        Terms[] memory terms = batch.terms;
        batch = batchOf(offer, wanted);
        batch.terms = terms;
        refused(batch, Side.Purchase, GoodsRefusal.FillTooSmall);
    }
}
