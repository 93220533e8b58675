// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsBatch, IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../../contracts/types/Goods.sol";
import {GoodsTest} from "../Receipt/support/GoodsTest.sol";
import {vm} from "../support/Vm.sol";

/// A customer buys a camera and the lens that fits it, from two shops. Who seals only the lens leaves it with 3,000 less and a
/// lens for nothing.
contract TornBasketAttack is GoodsTest {
    function _line(bytes32 salt) private view returns (PurchaseOrder memory o) {
        o = bid();
        (o.basket, o.basketSize, o.conditions.salt) = ("camera and lens", 2, salt);
    }

    function _refusedStrictly(GoodsBatch memory batch, uint256 index, GoodsRefusal refusal) private {
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptMatchRefused.selector, index, Side.Purchase, refusal));
        receipt.seal(batch, true);
        assertEq(bonded(buyer), 0, "nothing is held");
    }

    function test_oneAlone() external {
        refused(batchOf(saleOrder(), _line("lens")), Side.Purchase, GoodsRefusal.BasketBroken);
    }

    /// @dev The same line twice counts two; but nothing is left of it for the second.
    function test_oneTwice() external {
        GoodsBatch memory batch = batchOf(saleOrder(), _line("lens"));
        add(batch, batch.purchases[0]);
        _refusedStrictly(batch, 1, GoodsRefusal.CancelledOrFilled);
    }

    /// @dev Both, in a batch that goes on where one is refused: the other would have run out.
    function test_bothButNotStrictly() external {
        SaleOrder memory sale = saleOrder();
        sale.conditions.volume = PIECES;
        GoodsBatch memory batch = batchOf(sale, _line("lens"));
        add(batch, signed(_line("camera"), BUYER_KEY));
        assertEq(sealAll(batch, false).length, 0, "neither");
        assertEq(bonded(buyer), 0, "nothing is held");
    }

    /// @dev Both, strictly, but of one only a piece.
    function test_bothButOneOfThemInPart() external {
        SaleOrder memory sale = saleOrder();
        sale.conditions.volume = PIECES + 1;
        GoodsBatch memory batch = batchOf(sale, _line("lens"));
        add(batch, signed(_line("camera"), BUYER_KEY));
        _refusedStrictly(batch, 1, GoodsRefusal.BasketBroken);
    }

    /// @dev A line of somebody else's basket of the same name makes up the number.
    function test_filledUpBySomebodyElse() external {
        fund(stranger, FUNDS);
        allow(stranger, type(uint64).max);
        PurchaseOrder memory theirs = _line("theirs");
        theirs.buyer = stranger;
        GoodsBatch memory batch = batchOf(saleOrder(), _line("lens"));
        add(batch, signed(theirs, STRANGER_KEY));
        _refusedStrictly(batch, 0, GoodsRefusal.BasketBroken);
    }

    function test_whole() external {
        GoodsBatch memory batch = batchOf(saleOrder(), _line("lens"));
        add(batch, signed(_line("camera"), BUYER_KEY));
        assertEq(sealAll(batch, true).length, 2, "as it was signed");
    }
}
