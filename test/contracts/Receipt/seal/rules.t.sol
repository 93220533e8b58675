// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Arbiter,
    GoodsDeal,
    GoodsId,
    GoodsRefusal,
    Outcome,
    PurchaseOrder,
    SaleOrder,
    Side
} from "../../../../contracts/types/Goods.sol";
import {Restriction} from "../../../../contracts/types/Ids.sol";
import {Foreign} from "../../support/Foreign.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTest} from "../support/GoodsTest.sol";

/// seal, of orders together
///   given a commission above the price, or for nobody    it should be refused
///   given an arbiter who is a party                      it should be refused
///   given an arbiter that is neither account nor pool    it should be refused
///   given a buyer who is the seller                      it should be refused
///   given other goods                                    it should be refused
///   given a price above the bid                          it should be refused, by hash too
///   given a purchase of another sale                     it should be refused
///   given a purchase of this sale by hash                it should be sealed, whatever its bounds say
///   given a resting bid, and any term beyond its bound   it should be refused
///   given a resting bid without a bound for the arbiter  it should take none
///   given a restriction to others                        it should be refused
contract SealRulesTest is GoodsTest {
    function _bidRefused(SaleOrder memory sale, GoodsRefusal refusal) private {
        refused(batchOf(sale, bid()), Side.Sale, refusal);
    }

    /// @dev Whatever the buyer signed.
    function _neverSealed(SaleOrder memory sale, GoodsRefusal refusal) private {
        refused(batchOf(sale, purchaseOf(sale)), Side.Sale, refusal);
    }

    function testFuzz_refusesACommissionAboveThePrice(uint64 price, uint64 commission) external {
        SaleOrder memory sale = saleOrder();
        sale.price = uint64(bound(price, 0, type(uint64).max - 1));
        sale.commission = uint64(bound(commission, uint256(sale.price) + 1, type(uint64).max));
        _neverSealed(sale, GoodsRefusal.CommissionTooHigh);
    }

    function test_refusesACommissionForNobody() external {
        SaleOrder memory sale = saleOrder();
        sale.referrer = address(0);
        _neverSealed(sale, GoodsRefusal.CommissionTooHigh);
        sale.commission = 0;
        aDealOf(sale);
    }

    function test_refusesAnArbiterWhoIsAParty() external {
        SaleOrder memory sale = saleOrder();
        address[3] memory parties = [seller, referrer, buyer];
        for (uint256 i = 0; i < 3; ++i) {
            sale.arbiter = byAccount(parties[i]);
            _neverSealed(sale, GoodsRefusal.ArbiterIsParty);
        }
    }

    function testFuzz_refusesAnArbiterThatIsNone(uint256 word) external {
        vm.assume(word >> 160 != 0 && word >> 248 != 3);
        SaleOrder memory sale = saleOrder();
        sale.arbiter = Arbiter.wrap(bytes32(word));
        _neverSealed(sale, GoodsRefusal.ArbiterNotAccepted);
    }

    function test_refusesSelfDealing() external {
        SaleOrder memory sale = saleOrder();
        sale.seller = buyer;
        refused(
            batchOf(signed(sale, BUYER_KEY), signed(purchaseOf(sale), BUYER_KEY)),
            Side.Sale,
            GoodsRefusal.SelfDealing
        );
    }

    function testFuzz_refusesOtherGoods(GoodsId goods, bool byHash) external {
        vm.assume(GoodsId.unwrap(goods) != GoodsId.unwrap(GOODS));
        PurchaseOrder memory wanted = byHash ? purchaseOf(saleOrder()) : bid();
        wanted.goods = goods;
        refused(batchOf(saleOrder(), wanted), Side.Sale, GoodsRefusal.OtherGoods);
    }

    function testFuzz_refusesAPriceAboveTheBid(uint64 maxPrice, bool byHash) external {
        PurchaseOrder memory wanted = byHash ? purchaseOf(saleOrder()) : bid();
        wanted.maxPrice = uint64(bound(maxPrice, 0, PRICE - 1));
        refused(batchOf(saleOrder(), wanted), Side.Sale, GoodsRefusal.PriceAboveBid);
    }

    function testFuzz_paysTheSellersPrice(uint64 price) external {
        SaleOrder memory sale = saleOrder();
        sale.price = uint64(bound(price, COMMISSION, PRICE));
        GoodsDeal memory deal = sealOne(batchOf(sale, bid()));
        assertEq(deal.price, sale.price, "the seller's");
        assertEq(bonded(buyer), sale.price * PIECES, "and no more is held");
    }

    function testFuzz_refusesAnotherSale(bytes32 hash) external {
        PurchaseOrder memory wanted = bid();
        vm.assume(hash != 0 && hash != receipt.hashSaleOrder(saleOrder()));
        wanted.saleOrder = hash;
        refused(batchOf(saleOrder(), wanted), Side.Sale, GoodsRefusal.OtherSale);
    }

    function test_byHashBoundsAreNotLookedAt() external {
        PurchaseOrder memory wanted = purchaseOf(saleOrder());
        (wanted.minComplaintTime, wanted.minSellerBond) = (type(uint32).max, type(uint64).max);
        wanted.onlySeller = only(stranger);
        sealOne(batchOf(saleOrder(), wanted));
    }

    // ── A resting bid ────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_refusesToShipTooLate(uint32 value) external {
        SaleOrder memory sale = saleOrder();
        sale.shipWithin = uint32(bound(value, SHIP + 1, type(uint32).max));
        _bidRefused(sale, GoodsRefusal.ShipsTooLate);
    }

    function testFuzz_refusesToDeliverTooLate(uint32 value) external {
        SaleOrder memory sale = saleOrder();
        sale.deliverWithin = uint32(bound(value, DELIVER + 1, type(uint32).max));
        _bidRefused(sale, GoodsRefusal.DeliversTooLate);
    }

    function testFuzz_refusesAShortComplaint(uint32 value) external {
        SaleOrder memory sale = saleOrder();
        sale.complaintTime = uint32(bound(value, 0, COMPLAIN - 1));
        _bidRefused(sale, GoodsRefusal.ComplaintTooShort);
    }

    function test_refusesADefaultForTheSeller() external {
        SaleOrder memory sale = saleOrder();
        sale.defaultOutcome = Outcome.Seller;
        _bidRefused(sale, GoodsRefusal.DefaultNotAccepted);
        PurchaseOrder memory wanted = bid();
        wanted.defaultOutcome = Outcome.Seller;
        sealOne(batchOf(sale, wanted));
    }

    function test_takesADefaultForTheBuyerInAnyCase() external {
        PurchaseOrder memory wanted = bid();
        wanted.defaultOutcome = Outcome.Seller;
        sealOne(batchOf(saleOrder(), wanted));
    }

    function testFuzz_refusesALowBond(uint64 value) external {
        SaleOrder memory sale = saleOrder();
        sale.sellerBond = uint64(bound(value, 0, BOND - 1));
        _bidRefused(sale, GoodsRefusal.SellerBondTooLow);
    }

    function testFuzz_refusesAShortMargin(uint32 value) external {
        SaleOrder memory sale = saleOrder();
        sale.resaleMargin = uint32(bound(value, 0, MARGIN - 1));
        _bidRefused(sale, GoodsRefusal.ResaleMarginTooShort);
    }

    function testFuzz_refusesAnotherArbiter(address other) external {
        vm.assume(other != arbiter && other != seller && other != buyer && other != referrer);
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byAccount(other);
        _bidRefused(sale, GoodsRefusal.ArbiterNotAccepted);
    }

    function test_withoutABoundItTakesNoArbiter() external {
        PurchaseOrder memory wanted = bid();
        wanted.onlyArbiter = Restriction.wrap(0);
        refused(batchOf(saleOrder(), wanted), Side.Sale, GoodsRefusal.ArbiterNotAccepted);
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byPool(pool);
        refused(batchOf(sale, wanted), Side.Sale, GoodsRefusal.ArbiterNotAccepted);
        sale.arbiter = Arbiter.wrap(0);
        sealOne(batchOf(sale, wanted));
    }

    function test_takesExactlyThePoolItNames() external {
        (SaleOrder memory sale, PurchaseOrder memory wanted) = (saleOrder(), bid());
        sale.arbiter = byPool(pool);
        wanted.onlyArbiter = Restriction.wrap(Arbiter.unwrap(sale.arbiter));
        sealOne(batchOf(sale, wanted));
    }

    function testFuzz_asksTheGroupOfArbiters(bytes32 word) external {
        PurchaseOrder memory wanted = bid();
        wanted.onlyArbiter = _group(word);
        if (word != bytes32(uint256(1))) {
            return refused(batchOf(saleOrder(), wanted), Side.Sale, GoodsRefusal.ArbiterNotAccepted);
        }
        sealOne(batchOf(saleOrder(), wanted));
    }

    function test_asksTheGroupThatSaysYes() external {
        PurchaseOrder memory wanted = bid();
        wanted.onlyArbiter = _group(bytes32(uint256(1)));
        sealOne(batchOf(saleOrder(), wanted));
    }

    // ── Restrictions ─────────────────────────────────────────────────────────────────────────────────────────────────

    function _group(bytes32 word) private returns (Restriction) {
        address members = address(new Foreign(Foreign.Manner.Word, word, clerk));
        return Restriction.wrap(bytes32((uint256(0xff) << 248) | uint160(members)));
    }

    function testFuzz_refusesOtherSellers(address other) external {
        vm.assume(other != seller && other != address(0));
        PurchaseOrder memory wanted = bid();
        wanted.onlySeller = only(other);
        refused(batchOf(saleOrder(), wanted), Side.Sale, GoodsRefusal.Restricted);
        wanted.onlySeller = _group(0);
        refused(batchOf(saleOrder(), wanted), Side.Sale, GoodsRefusal.Restricted);
    }

    function testFuzz_refusesOtherBuyers(address other, bool byHash) external {
        vm.assume(other != buyer && other != address(0));
        SaleOrder memory sale = saleOrder();
        sale.onlyBuyer = only(other);
        refused(batchOf(sale, byHash ? purchaseOf(sale) : bid()), Side.Sale, GoodsRefusal.Restricted);
        sale.onlyBuyer = _group(0);
        refused(batchOf(sale, byHash ? purchaseOf(sale) : bid()), Side.Sale, GoodsRefusal.Restricted);
    }

    function test_sealsForThoseWhoAreMeant() external {
        (SaleOrder memory sale, PurchaseOrder memory wanted) = (saleOrder(), bid());
        (sale.onlyBuyer, wanted.onlySeller) = (only(buyer), _group(bytes32(uint256(1))));
        sealOne(batchOf(sale, wanted));
    }
}
