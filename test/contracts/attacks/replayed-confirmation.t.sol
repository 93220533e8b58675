// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, PurchaseOrder, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {GoodsTest} from "../Receipt/support/GoodsTest.sol";
import {vm} from "../support/Vm.sol";

/// What a buyer or seller signed once is used once more: 3,000 for the next parcel, which has not come.
contract ReplayedConfirmationAttack is GoodsTest {
    function _notSigned(GoodsDeal memory deal, bytes memory word) private {
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, buyer));
        receipt.confirm(deal, word);
    }

    function _another() private returns (GoodsDeal memory) {
        PurchaseOrder memory wanted = bid();
        wanted.conditions.salt = "another";
        return sealOne(batchOf(saleOrder(), wanted));
    }

    function test_forAnotherDeal() external {
        (GoodsDeal memory first, GoodsDeal memory second) = (aDeal(), _another());
        bytes memory word = signature(BUYER_KEY, confirmation(first));
        receipt.confirm(first, word);
        _notSigned(second, word);
    }

    /// @dev The same purchase, sealed in two parts.
    function test_forTheOtherPartOfOnePurchase() external {
        SaleOrder memory sale = saleOrder();
        (sale.conditions.volume, sale.conditions.salt) = (1, "one");
        GoodsDeal memory first = sealOne(batchOf(sale, bid()));
        GoodsDeal memory second = sealOne(batchOf(saleOrder(), bid()));
        bytes memory word = signature(BUYER_KEY, confirmation(first));
        _notSigned(second, word);
        receipt.confirm(first, word);
        assertEq(uint8(stageOf(first)), uint8(Stage.Paid), "good for the one it is of");
    }

    /// @dev The deal's content changed by whoever brings it: then it is no deal.
    function testFuzz_withAnotherContent(address other, uint64 commission) external {
        GoodsDeal memory deal = aDeal();
        bytes memory word = signature(BUYER_KEY, confirmation(deal));
        vm.assume(other != referrer && commission != COMMISSION);
        deal.referrer = other;
        expectUnknown(deal);
        receipt.confirm(deal, word);
        (deal.referrer, deal.commission) = (referrer, commission);
        expectUnknown(deal);
        receipt.confirm(deal, word);
    }

    /// @dev In another Receipt, where the same two trade the same.
    function test_inAnotherReceipt() external {
        GoodsDeal memory deal = aDeal();
        bytes memory word = signature(BUYER_KEY, confirmation(deal));
        useReceipt(newReceipt(rulesOfDisputes()));
        GoodsDeal memory twin = aDeal();
        assertEq(keccak256(abi.encode(twin)), keccak256(abi.encode(deal)), "word for word the same deal");
        _notSigned(twin, word);
    }

    /// @dev A split that both signed is good for one amount of one deal, and for neither side's confirmation.
    function test_aSplitForAnotherDeal() external {
        (GoodsDeal memory first, GoodsDeal memory second) = (aDeal(), _another());
        bytes32 agreed_ = agreement(first, 1);
        bytes memory buyers = signature(BUYER_KEY, agreed_);
        bytes memory sellers = signature(SELLER_KEY, agreed_);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, buyer));
        receipt.split(second, 1, buyers, sellers);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, buyer));
        receipt.split(first, 0, buyers, sellers);
        _notSigned(first, buyers);
    }
}
