// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Arbiter, GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../../contracts/types/Goods.sol";
import {Restriction} from "../../../contracts/types/Ids.sol";
import {Foreign} from "../support/Foreign.sol";
import {GoodsTest} from "../Receipt/support/GoodsTest.sol";

/// Who would be the judge of its own case: 3,000 for a parcel that never was.
contract PuppetArbiterAttack is GoodsTest {
    /// @dev Even where the buyer signed for this very sale, not having read it, or takes every arbiter of a careless group.
    function _refusedHowever(SaleOrder memory sale) private {
        refused(batchOf(sale, purchaseOf(sale)), Side.Sale, GoodsRefusal.ArbiterIsParty);
        PurchaseOrder memory careless = bid();
        address anybody = address(new Foreign(Foreign.Manner.Word, bytes32(uint256(1)), clerk));
        careless.onlyArbiter = Restriction.wrap(bytes32((uint256(0xff) << 248) | uint160(anybody)));
        refused(batchOf(sale, careless), Side.Sale, GoodsRefusal.ArbiterIsParty);
    }

    function test_theSellerItself() external {
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byAccount(seller);
        _refusedHowever(sale);
    }

    /// @dev Who is paid a commission only where the seller wins.
    function test_theReferrer() external {
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byAccount(referrer);
        _refusedHowever(sale);
    }

    /// @dev The other way round: an arbiter who buys where it judges.
    function test_theBuyer() external {
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byAccount(buyer);
        _refusedHowever(sale);
    }

    /// @dev Something that looks like an arbiter and can never rule, so that the default for the seller would count even
    /// against "nothing arrived".
    function test_anArbiterThatCannotRule() external {
        SaleOrder memory sale = saleOrder();
        for (uint256 top = 1; top < 256; ++top) {
            if (top == 3) continue;
            sale.arbiter = Arbiter.wrap(bytes32((top << 248) | uint160(arbiter)));
            PurchaseOrder memory wanted = purchaseOf(sale);
            assertEq(
                uint8(receipt.preview(batchOf(sale, wanted), broker)[0].refusal),
                uint8(GoodsRefusal.ArbiterNotAccepted),
                "neither an account nor a pool"
            );
        }
    }
}
