// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsDeal, GoodsRefusal, Outcome, PurchaseOrder, SaleOrder, Side} from "../../../contracts/types/Goods.sol";
import {GoodsTest} from "../Receipt/support/GoodsTest.sol";

/// Somebody waits with a resting bid, at 1,000 a piece. A shop that could choose what the bid leaves open would deliver in a
/// hundred years, without a bond, with itself as the judge, and keep 3,000.
contract UnsignedGoodsTermsAttack is GoodsTest {
    /// @dev Every term but the price, one after the other at its worst.
    function test_theWorstOfEachTerm() external {
        for (uint256 term = 0; term < 7; ++term) {
            SaleOrder memory sale = saleOrder();
            if (term == 0) sale.shipWithin = type(uint32).max;
            if (term == 1) sale.deliverWithin = type(uint32).max;
            if (term == 2) sale.complaintTime = 0;
            if (term == 3) sale.defaultOutcome = Outcome.Seller;
            if (term == 4) sale.sellerBond = 0;
            if (term == 5) sale.resaleMargin = 0;
            if (term == 6) sale.arbiter = byAccount(address(0xbad));
            GoodsRefusal[7] memory refusals = [
                GoodsRefusal.ShipsTooLate,
                GoodsRefusal.DeliversTooLate,
                GoodsRefusal.ComplaintTooShort,
                GoodsRefusal.DefaultNotAccepted,
                GoodsRefusal.SellerBondTooLow,
                GoodsRefusal.ResaleMarginTooShort,
                GoodsRefusal.ArbiterNotAccepted
            ];
            refused(batchOf(sale, bid()), Side.Sale, refusals[term]);
        }
    }

    /// @dev A bid that says nothing but goods and price takes only the strictest: at once, without an arbiter.
    function test_aBidThatSaysNothingTakesNothingBad() external {
        PurchaseOrder memory silent;
        (silent.buyer, silent.goods, silent.maxPrice) = (buyer, GOODS, PRICE);
        silent.conditions = agreed(PIECES);
        refused(batchOf(saleOrder(), silent), Side.Sale, GoodsRefusal.ShipsTooLate);
        SaleOrder memory sale = saleOrder();
        (sale.shipWithin, sale.deliverWithin) = (0, 0);
        refused(batchOf(sale, silent), Side.Sale, GoodsRefusal.ArbiterNotAccepted);
    }

    /// Whatever the sale says: if it is sealed, each of its terms is within what the bid's signer signed.
    function testFuzz_whatIsSealedWasSigned(SaleTerms calldata terms) external {
        SaleOrder memory sale = saleOrder();
        (sale.price, sale.sellerBond) = (uint64(bound(terms.price, 900, 1_010)), uint64(bound(terms.bond, 190, 300)));
        sale.shipWithin = uint32(bound(terms.ship, 0, SHIP + SHIP / 9));
        sale.deliverWithin = uint32(bound(terms.deliver, 0, DELIVER + DELIVER / 9));
        sale.complaintTime = uint32(bound(terms.complain, COMPLAIN - COMPLAIN / 9, 2 * COMPLAIN));
        sale.resaleMargin = uint32(bound(terms.margin, MARGIN - MARGIN / 9, 2 * MARGIN));
        if (terms.forSeller) sale.defaultOutcome = Outcome.Seller;
        PurchaseOrder memory wanted = bid();
        if (terms.takesAnyDefault) wanted.defaultOutcome = Outcome.Seller;
        GoodsDeal[] memory deals = sealAll(batchOf(sale, wanted), false);
        if (deals.length == 0) return;
        assertLe(deals[0].price, PRICE, "price");
        assertLe(deals[0].shipWithin, SHIP, "to ship");
        assertLe(deals[0].deliverWithin, DELIVER, "to deliver");
        assertLe(COMPLAIN, deals[0].complaintTime, "to complain");
        assertLe(BOND, deals[0].sellerBond, "the bond");
        assertLe(MARGIN, deals[0].resaleMargin, "the margin");
        assertTrue(deals[0].defaultOutcome == Outcome.Buyer || terms.takesAnyDefault, "the default");
    }

    struct SaleTerms {
        uint64 price;
        uint64 bond;
        uint32 ship;
        uint32 deliver;
        uint32 complain;
        uint32 margin;
        bool forSeller;
        bool takesAnyDefault;
    }

    /// @dev Signed for this very sale: the shop signs a worse one at the same price, with the same salt.
    function test_aSaleSwappedForAnother() external {
        PurchaseOrder memory wanted = purchaseOf(saleOrder());
        SaleOrder memory worse = saleOrder();
        worse.complaintTime = 0;
        refused(batchOf(worse, wanted), Side.Sale, GoodsRefusal.OtherSale);
        worse = saleOrder();
        worse.conditions.externalRef = "another agreement";
        refused(batchOf(worse, wanted), Side.Sale, GoodsRefusal.OtherSale);
    }
}
