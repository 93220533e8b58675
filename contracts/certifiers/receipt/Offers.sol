// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {POWER_PURCHASE_ORDER, POWER_SALE_ORDER} from "../../interfaces/IKeyring.sol";
import {IReceipt, SignedPurchaseOrder, SignedSaleOrder} from "../../interfaces/IReceipt.sol";
import {GoodsHash} from "../../libraries/GoodsHash.sol";
import {Lanes} from "../../libraries/Lanes.sol";
import {GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../types/Goods.sol";
import {MAX_PURCHASE_VOLUME} from "../../types/GoodsSlot.sol";
import {toRequestId} from "../../types/Ids.sol";
import {Conditions} from "../../types/Orders.sol";
import {Escrow} from "./Escrow.sol";

/// @title Offers
/// @notice The orders of goods, each by itself: who signed it, whether it stands, and how much of it is taken.
abstract contract Offers is Escrow {
    using GoodsHash for *;

    /// @dev What is taken of sales. Of purchases `Escrow` tells.
    mapping(address seller => mapping(uint256 group => uint256)) private _lanes;

    mapping(address owner => mapping(address operator => uint64)) private _spent;

    /// @dev An order of a batch.
    struct Standing {
        // Where in the calldata the order is: `_saleAt` and `_purchaseAt` give it back, without the checks that finding it
        // in the batch costs each time.
        uint256 at;
        bytes32 hash;
        address signer;
        GoodsRefusal refusal;
        // The operator key that signed, and the most that it may lock. Zero: the account signed itself.
        address operator;
        uint64 limit;
        // What the signer has free before anything is sealed.
        uint64 free;
        // What is taken of the volume: before anything is sealed, and in a batch of several matches again when one takes
        // from it, since they may name one order, or one volume, in two places.
        uint32 taken;
    }

    /// @inheritdoc IReceipt
    function cancel(Side side, bytes32[] calldata salts) external {
        for (uint256 i = 0; i < salts.length; ++i) {
            if (side == Side.Sale) _cancelSales(salts[i]);
            else _cancelPurchases(toRequestId(msg.sender, salts[i]));
            emit GoodsOrderCancelled(msg.sender, side, salts[i]);
        }
    }

    /// @inheritdoc IReceipt
    function filled(Side side, address signer, bytes32 salt) external view returns (uint32) {
        return side == Side.Sale ? _sold(signer, salt) : _bought(toRequestId(signer, salt));
    }

    /// @inheritdoc IReceipt
    function spentBy(address owner, address key) external view returns (uint64) {
        return _spent[owner][key];
    }

    /// @inheritdoc IReceipt
    function hashSaleOrder(SaleOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    /// @inheritdoc IReceipt
    function hashPurchaseOrder(PurchaseOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    // ── Whether it stands ────────────────────────────────────────────────────────────────────────────────────────────

    function _standSales(
        SignedSaleOrder[] calldata orders,
        address sealer
    ) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            SignedSaleOrder calldata signed = orders[i];
            SaleOrder calldata order = signed.order;
            Standing memory standing = standings[i];
            assembly ("memory-safe") {
                mstore(standing, order)
            }
            (standing.hash, standing.signer) = (order.hash(), order.seller);
            standing.taken = _sold(standing.signer, order.conditions.salt);
            _stand(standing, POWER_SALE_ORDER, order.conditions, signed.signature, sealer);
        }
    }

    function _standPurchases(
        SignedPurchaseOrder[] calldata orders,
        address sealer
    ) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            SignedPurchaseOrder calldata signed = orders[i];
            PurchaseOrder calldata order = signed.order;
            Standing memory standing = standings[i];
            assembly ("memory-safe") {
                mstore(standing, order)
            }
            (standing.hash, standing.signer) = (order.hash(), order.buyer);
            if (order.conditions.volume > MAX_PURCHASE_VOLUME) {
                standing.refusal = GoodsRefusal.VolumeTooLarge;
                continue;
            }
            standing.taken = _bought(toRequestId(standing.signer, order.conditions.salt));
            _stand(standing, POWER_PURCHASE_ORDER, order.conditions, signed.signature, sealer);
        }
    }

    function _stand(
        Standing memory standing,
        uint16 power,
        Conditions calldata conditions,
        bytes calldata signature,
        address sealer
    ) private view {
        uint64 epoch;
        (standing.free, epoch) = _accountOf(standing.signer);
        standing.refusal = _refusal(epoch, standing.taken, conditions, sealer);
        if (standing.refusal != GoodsRefusal.None) return;
        bool valid;
        (valid, standing.operator, standing.limit) = _checkSigned(standing.signer, power, standing.hash, signature);
        if (!valid) standing.refusal = GoodsRefusal.BadSignature;
    }

    function _refusal(
        uint64 epoch,
        uint32 taken,
        Conditions calldata conditions,
        address sealer
    ) private view returns (GoodsRefusal) {
        if (conditions.certifier != address(this)) return GoodsRefusal.OtherCertifier;
        if (block.timestamp > conditions.validUntil) return GoodsRefusal.Expired;
        if (conditions.epoch != epoch) return GoodsRefusal.WrongEpoch;
        if (taken >= conditions.volume) return GoodsRefusal.CancelledOrFilled;
        if (conditions.matcher != address(0) && conditions.matcher != sealer) return GoodsRefusal.NotTheMatcher;
        return GoodsRefusal.None;
    }

    function _saleAt(uint256 at) internal pure returns (SaleOrder calldata order) {
        assembly ("memory-safe") {
            order := at
        }
    }

    function _purchaseAt(uint256 at) internal pure returns (PurchaseOrder calldata order) {
        assembly ("memory-safe") {
            order := at
        }
    }

    // ── How much of a sale is taken ──────────────────────────────────────────────────────────────────────────────────

    function _sold(address seller, bytes32 salt) internal view returns (uint32) {
        (uint256 group, uint256 shift) = Lanes.place(uint256(Side.Sale), salt);
        // The lane's 32 bits.
        return uint32(_lanes[seller][group] >> shift);
    }

    /// @dev Sells no more than is left, so that the lane does not overflow.
    function _sell(address seller, bytes32 salt, uint32 quantity) internal {
        (uint256 group, uint256 shift) = Lanes.place(uint256(Side.Sale), salt);
        _lanes[seller][group] += uint256(quantity) << shift;
    }

    function _cancelSales(bytes32 salt) private {
        (uint256 group, uint256 shift) = Lanes.place(uint256(Side.Sale), salt);
        _lanes[msg.sender][group] |= uint256(Lanes.CANCELLED) << shift;
    }

    // ── What may be locked for it ────────────────────────────────────────────────────────────────────────────────────

    /// @dev Whether the key that signed may lock so much more of its account's money.
    function _maySpend(Standing memory standing, uint256 amount) internal view returns (bool) {
        return standing.operator == address(0) || _spent[standing.signer][standing.operator] + amount <= standing.limit;
    }

    /// @dev Assumes `_maySpend`: the sum is at most the limit, of 64 bits.
    function _countSpent(Standing memory standing, uint256 amount) internal {
        if (standing.operator != address(0)) _spent[standing.signer][standing.operator] += uint64(amount);
    }
}
