// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsState, IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, PurchaseOrder, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {DealId} from "../../../contracts/types/Ids.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// extend
///   given a deal that is not, of either                      it should revert
///   given a resale of somebody else                          it should revert
///   given a resale that names another supply, or none        it should revert
///   given a resale of more pieces                            it should revert
///   given a resale that is over                              it should revert
///   given a supply that is disputed or over                  it should revert
///   given that the supply's time to complain is over         it should revert
///   otherwise                                                it should lengthen that time by what the seller signed
///   given that it was extended before                        it should change nothing
contract ExtendTest is GoodsTest {
    uint256 private constant CUSTOMER_KEY = STRANGER_KEY;

    /// @dev The buyer sells on to the stranger what the supply delivers.
    function _resale(GoodsDeal memory supply, uint32 pieces) private returns (GoodsDeal memory) {
        return _resaleBy(BUYER_KEY, supply.goodsDealId(), pieces);
    }

    function _resaleBy(uint256 key, DealId supply, uint32 pieces) private returns (GoodsDeal memory) {
        SaleOrder memory sale = saleOrder();
        (sale.seller, sale.supply, sale.sellerBond) = (vm.addr(key), supply, 0);
        (sale.conditions.volume, sale.conditions.salt) = (pieces, "resale");
        PurchaseOrder memory purchase = purchaseOf(sale);
        purchase.buyer = stranger;
        purchase.conditions.volume = pieces;
        purchase.conditions.salt = bytes32(uint256(time));
        fund(stranger, FUNDS);
        allow(stranger, type(uint64).max);
        return sealOne(batchOf(signed(sale, key), signed(purchase, CUSTOMER_KEY)));
    }

    function _refused(GoodsDeal memory supply, GoodsDeal memory resale) private {
        vm.expectRevert(
            abi.encodeWithSelector(IReceipt.ReceiptNotItsResale.selector, supply.goodsDealId(), resale.goodsDealId())
        );
        receipt.extend(supply, resale);
    }

    function test_refusesUnknownDeals() external {
        GoodsDeal memory supply = aDeal();
        GoodsDeal memory resale = _resale(supply, PIECES);
        resale.quantity = 1;
        expectUnknown(resale);
        receipt.extend(supply, resale);
        resale.quantity = PIECES;
        supply.resaleMargin = 100 days;
        expectUnknown(supply);
        receipt.extend(supply, resale);
    }

    function test_refusesAResaleOfSomebodyElse() external {
        GoodsDeal memory supply = aDeal();
        _refused(supply, _resaleBy(SELLER_KEY, supply.goodsDealId(), PIECES));
    }

    function testFuzz_refusesAnotherSupply(DealId other) external {
        GoodsDeal memory supply = aDeal();
        vm.assume(DealId.unwrap(other) != DealId.unwrap(supply.goodsDealId()));
        _refused(supply, _resaleBy(BUYER_KEY, other, PIECES));
        _refused(supply, supply);
    }

    function test_refusesMorePieces() external {
        GoodsDeal memory supply = aDeal();
        _refused(supply, _resale(supply, PIECES + 1));
    }

    function test_refusesAResaleThatIsOver() external {
        GoodsDeal memory supply = aDeal();
        GoodsDeal memory resale = _resale(supply, PIECES);
        vm.prank(buyer);
        receipt.refund(resale);
        _refused(supply, resale);
    }

    function test_refusesASupplyThatIsDisputedOrOver() external {
        GoodsDeal memory supply = aShipped();
        GoodsDeal memory resale = _resale(supply, PIECES);
        disputeIt(supply);
        expectStage(supply, Stage.Disputed);
        receipt.extend(supply, resale);
        vm.prank(seller);
        receipt.refund(supply);
        expectStage(supply, Stage.Refunded);
        receipt.extend(supply, resale);
    }

    function testFuzz_refusesTooLate(uint32 late) external {
        GoodsDeal memory supply = aShipped();
        GoodsDeal memory resale = _resale(supply, PIECES);
        uint256 until = time + DELIVER + COMPLAIN;
        warpTo(until + 1 + late);
        expectTooLate(supply, until);
        receipt.extend(supply, resale);
    }

    function testFuzz_extends(uint32 pieces, address caller, bool beforeShipping) external {
        GoodsDeal memory supply = aDeal();
        GoodsDeal memory resale = _resale(supply, uint32(bound(pieces, 1, PIECES)));
        if (!beforeShipping) shipIt(supply);
        uint256 sealedAt = receipt.goodsState(supply.goodsDealId()).since;
        vm.expectEmit(address(receipt));
        emit IReceipt.ComplaintExtended(supply.goodsDealId(), resale.goodsDealId());
        vm.prank(caller);
        receipt.extend(supply, resale);
        GoodsState memory state = receipt.goodsState(supply.goodsDealId());
        assertTrue(state.extended, "extended");
        assertEq(state.since, sealedAt, "its stage began when it began");
        if (beforeShipping) shipIt(supply);
        uint256 until = time + DELIVER + COMPLAIN + MARGIN;
        assertEq(receipt.complaintEnd(supply), until, "by the margin");
        // Another resale, or the same, changes nothing.
        receipt.extend(supply, resale);
        assertEq(receipt.complaintEnd(supply), until, "once");

        warpTo(until);
        expectTooEarly(supply, until);
        receipt.release(supply);
        disputeIt(supply);
        assertEq(uint8(stageOf(supply)), uint8(Stage.Disputed), "the reseller may complain up to then");
    }
}
