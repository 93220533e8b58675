// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsBatch, GoodsPreview, IReceipt} from "../../../../contracts/interfaces/IReceipt.sol";
import {GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../../../contracts/types/Goods.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTest} from "../support/GoodsTest.sol";

/// seal, of baskets
///   given a batch that is not strict               it should be refused
///   given a purchase that is missing               it should be refused
///   given more matches of it than purchases        it should be refused
///   given a purchase that would not be whole       it should be refused
///   given purchases of others with the same name   it should not count them
///   given one purchase twice                       it should be refused
///   otherwise                                      it should be sealed whole, beside others
contract SealBasketTest is GoodsTest {
    bytes32 private constant BASKET = "basket";

    function _of(bytes32 salt, uint16 size) private view returns (PurchaseOrder memory o) {
        o = bid();
        (o.basket, o.basketSize, o.conditions.salt) = (BASKET, size, salt);
    }

    function _basket(uint16 size, uint256 brought) private view returns (GoodsBatch memory batch) {
        SaleOrder memory sale = saleOrder();
        sale.conditions.volume = 1_000;
        batch = batchOf(sale, _of(0, size));
        for (uint256 i = 1; i < brought; ++i) {
            add(batch, signed(_of(bytes32(i), size), BUYER_KEY));
        }
    }

    function _broken(GoodsBatch memory batch, uint256 index) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IReceipt.ReceiptMatchRefused.selector,
                index,
                Side.Purchase,
                GoodsRefusal.BasketBroken
            )
        );
        receipt.seal(batch, true);
        GoodsPreview memory told = receipt.preview(batch, broker)[index];
        assertEq(uint8(told.refusal), uint8(GoodsRefusal.BasketBroken), "as foretold");
    }

    function testFuzz_refusesWhereNotStrict(uint8 size) external {
        size = uint8(bound(size, 1, 5));
        GoodsBatch memory batch = _basket(size, size);
        assertEq(sealAll(batch, false).length, 0, "nothing is sealed");
        assertEq(bonded(buyer), 0, "nothing is held");
        assertEq(sealAll(batch, true).length, size, "strict it is");
    }

    function testFuzz_refusesAMissingOrFurtherPurchase(uint8 size, uint8 brought) external {
        size = uint8(bound(size, 0, 6));
        brought = uint8(bound(brought, 1, 6));
        vm.assume(size != brought);
        _broken(_basket(size, brought), 0);
    }

    function test_refusesWhatWouldNotBeWhole() external {
        GoodsBatch memory batch = _basket(2, 2);
        SaleOrder memory sale = saleOrder();
        sale.conditions.volume = 2 * PIECES - 1;
        batch.sales[0] = signed(sale, SELLER_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(IReceipt.ReceiptMatchRefused.selector, 1, Side.Purchase, GoodsRefusal.BasketBroken)
        );
        receipt.seal(batch, true);
    }

    function test_refusesWhatIsPartlyTaken() external {
        PurchaseOrder memory before = bid();
        before.conditions.volume = 1;
        sealOne(batchOf(saleOrder(), before));
        _broken(_basket(2, 2), 0);
    }

    function test_refusesOnePurchaseTwice() external {
        GoodsBatch memory batch = _basket(2, 1);
        add(batch, batch.purchases[0]);
        vm.expectRevert(
            abi.encodeWithSelector(
                IReceipt.ReceiptMatchRefused.selector,
                1,
                Side.Purchase,
                GoodsRefusal.CancelledOrFilled
            )
        );
        receipt.seal(batch, true);
        batch.matches[1].purchase = 0;
        vm.expectRevert(
            abi.encodeWithSelector(
                IReceipt.ReceiptMatchRefused.selector,
                1,
                Side.Purchase,
                GoodsRefusal.CancelledOrFilled
            )
        );
        receipt.seal(batch, true);
    }

    function test_othersWithTheSameNameAreNoneOfIt() external {
        fund(stranger, FUNDS);
        allow(stranger, type(uint64).max);
        GoodsBatch memory batch = _basket(2, 1);
        PurchaseOrder memory theirs = _of("theirs", 2);
        theirs.buyer = stranger;
        add(batch, signed(theirs, STRANGER_KEY));
        _broken(batch, 0);
        add(batch, signed(_of("second", 2), BUYER_KEY));
        theirs = _of("their second", 2);
        theirs.buyer = stranger;
        add(batch, signed(theirs, STRANGER_KEY));
        assertEq(sealAll(batch, true).length, 4, "two baskets of one name");
    }

    function test_isSealedBesideOthers() external {
        GoodsBatch memory batch = _basket(3, 3);
        PurchaseOrder memory other = bid();
        other.conditions.salt = "no basket";
        add(batch, signed(other, BUYER_KEY));
        assertEq(sealAll(batch, true).length, 4, "all of it");
        assertEq(bonded(buyer), 4 * PRICE * PIECES, "and all is held");
    }
}
