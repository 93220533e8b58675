// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Complaint, GoodsDeal, Outcome, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {GoodsTest} from "../Receipt/support/GoodsTest.sol";
import {vm} from "../support/Vm.sol";

/// A buyer who got its parcel complains all the same, or a seller who sent a stone denies it: for nothing, perhaps it works.
contract FreeDisputeAttack is GoodsTest {
    uint64 private constant ALL = PRICE * PIECES;

    /// @dev It costs 150 where the arbiter sees through it, paid to the other.
    function test_theLoserPaysTheWinner() external {
        GoodsDeal memory deal = aContested();
        vm.prank(arbiter);
        receipt.rule(deal, Outcome.Seller);
        assertEq(free(buyer), FUNDS - ALL - DISPUTE_BOND, "the buyer paid for it");
        assertEq(free(seller), FUNDS + ALL - COMMISSION * PIECES + DISPUTE_BOND, "to the seller");
    }

    function test_theSellerWhoDeniesLikewise() external {
        GoodsDeal memory deal = aContested();
        vm.prank(arbiter);
        receipt.rule(deal, Outcome.Buyer);
        assertEq(free(seller), FUNDS - BOND * PIECES - DISPUTE_BOND, "the seller paid for it, and its bond");
        assertEq(free(buyer), FUNDS + BOND * PIECES + DISPUTE_BOND, "to the buyer");
    }

    /// @dev To give in, having made the other put up a bond, gets nothing back.
    function test_toGiveInIsToLose() external {
        GoodsDeal memory deal = aContested();
        vm.prank(buyer);
        receipt.confirm(deal, "");
        assertEq(free(buyer), FUNDS - ALL - DISPUTE_BOND, "the buyer paid for it");
    }

    /// @dev A seller that has contested may not buy itself off with a refund, which would give it its bond back.
    function test_aSellerThatContestedDoesNotRefund() external {
        GoodsDeal memory deal = aContested();
        expectStage(deal, Stage.Contested);
        vm.prank(seller);
        receipt.refund(deal);
    }

    /// @dev The bond is not there, or was withdrawn just before: then there is no dispute.
    function test_withoutTheBond() external {
        GoodsDeal memory deal = aShipped();
        setFree(buyer, 0);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, buyer, 0, DISPUTE_BOND));
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotAsAgreed, 0);
        assertEq(uint8(stageOf(deal)), uint8(Stage.Shipped), "it is not disputed");
    }

    /// @dev Where 5 % of the price are nothing, there is a least bond.
    function test_ofATrifle() external {
        SaleOrder memory sale = saleOrder();
        (sale.price, sale.commission, sale.sellerBond) = (1, 0, 0);
        assertEq(receipt.disputeBond(aDealOf(sale)), 10, "the least bond");
    }

    /// @dev "Nothing arrived" is believed where nobody could ask the carrier. Said on the day after it was sent, it would
    /// make every seller without an arbiter lose: it can be said only when the parcel should be there.
    function test_notArrivedBeforeItCouldHave() external {
        GoodsDeal memory deal = aShipped();
        expectTooEarly(deal, time + DELIVER);
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotArrived, 0);
    }
}
