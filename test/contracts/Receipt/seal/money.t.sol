// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {POWER_PURCHASE_ORDER, POWER_SALE_ORDER} from "../../../../contracts/interfaces/IKeyring.sol";
import {GoodsBatch} from "../../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../../../contracts/types/Goods.sol";
import {MAX_PURCHASE_VOLUME} from "../../../../contracts/types/GoodsSlot.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTest} from "../support/GoodsTest.sol";

/// seal, of money
///   given a buyer with too little free, or that allows too little     it should be refused
///   given a seller with too little free, or that allows too little    it should be refused
///   given an operator that would lock more than it may, of either     it should be refused
///   given more than 64 bits                                           it should be refused
///   given earlier matches that took the money                         it should be refused
///   otherwise                                                         it should lock exactly so much, and count the operator's
///   given nothing to lock                                             it should need neither money nor allowance
contract SealMoneyTest is GoodsTest {
    uint64 private constant ALL = PRICE * PIECES;
    uint64 private constant BONDS = BOND * PIECES;

    function testFuzz_refusesABuyerWithoutTheMoney(uint64 has) external {
        setFree(buyer, uint64(bound(has, 0, ALL - 1)));
        refused(batchOf(saleOrder(), bid()), Side.Purchase, GoodsRefusal.BuyerUnfunded);
    }

    function testFuzz_refusesABuyerWhoAllowsTooLittle(uint64 allowance) external {
        allow(buyer, uint64(bound(allowance, 0, ALL - 1)));
        refused(batchOf(saleOrder(), bid()), Side.Purchase, GoodsRefusal.BuyerUnfunded);
    }

    function testFuzz_refusesASellerWithoutTheMoney(uint64 has) external {
        setFree(seller, uint64(bound(has, 0, BONDS - 1)));
        refused(batchOf(saleOrder(), bid()), Side.Sale, GoodsRefusal.SellerUnfunded);
    }

    function testFuzz_refusesASellerWhoAllowsTooLittle(uint64 allowance) external {
        allow(seller, uint64(bound(allowance, 0, BONDS - 1)));
        refused(batchOf(saleOrder(), bid()), Side.Sale, GoodsRefusal.SellerUnfunded);
    }

    function test_whatIsHeldAlreadyCounts() external {
        allow(buyer, 2 * ALL - 1);
        aDeal();
        PurchaseOrder memory another = bid();
        another.conditions.salt = "another";
        refused(batchOf(saleOrder(), another), Side.Purchase, GoodsRefusal.BuyerUnfunded);
        allow(buyer, 2 * ALL);
        sealOne(batchOf(saleOrder(), another));
    }

    function testFuzz_refusesWhatNobodyHas(uint64 price, uint32 volume, bool ofSeller) external {
        (SaleOrder memory sale, PurchaseOrder memory wanted) = (saleOrder(), bid());
        volume = uint32(bound(volume, 1 << 20, MAX_PURCHASE_VOLUME));
        price = uint64(bound(price, 1 << 44, type(uint64).max));
        (sale.conditions.volume, wanted.conditions.volume) = (volume, volume);
        if (ofSeller) (sale.price, sale.commission, sale.sellerBond) = (0, 0, price);
        else (sale.price, wanted.maxPrice) = (price, price);
        if (ofSeller) refused(batchOf(sale, wanted), Side.Sale, GoodsRefusal.SellerUnfunded);
        else refused(batchOf(sale, wanted), Side.Purchase, GoodsRefusal.BuyerUnfunded);
    }

    function test_earlierMatchesTookIt() external {
        setFree(buyer, 2 * ALL - 1);
        GoodsBatch memory batch = batchOf(saleOrder(), bid());
        PurchaseOrder memory another = bid();
        another.conditions.salt = "another";
        add(batch, signed(another, BUYER_KEY));
        assertEq(sealAll(batch, false).length, 1, "money for one");
        assertEq(free(buyer), ALL - 1, "the rest stays");
    }

    function test_earlierMatchesTookTheSellers() external {
        setFree(seller, 2 * BONDS - 1);
        GoodsBatch memory batch = batchOf(saleOrder(), bid());
        PurchaseOrder memory another = bid();
        another.conditions.salt = "another";
        add(batch, signed(another, BUYER_KEY));
        assertEq(sealAll(batch, false).length, 1, "money for one");
        assertEq(bonded(buyer), ALL, "of the other nothing is held");
    }

    function testFuzz_refusesBeyondTheOperatorsLimit(uint64 limit, bool ofSeller) external {
        limit = uint64(bound(limit, 0, (ofSeller ? BONDS : ALL) - 1));
        GoodsBatch memory batch = _byOperator(ofSeller, limit);
        refused(batch, ofSeller ? Side.Sale : Side.Purchase, GoodsRefusal.OperatorLimit);
    }

    function _byOperator(bool ofSeller, uint64 limit) private returns (GoodsBatch memory) {
        grant(ofSeller ? seller : buyer, ofSeller ? POWER_SALE_ORDER : POWER_PURCHASE_ORDER, limit);
        return
            batchOf(
                signed(saleOrder(), ofSeller ? OPERATOR_KEY : SELLER_KEY),
                signed(bid(), ofSeller ? BUYER_KEY : OPERATOR_KEY)
            );
    }

    function testFuzz_countsWhatOperatorsLock(bool ofSeller) external {
        uint64 amount = ofSeller ? BONDS : ALL;
        address owner = ofSeller ? seller : buyer;
        sealOne(_byOperator(ofSeller, amount));
        assertEq(receipt.spentBy(owner, operator), amount, "counted");
        assertEq(receipt.spentBy(ofSeller ? buyer : seller, operator), 0, "for that account");
        assertEq(clerk.spentBy(owner, operator), 0, "and in this contract");
        PurchaseOrder memory another = bid();
        another.conditions.salt = "another";
        GoodsBatch memory batch = batchOf(
            signed(saleOrder(), ofSeller ? OPERATOR_KEY : SELLER_KEY),
            signed(another, ofSeller ? BUYER_KEY : OPERATOR_KEY)
        );
        refused(batch, ofSeller ? Side.Sale : Side.Purchase, GoodsRefusal.OperatorLimit);
    }

    function test_ofNothingNeedsNoMoney() external {
        SaleOrder memory sale = saleOrder();
        (sale.price, sale.commission, sale.sellerBond) = (0, 0, 0);
        setFree(buyer, 0);
        allow(buyer, 0);
        allow(seller, 0);
        GoodsDeal memory deal = aDealOf(sale);
        vm.prank(buyer);
        receipt.confirm(deal, "");
        assertEq(openDealsOf(seller), 0, "and ends like others");
    }
}
