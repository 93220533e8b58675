// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsBatch, GoodsPreview, IReceipt} from "../../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, GoodsRefusal, PurchaseOrder, SaleOrder, Side, Stage} from "../../../../contracts/types/Goods.sol";
import {MAX_PURCHASE_VOLUME} from "../../../../contracts/types/GoodsSlot.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTest} from "../support/GoodsTest.sol";

/// seal, of how many pieces
///   given a purchase of more than is counted        it should be refused, and sealed of so many
///   given nothing left of an order                 it should be refused
///   given less left than either's least fill       it should be refused
///   otherwise                                      it should seal what is left of the smaller, and count it by salt
///   given several matches of one volume            it should seal what the earlier ones left
///   given orders of one salt and other volumes     it should leave the larger's rest
///   given a strict batch of which one is refused   it should seal nothing
contract SealVolumeTest is GoodsTest {
    function testFuzz_refusesATooLargePurchase(uint32 volume) external {
        PurchaseOrder memory wanted = bid();
        wanted.conditions.volume = uint32(bound(volume, uint256(MAX_PURCHASE_VOLUME) + 1, type(uint32).max));
        refused(batchOf(saleOrder(), wanted), Side.Purchase, GoodsRefusal.VolumeTooLarge);
    }

    function testFuzz_countsTheLargestPurchase(uint32 first) external {
        (SaleOrder memory sale, PurchaseOrder memory wanted) = (saleOrder(), bid());
        (sale.price, sale.commission, sale.sellerBond) = (0, 0, 0);
        sale.conditions.volume = uint32(bound(first, 1, MAX_PURCHASE_VOLUME - 1));
        (wanted.conditions.volume, wanted.minSellerBond) = (MAX_PURCHASE_VOLUME, 0);
        GoodsDeal memory begun = sealOne(batchOf(sale, wanted));
        assertEq(receipt.filled(Side.Purchase, buyer, 0), sale.conditions.volume, "what the sale has");

        uint32 sold = sale.conditions.volume;
        (sale.conditions.volume, sale.conditions.salt) = (type(uint32).max, "more");
        GoodsDeal memory rest = sealOne(batchOf(sale, wanted));
        assertEq(rest.firstPiece, sold, "behind the first");
        assertEq(rest.quantity, MAX_PURCHASE_VOLUME - sold, "all the others");
        assertEq(receipt.filled(Side.Purchase, buyer, 0), MAX_PURCHASE_VOLUME, "to the last");
        refused(batchOf(sale, wanted), Side.Purchase, GoodsRefusal.CancelledOrFilled);

        // What is counted in its slot does not touch the first deal, nor the other way round.
        assertEq(uint8(stageOf(begun)), uint8(Stage.Sealed), "the first stands");
        vm.prank(buyer);
        receipt.confirm(begun, "");
        assertEq(receipt.filled(Side.Purchase, buyer, 0), MAX_PURCHASE_VOLUME, "and counts when it is over");
    }

    function test_refusesWhatIsFilled() external {
        GoodsBatch memory batch = batchOf(saleOrder(), bid());
        sealOne(batch);
        refused(batch, Side.Purchase, GoodsRefusal.CancelledOrFilled);
        PurchaseOrder memory rest = bid();
        (rest.conditions.volume, rest.conditions.salt) = (7, "rest");
        sealOne(batchOf(saleOrder(), rest));
        rest.conditions.salt = "more";
        refused(batchOf(saleOrder(), rest), Side.Sale, GoodsRefusal.CancelledOrFilled);
    }

    function testFuzz_refusesTooSmallAFill(uint32 sold, uint32 wanted, uint32 least, bool bySale) external {
        sold = uint32(bound(sold, 1, 1_000));
        wanted = uint32(bound(wanted, 1, 1_000));
        uint32 smaller = sold < wanted ? sold : wanted;
        (SaleOrder memory sale, PurchaseOrder memory purchase) = (saleOrder(), bid());
        (sale.conditions.volume, purchase.conditions.volume) = (sold, wanted);
        least = uint32(bound(least, smaller + 1, type(uint32).max));
        if (bySale) sale.conditions.minFill = least;
        else purchase.conditions.minFill = least;
        refused(batchOf(sale, purchase), bySale ? Side.Sale : Side.Purchase, GoodsRefusal.FillTooSmall);
    }

    function testFuzz_sealsTheSmaller(uint32 sold, uint32 wanted, bytes32 a, bytes32 b) external {
        sold = uint32(bound(sold, 1, 900));
        wanted = uint32(bound(wanted, 1, 900));
        uint32 smaller = sold < wanted ? sold : wanted;
        (SaleOrder memory sale, PurchaseOrder memory purchase) = (saleOrder(), bid());
        (sale.conditions.volume, purchase.conditions.volume) = (sold, wanted);
        (sale.conditions.salt, purchase.conditions.salt) = (a, b);
        (sale.conditions.minFill, purchase.conditions.minFill) = (smaller, smaller);
        GoodsDeal memory deal = sealOne(batchOf(sale, purchase));
        assertEq(deal.quantity, smaller, "the smaller volume");
        assertEq(receipt.filled(Side.Sale, seller, a), smaller, "sold");
        assertEq(receipt.filled(Side.Purchase, buyer, b), smaller, "bought");
        assertEq(receipt.filled(Side.Sale, seller, a ^ bytes32(uint256(1))), 0, "and nothing beside");
        assertEq(receipt.filled(Side.Purchase, buyer, b ^ bytes32(uint256(4))), 0, "on neither side");
    }

    function test_matchesOfABatchShareWhatIsLeft() external {
        SaleOrder memory sale = saleOrder();
        sale.conditions.volume = 5;
        GoodsBatch memory batch = batchOf(sale, bid());
        PurchaseOrder memory another = bid();
        another.conditions.salt = "another";
        add(batch, signed(another, BUYER_KEY));
        another = bid();
        another.conditions.salt = "and another";
        add(batch, signed(another, BUYER_KEY));

        GoodsPreview[] memory told = receipt.preview(batch, broker);
        assertEq(told[1].quantity, PIECES, "each as if it were the only one");
        assertEq(told[2].quantity, PIECES, "each");

        vm.expectRevert(
            abi.encodeWithSelector(IReceipt.ReceiptMatchRefused.selector, 2, Side.Sale, GoodsRefusal.CancelledOrFilled)
        );
        receipt.seal(batch, true);
        assertEq(receipt.filled(Side.Sale, seller, 0), 0, "strict: nothing");

        GoodsDeal[] memory deals = sealAll(batch, false);
        assertEq(deals.length, 2, "two deals");
        assertEq(deals[0].quantity, 3, "the first has all");
        assertEq(deals[1].quantity, 2, "the second what is left");
        assertEq(openDealsOf(seller), 2, "both are open");
    }

    function test_onePurchaseOfTwoSales() external {
        SaleOrder memory sale = saleOrder();
        (sale.conditions.volume, sale.conditions.salt) = (2, "two");
        sealOne(batchOf(sale, bid()));
        GoodsDeal memory second = sealOne(batchOf(saleOrder(), bid()));
        assertEq(second.firstPiece, 2, "goes on where the first ended");
        assertEq(second.quantity, 1, "with the rest");
    }

    function test_ordersOfOneSaltShareAVolume() external {
        sealOne(batchOf(saleOrder(), bid()));
        PurchaseOrder memory dearer = bid();
        (dearer.maxPrice, dearer.conditions.volume) = (2 * PRICE, PIECES + 1);
        GoodsBatch memory batch = batchOf(saleOrder(), dearer);
        GoodsDeal memory deal = sealOne(batch);
        assertEq(deal.quantity, 1, "what the larger leaves");
        assertEq(deal.firstPiece, PIECES, "behind the others");
        refused(batch, Side.Purchase, GoodsRefusal.CancelledOrFilled);
    }
}
