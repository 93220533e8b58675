// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Restrictions} from "../../libraries/Restrictions.sol";
import {GoodsDeal, GoodsRefusal, Outcome, PurchaseOrder} from "../../types/Goods.sol";
import {Restriction} from "../../types/Ids.sol";

/// @title GoodsRules
/// @notice Whether a sale and a purchase that are each signed for may become a deal.
library GoodsRules {
    using Restrictions for *;

    /// @notice The deal as it would be sealed, which has all that the sale says, against what the purchase says.
    function check(
        GoodsDeal memory draft,
        PurchaseOrder calldata purchase,
        bytes32 saleHash,
        Restriction onlyBuyer
    ) internal view returns (GoodsRefusal) {
        if (draft.commission > draft.price) return GoodsRefusal.CommissionTooHigh;
        if (draft.commission != 0 && draft.referrer == address(0)) return GoodsRefusal.CommissionTooHigh;
        if (draft.seller == draft.buyer) return GoodsRefusal.SelfDealing;
        GoodsRefusal refusal = _checkArbiter(draft);
        if (refusal != GoodsRefusal.None) return refusal;
        if (purchase.goods != draft.goods) return GoodsRefusal.OtherGoods;
        if (draft.price > purchase.maxPrice) return GoodsRefusal.PriceAboveBid;
        if (purchase.saleOrder == 0) {
            refusal = _checkBounds(draft, purchase);
            if (refusal != GoodsRefusal.None) return refusal;
        } else if (purchase.saleOrder != saleHash) {
            return GoodsRefusal.OtherSale;
        }
        return onlyBuyer.allows(draft.buyer) ? GoodsRefusal.None : GoodsRefusal.Restricted;
    }

    /// @dev That nobody judges its own case.
    function _checkArbiter(GoodsDeal memory draft) private pure returns (GoodsRefusal) {
        if (draft.arbiter.isNobody()) return GoodsRefusal.None;
        if (!draft.arbiter.isWellFormed()) return GoodsRefusal.ArbiterNotAccepted;
        bool isParty =
            draft.arbiter.isAccount(draft.seller) ||
                draft.arbiter.isAccount(draft.buyer) ||
                draft.arbiter.isAccount(draft.referrer);
        return isParty ? GoodsRefusal.ArbiterIsParty : GoodsRefusal.None;
    }

    /// @dev Each term against the bound that the buyer signed for it.
    function _checkBounds(GoodsDeal memory draft, PurchaseOrder calldata purchase) private view returns (GoodsRefusal) {
        if (draft.shipWithin > purchase.maxShipWithin) return GoodsRefusal.ShipsTooLate;
        if (draft.deliverWithin > purchase.maxDeliverWithin) return GoodsRefusal.DeliversTooLate;
        if (draft.complaintTime < purchase.minComplaintTime) return GoodsRefusal.ComplaintTooShort;
        if (draft.defaultOutcome == Outcome.Seller && purchase.defaultOutcome == Outcome.Buyer) {
            return GoodsRefusal.DefaultNotAccepted;
        }
        if (draft.sellerBond < purchase.minSellerBond) return GoodsRefusal.SellerBondTooLow;
        if (draft.resaleMargin < purchase.minResaleMargin) return GoodsRefusal.ResaleMarginTooShort;
        if (!purchase.onlySeller.allows(draft.seller)) return GoodsRefusal.Restricted;
        // Here no bound is no arbiter, where elsewhere no restriction is anybody.
        bool isAccepted =
            Restriction.unwrap(purchase.onlyArbiter) == 0
                ? draft.arbiter.isNobody()
                : purchase.onlyArbiter.allows(draft.arbiter.asSubject());
        return isAccepted ? GoodsRefusal.None : GoodsRefusal.ArbiterNotAccepted;
    }
}
