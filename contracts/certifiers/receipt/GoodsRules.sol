// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Restrictions} from "../../libraries/Restrictions.sol";
import {GoodsRefusal, Outcome, PurchaseOrder, SaleOrder} from "../../types/Goods.sol";
import {Restriction} from "../../types/Ids.sol";

/// @title GoodsRules
/// @notice Whether a sale can stand at all, and whether a sale and a purchase that are each valid go together.
library GoodsRules {
    using Restrictions for *;

    /// @notice What a sale says, whoever buys.
    function checkSale(SaleOrder calldata sale) internal pure returns (GoodsRefusal) {
        if (sale.commission > sale.price) return GoodsRefusal.CommissionTooHigh;
        if (sale.commission != 0 && sale.referrer == address(0)) return GoodsRefusal.CommissionTooHigh;
        if (!sale.arbiter.isWellFormed()) return GoodsRefusal.ArbiterNotAccepted;
        if (sale.arbiter.isNobody()) return GoodsRefusal.None;
        if (sale.arbiter.isAccount(sale.seller)) return GoodsRefusal.ArbiterIsParty;
        if (sale.arbiter.isAccount(sale.referrer)) return GoodsRefusal.ArbiterIsParty;
        return GoodsRefusal.None;
    }

    /// @notice The purchase against the sale, and the sale against the purchase.
    function check(
        PurchaseOrder calldata purchase,
        SaleOrder calldata sale,
        bytes32 saleHash
    ) internal view returns (GoodsRefusal) {
        if (purchase.buyer == sale.seller) return GoodsRefusal.SelfDealing;
        if (!sale.arbiter.isNobody() && sale.arbiter.isAccount(purchase.buyer)) return GoodsRefusal.ArbiterIsParty;
        if (purchase.goods != sale.goods) return GoodsRefusal.OtherGoods;
        if (sale.price > purchase.maxPrice) return GoodsRefusal.PriceAboveBid;
        if (purchase.saleOrder == 0) {
            GoodsRefusal refusal = _checkBounds(purchase, sale);
            if (refusal != GoodsRefusal.None) return refusal;
        } else if (purchase.saleOrder != saleHash) {
            return GoodsRefusal.OtherSale;
        }
        if (!sale.onlyBuyer.allows(purchase.buyer)) return GoodsRefusal.Restricted;
        return GoodsRefusal.None;
    }

    /// @dev Each term of the sale against the bound that the buyer signed for it.
    function _checkBounds(
        PurchaseOrder calldata purchase,
        SaleOrder calldata sale
    ) private view returns (GoodsRefusal) {
        if (sale.shipWithin > purchase.maxShipWithin) return GoodsRefusal.ShipsTooLate;
        if (sale.deliverWithin > purchase.maxDeliverWithin) return GoodsRefusal.DeliversTooLate;
        if (sale.complaintTime < purchase.minComplaintTime) return GoodsRefusal.ComplaintTooShort;
        if (purchase.defaultOutcome == Outcome.Buyer && sale.defaultOutcome == Outcome.Seller) {
            return GoodsRefusal.DefaultNotAccepted;
        }
        if (sale.sellerBond < purchase.minSellerBond) return GoodsRefusal.SellerBondTooLow;
        if (sale.resaleMargin < purchase.minResaleMargin) return GoodsRefusal.ResaleMarginTooShort;
        if (!purchase.onlySeller.allows(sale.seller)) return GoodsRefusal.Restricted;
        // No bound is no arbiter, where elsewhere no restriction is anybody.
        if (Restriction.unwrap(purchase.onlyArbiter) == 0) {
            return sale.arbiter.isNobody() ? GoodsRefusal.None : GoodsRefusal.ArbiterNotAccepted;
        }
        return
            purchase.onlyArbiter.allows(sale.arbiter.asSubject()) ? GoodsRefusal.None : GoodsRefusal.ArbiterNotAccepted;
    }
}
