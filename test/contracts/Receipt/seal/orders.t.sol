// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsBatch, GoodsMatch, GoodsState, IReceipt} from "../../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, GoodsRefusal, PurchaseOrder, SaleOrder, Side, Stage} from "../../../../contracts/types/Goods.sol";
import {toRequestId} from "../../../../contracts/types/Ids.sol";
import {Conditions} from "../../../../contracts/types/Orders.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTest} from "../support/GoodsTest.sol";

/// seal, of orders each by itself
///   given an order that is not in the batch            it should revert, strict or not
///   given an order for another certifier               it should be refused
///   given an order past its expiry                     it should be refused
///   given an order of another epoch                    it should be refused
///   given an order for another matcher                 it should be refused, and sealed by that one
///   given that governance takes no new deals           it should be refused, and running deals go on
///   otherwise                                          it should be a deal with all that was agreed, and its event
contract SealOrdersTest is GoodsTest {
    function _with(Side side, Conditions memory c) private view returns (GoodsBatch memory) {
        (SaleOrder memory sale, PurchaseOrder memory wanted) = (saleOrder(), bid());
        if (side == Side.Sale) sale.conditions = c;
        else wanted.conditions = c;
        return batchOf(sale, wanted);
    }

    function testFuzz_refusesAMatchOutOfRange(uint16 sale, uint16 purchase, bool strict) external {
        vm.assume(sale != 0 || purchase != 0);
        GoodsBatch memory batch = batchOf(saleOrder(), bid());
        batch.matches = new GoodsMatch[](2);
        batch.matches[1] = GoodsMatch(sale, purchase);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptMatchOutOfRange.selector, 1));
        receipt.seal(batch, strict);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptMatchOutOfRange.selector, 1));
        receipt.preview(batch, broker);
    }

    function testFuzz_refusesAnotherCertifier(address certifier_, bool sale) external {
        vm.assume(certifier_ != address(receipt));
        Conditions memory c = agreed(PIECES);
        c.certifier = certifier_;
        refused(
            _with(sale ? Side.Sale : Side.Purchase, c),
            sale ? Side.Sale : Side.Purchase,
            GoodsRefusal.OtherCertifier
        );
    }

    function testFuzz_refusesTheExpired(uint64 validUntil, bool sale) external {
        Conditions memory c = agreed(PIECES);
        c.validUntil = uint64(bound(validUntil, 0, time - 1));
        refused(_with(sale ? Side.Sale : Side.Purchase, c), sale ? Side.Sale : Side.Purchase, GoodsRefusal.Expired);
    }

    function test_sealsAtTheLastSecond() external {
        Conditions memory c = agreed(PIECES);
        c.validUntil = uint64(time);
        sealOne(_with(Side.Sale, c));
    }

    function testFuzz_refusesAnotherEpoch(uint64 epoch, bool sale) external {
        Conditions memory c = agreed(PIECES);
        c.epoch = uint64(bound(epoch, 1, type(uint64).max));
        refused(_with(sale ? Side.Sale : Side.Purchase, c), sale ? Side.Sale : Side.Purchase, GoodsRefusal.WrongEpoch);
    }

    function testFuzz_refusesAnotherMatcher(address matcher, bool sale) external {
        vm.assume(matcher != address(0) && matcher != broker);
        Conditions memory c = agreed(PIECES);
        c.matcher = matcher;
        GoodsBatch memory batch = _with(sale ? Side.Sale : Side.Purchase, c);
        refused(batch, sale ? Side.Sale : Side.Purchase, GoodsRefusal.NotTheMatcher);
        vm.prank(matcher);
        assertEq(receipt.seal(batch, true), 1, "sealed by the one that is named");
    }

    function test_refusesWhereGovernanceTakesNoNewDeals() external {
        GoodsDeal memory deal = aDeal();
        vm.prank(governance);
        clerk.registerCertifier(address(receipt), false);
        PurchaseOrder memory another = bid();
        another.conditions.salt = "another";
        refused(batchOf(saleOrder(), another), Side.Sale, GoodsRefusal.NotRegistered);
        uint64 paid = (PRICE - COMMISSION + BOND) * PIECES;
        expectEnd(deal, Stage.Paid, 0, paid, COMMISSION * PIECES);
        vm.prank(buyer);
        receipt.confirm(deal, "");
        ended(deal, Stage.Paid, 0, paid, COMMISSION * PIECES);
    }

    function test_sealsWhatWasAgreed() external {
        (SaleOrder memory sale, PurchaseOrder memory wanted) = (saleOrder(), bid());
        (sale.conditions.salt, wanted.conditions.salt) = ("sale", "purchase");
        GoodsBatch memory batch = batchOf(sale, wanted);
        GoodsDeal memory deal = GoodsDeal({
            purchaseId: toRequestId(buyer, "purchase"),
            seller: seller,
            buyer: buyer,
            referrer: referrer,
            goods: GOODS,
            shipTo: wanted.shipTo,
            arbiter: byAccount(arbiter),
            supply: sale.supply,
            price: PRICE,
            sellerBond: BOND,
            commission: COMMISSION,
            shipWithin: SHIP,
            deliverWithin: DELIVER,
            complaintTime: COMPLAIN,
            resaleMargin: MARGIN,
            defaultOutcome: sale.defaultOutcome,
            sealedAt: uint40(time),
            firstPiece: 0,
            quantity: PIECES
        });
        bytes32 saleHash = receipt.hashSaleOrder(sale);
        bytes32 purchaseHash = receipt.hashPurchaseOrder(wanted);
        vm.expectEmit(address(receipt));
        emit IReceipt.GoodsSealed(deal.goodsDealId(), seller, buyer, saleHash, purchaseHash, deal);
        assertEq(receipt.seal(batch, true), 1, "one deal");

        (, GoodsState memory state) = receipt.checkDeal(deal);
        assertEq(uint8(state.stage), uint8(Stage.Sealed), "sealed");
        assertEq(state.since, time, "now");
        assertTrue(!state.extended, "not extended");
        assertEq(state.commitment, bytes24(keccak256(abi.encode(deal))), "the commitment");
        assertEq(bonded(buyer), PRICE * PIECES, "the price is held");
        assertEq(bonded(seller), BOND * PIECES, "and the bond");
        assertEq(free(buyer), FUNDS - PRICE * PIECES, "of the buyer's free money");
        assertEq(openDealsOf(seller), 1, "the seller has an open deal");
        assertEq(openDealsOf(buyer), 0, "the buyer is no seller");
        assertEq(receipt.complaintEnd(deal), 0, "nothing to complain of yet");
    }
}
