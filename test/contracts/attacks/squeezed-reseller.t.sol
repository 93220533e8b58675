// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Complaint, GoodsDeal, PurchaseOrder, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {GoodsTest} from "../Receipt/support/GoodsTest.sol";
import {vm} from "../support/Vm.sol";

/// The buyer is a shop, and sells on to a customer what its supplier sends there. The customer complains in the last second:
/// by then the reseller's own time to complain is over, and it pays 3,000 for what its supplier did wrong.
contract SqueezedResellerAttack is GoodsTest {
    uint256 private constant CUSTOMER_KEY = STRANGER_KEY;

    GoodsDeal private _supply;
    GoodsDeal private _resale;

    function setUp() public override {
        super.setUp();
        _supply = aDeal();
        SaleOrder memory sale = saleOrder();
        (sale.seller, sale.supply, sale.sellerBond) = (buyer, _supply.goodsDealId(), 0);
        PurchaseOrder memory purchase = purchaseOf(sale);
        purchase.buyer = stranger;
        fund(stranger, FUNDS);
        allow(stranger, type(uint64).max);
        _resale = sealOne(batchOf(signed(sale, BUYER_KEY), signed(purchase, CUSTOMER_KEY)));
        shipIt(_supply);
        vm.prank(buyer);
        receipt.ship(_resale, "the same parcel");
    }

    function _customerComplains() private {
        warpTo(receipt.complaintEnd(_resale));
        vm.prank(stranger);
        receipt.dispute(_resale, Complaint.NotAsAgreed, 0);
    }

    function test_withoutExtension() external {
        _customerComplains();
        warpTo(time + 1);
        expectTooLate(_supply, time - 1);
        vm.prank(buyer);
        receipt.dispute(_supply, Complaint.NotAsAgreed, 0);
    }

    /// @dev Anybody extends the supply, the customer too; then there are three days more to pass the complaint on.
    function test_extended() external {
        vm.prank(stranger);
        receipt.extend(_supply, _resale);
        _customerComplains();
        warpTo(time + MARGIN);
        disputeIt(_supply);
        assertEq(uint8(stageOf(_supply)), uint8(Stage.Disputed), "the complaint is passed on");
    }

    /// @dev The supplier is not squeezed in turn: three days, as it signed, however many resales there are.
    function test_notForever() external {
        uint256 until = receipt.complaintEnd(_supply) + MARGIN;
        receipt.extend(_supply, _resale);
        receipt.extend(_supply, _resale);
        assertEq(receipt.complaintEnd(_supply), until, "once");
        warpTo(until + 1);
        receipt.release(_supply);
        assertEq(uint8(stageOf(_supply)), uint8(Stage.Paid), "then it is paid");
    }
}
