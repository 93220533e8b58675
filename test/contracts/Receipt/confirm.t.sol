// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {POWER_PARCEL, POWER_PURCHASE_ORDER} from "../../../contracts/interfaces/IKeyring.sol";
import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, PurchaseOrder, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {KeyWallet} from "../support/Foreign.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// confirm
///   given a deal that is not                      it should revert
///   given a deal that is over                     it should revert
///   given no signature of the buyer's             it should revert
///   given the signature of an operator without the power, or a bulk one   it should revert
///   given the buyer's word, its operator's, presigned or by ERC-1271      it should pay seller and referrer
///   given the buyer itself, or its operator       it should need no signature
///   given a dispute                               it should be lost by the buyer
///   given a Clerk that does not settle            it should revert with what the Clerk says
contract ConfirmTest is GoodsTest {
    uint64 private constant PAID = (PRICE - COMMISSION + BOND) * PIECES;

    function _notSigned(GoodsDeal memory deal, bytes memory word) private {
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotSigned.selector, buyer));
        vm.prank(stranger);
        receipt.confirm(deal, word);
    }

    function _confirmed(GoodsDeal memory deal, address caller, bytes memory word) private {
        expectEnd(deal, Stage.Paid, 0, PAID, COMMISSION * PIECES);
        vm.prank(caller);
        receipt.confirm(deal, word);
        ended(deal, Stage.Paid, 0, PAID, COMMISSION * PIECES);
    }

    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aDeal());
        expectUnknown(deal);
        vm.prank(buyer);
        receipt.confirm(deal, "");
    }

    function test_revertsWithWhatTheClerkSays() external {
        GoodsDeal memory deal = aDeal();
        vm.mockCallRevert(address(clerk), abi.encodeWithSelector(IClerk.slash.selector), "nothing is settled");
        vm.expectRevert("nothing is settled");
        vm.prank(buyer);
        receipt.confirm(deal, "");
        assertEq(uint8(receipt.goodsState(deal.goodsDealId()).stage), uint8(Stage.Sealed), "and nothing is over");
    }

    function test_refusesWhatIsNotSigned() external {
        GoodsDeal memory deal = aDeal();
        _notSigned(deal, "");
        _notSigned(deal, signature(SELLER_KEY, confirmation(deal)));
        _notSigned(deal, signature(BUYER_KEY, agreement(deal, 0)));
        _notSigned(deal, signature(BUYER_KEY, keccak256(abi.encode(deal))));
    }

    function test_refusesAnOperatorWithoutThePower() external {
        GoodsDeal memory deal = aDeal();
        grant(buyer, type(uint16).max ^ POWER_PARCEL, type(uint64).max);
        _notSigned(deal, signature(OPERATOR_KEY, confirmation(deal)));
    }

    function test_refusesABulkSignature() external {
        GoodsDeal memory deal = aDeal();
        bytes32 sibling = "sibling";
        bytes32 root = keccak256(abi.encodePacked(confirmation(deal), sibling));
        bytes memory word = signature(BUYER_KEY, root);
        _notSigned(deal, abi.encodePacked(word, sibling, uint16(0), uint8(1), "bulk"));
    }

    function test_refusesADealThatIsOver() external {
        GoodsDeal memory deal = aDeal();
        vm.prank(seller);
        receipt.refund(deal);
        expectStage(deal, Stage.Refunded);
        vm.prank(buyer);
        receipt.confirm(deal, "");
    }

    function test_byARelayedSignature() external {
        GoodsDeal memory deal = aDeal();
        _confirmed(deal, stranger, signature(BUYER_KEY, confirmation(deal)));
    }

    function test_bySignatureOfAnOperator() external {
        GoodsDeal memory deal = aShipped();
        grant(buyer, POWER_PARCEL, 0);
        _confirmed(deal, stranger, signature(OPERATOR_KEY, confirmation(deal)));
    }

    function test_presigned() external {
        GoodsDeal memory deal = aShipped();
        bytes32 digest = receipt.digestOf(confirmation(deal));
        vm.prank(buyer);
        keyring.presign(digest, true);
        _confirmed(deal, stranger, "");
    }

    function test_byTheBuyerItself() external {
        _confirmed(aShipped(), buyer, "");
    }

    function test_byItsOperator() external {
        GoodsDeal memory deal = aShipped();
        grant(buyer, POWER_PARCEL | POWER_PURCHASE_ORDER, 0);
        _confirmed(deal, operator, "");
    }

    function test_byASmartAccount() external {
        address owner = buyer;
        buyer = address(new KeyWallet(owner));
        fund(buyer, FUNDS);
        allow(buyer, type(uint64).max);
        GoodsDeal memory deal = aDeal();
        assertEq(deal.buyer, buyer, "the smart account bought");
        _confirmed(deal, stranger, signature(BUYER_KEY, confirmation(deal)));
    }

    function test_inADisputeTheBuyerLosesIt() external {
        GoodsDeal memory deal = aDisputed();
        expectEnd(deal, Stage.WonBySeller, 0, PAID + DISPUTE_BOND, COMMISSION * PIECES);
        vm.prank(buyer);
        receipt.confirm(deal, "");
        ended(deal, Stage.WonBySeller, 0, PAID + DISPUTE_BOND, COMMISSION * PIECES);
    }

    function test_inAContestedDisputeTheSellerGetsItsOwnBack() external {
        GoodsDeal memory deal = aContested();
        expectEnd(deal, Stage.WonBySeller, 0, PAID + 2 * DISPUTE_BOND, COMMISSION * PIECES);
        vm.prank(buyer);
        receipt.confirm(deal, "");
        ended(deal, Stage.WonBySeller, 0, PAID + 2 * DISPUTE_BOND, COMMISSION * PIECES);
    }

    /// Every price, bond, commission and quantity: to the last nano-HANSE.
    function testFuzz_paysExactly(uint64 price, uint64 bond, uint64 commission, uint32 pieces) external {
        PurchaseOrder memory wanted = bid();
        wanted.conditions.volume = uint32(bound(pieces, 1, 10));
        wanted.maxPrice = uint64(bound(price, 0, FUNDS / wanted.conditions.volume));
        wanted.minSellerBond = uint64(bound(bond, 0, FUNDS / wanted.conditions.volume));
        commission = uint64(bound(commission, 0, wanted.maxPrice));
        GoodsDeal memory deal = _sealFor(wanted, commission);
        uint64 toReferrer = commission * deal.quantity;
        uint64 toSeller = (wanted.maxPrice + wanted.minSellerBond) * deal.quantity - toReferrer;
        _paid(deal, toSeller, toReferrer);
    }

    function _paid(GoodsDeal memory deal, uint64 toSeller, uint64 toReferrer) private {
        expectEnd(deal, Stage.Paid, 0, toSeller, toReferrer);
        vm.prank(buyer);
        receipt.confirm(deal, "");
        ended(deal, Stage.Paid, 0, toSeller, toReferrer);
    }

    function _sealFor(PurchaseOrder memory wanted, uint64 commission) private returns (GoodsDeal memory) {
        SaleOrder memory sale = saleOrder();
        (sale.price, sale.sellerBond, sale.commission) = (wanted.maxPrice, wanted.minSellerBond, commission);
        return sealOne(batchOf(sale, wanted));
    }
}
