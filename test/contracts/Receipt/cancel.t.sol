// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsState, IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, GoodsRefusal, PurchaseOrder, SaleOrder, Side, Stage} from "../../../contracts/types/Goods.sol";
import {MAX_PURCHASE_VOLUME} from "../../../contracts/types/GoodsSlot.sol";
import {toDealId, toRequestId} from "../../../contracts/types/Ids.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// cancel
///   given orders of one side                      it should cancel those with these salts, and nobody else's
///   given an order that is partly filled          it should cancel the rest, and leave its deals
/// filled                                          it should tell what is taken of a salt, by side and signer
/// raiseEpoch, of the Clerk                        it should void orders of an earlier epoch
contract CancelTest is GoodsTest {
    function _salts(bytes32 salt) private pure returns (bytes32[] memory salts) {
        salts = new bytes32[](2);
        (salts[0], salts[1]) = (salt, ~salt);
    }

    function testFuzz_cancels(bytes32 salt, bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        (SaleOrder memory offer, PurchaseOrder memory wanted) = (saleOrder(), bid());
        if (sale) offer.conditions.salt = salt;
        else wanted.conditions.salt = salt;
        address signer = sale ? seller : buyer;
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(receipt));
            emit IReceipt.GoodsOrderCancelled(signer, side, _salts(salt)[i]);
        }
        vm.prank(signer);
        receipt.cancel(side, _salts(salt));
        refused(batchOf(offer, wanted), side, GoodsRefusal.CancelledOrFilled);
        assertEq(receipt.filled(side, signer, salt), type(uint32).max, "cancelled");
        assertEq(receipt.filled(side, signer, salt ^ bytes32(uint256(1))), 0, "not the one beside");
        assertEq(receipt.filled(sale ? Side.Purchase : Side.Sale, signer, salt), 0, "nor of the other side");
        assertEq(receipt.filled(side, stranger, salt), 0, "nor anybody else's");
    }

    function testFuzz_ofOthersHasNoEffect(bytes32 salt) external {
        (SaleOrder memory offer, PurchaseOrder memory wanted) = (saleOrder(), bid());
        (offer.conditions.salt, wanted.conditions.salt) = (salt, salt);
        vm.prank(stranger);
        receipt.cancel(Side.Sale, _salts(salt));
        vm.prank(seller);
        receipt.cancel(Side.Purchase, _salts(salt));
        sealOne(batchOf(offer, wanted));
        assertEq(receipt.filled(Side.Sale, seller, salt), PIECES, "sold");
        assertEq(receipt.filled(Side.Purchase, buyer, salt), PIECES, "bought");
    }

    function test_theRestOfAnOrder() external {
        aDeal();
        PurchaseOrder memory another = bid();
        another.conditions.salt = "another";
        vm.prank(seller);
        receipt.cancel(Side.Sale, _salts(0));
        refused(batchOf(saleOrder(), another), Side.Sale, GoodsRefusal.CancelledOrFilled);
    }

    function test_theRestOfAPurchaseWhoseDealGoesOn() external {
        GoodsDeal memory deal = aDeal();
        vm.prank(buyer);
        receipt.cancel(Side.Purchase, _salts(0));
        PurchaseOrder memory larger = bid();
        larger.conditions.volume = MAX_PURCHASE_VOLUME;
        refused(batchOf(saleOrder(), larger), Side.Purchase, GoodsRefusal.CancelledOrFilled);
        shipIt(deal);
        assertEq(receipt.filled(Side.Purchase, buyer, 0), type(uint32).max, "cancelled for good");
        vm.prank(buyer);
        receipt.confirm(deal, "");
        assertEq(uint8(stageOf(deal)), uint8(Stage.Paid), "and its deal ends like others");
    }

    function test_whatWasNeverSealedIsNoDeal() external {
        vm.prank(buyer);
        receipt.cancel(Side.Purchase, _salts(0));
        GoodsState memory state = receipt.goodsState(toDealId(toRequestId(buyer, 0), 0));
        assertEq(uint8(state.stage), uint8(Stage.None), "at no stage");
        assertEq(state.commitment, 0, "of nothing");
    }

    function test_byEpoch() external {
        vm.prank(seller);
        clerk.raiseEpoch(1);
        refused(batchOf(saleOrder(), bid()), Side.Sale, GoodsRefusal.WrongEpoch);
        SaleOrder memory sale = saleOrder();
        sale.conditions.epoch = 1;
        sealOne(batchOf(sale, bid()));
    }
}
