// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Account} from "../../interfaces/IClerk.sol";
import {POWER_PURCHASE_ORDER, POWER_SALE_ORDER} from "../../interfaces/IKeyring.sol";
import {IReceipt, SignedPurchaseOrder, SignedSaleOrder} from "../../interfaces/IReceipt.sol";
import {GoodsHash} from "../../libraries/GoodsHash.sol";
import {Lanes} from "../../libraries/Lanes.sol";
import {GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../types/Goods.sol";
import {Conditions} from "../../types/Orders.sol";
import {Escrow} from "./Escrow.sol";

/// @title Offers
/// @notice The orders of goods, each by itself: who signed it, whether it stands, and how much of it is taken.
abstract contract Offers is Escrow {
    using GoodsHash for *;

    /// @dev What is taken of the orders of both sides.
    mapping(address signer => mapping(uint256 group => uint256)) private _lanes;

    mapping(address owner => mapping(address operator => uint64)) private _spent;

    /// @dev An order of a batch. What is left of it is read when a match takes from it, since a batch may name one
    /// order, or one volume, in two places.
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
    }

    /// @inheritdoc IReceipt
    function cancel(Side side, bytes32[] calldata salts) external {
        for (uint256 i = 0; i < salts.length; ++i) {
            (uint256 group, uint256 shift) = Lanes.place(uint256(side), salts[i]);
            _lanes[msg.sender][group] |= uint256(Lanes.CANCELLED) << shift;
            emit GoodsOrderCancelled(msg.sender, side, salts[i]);
        }
    }

    /// @inheritdoc IReceipt
    function filled(Side side, address signer, bytes32 salt) external view returns (uint32) {
        return _taken(side, signer, salt);
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
            SaleOrder calldata order = orders[i].order;
            Standing memory standing = standings[i];
            assembly ("memory-safe") {
                mstore(standing, order)
            }
            (standing.hash, standing.signer) = (order.hash(), order.seller);
            _stand(standing, Side.Sale, order.conditions, orders[i].signature, sealer);
        }
    }

    function _standPurchases(
        SignedPurchaseOrder[] calldata orders,
        address sealer
    ) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            PurchaseOrder calldata order = orders[i].order;
            Standing memory standing = standings[i];
            assembly ("memory-safe") {
                mstore(standing, order)
            }
            (standing.hash, standing.signer) = (order.hash(), order.buyer);
            _stand(standing, Side.Purchase, order.conditions, orders[i].signature, sealer);
        }
    }

    function _stand(
        Standing memory standing,
        Side side,
        Conditions calldata conditions,
        bytes calldata signature,
        address sealer
    ) private view {
        Account memory account = _accountOf(standing.signer);
        standing.free = account.free;
        standing.refusal = _refusal(standing.signer, account.epoch, side, conditions, sealer);
        if (standing.refusal != GoodsRefusal.None) return;
        bool valid;
        (valid, standing.operator, standing.limit) = _checkSigned(
            standing.signer,
            side == Side.Sale ? POWER_SALE_ORDER : POWER_PURCHASE_ORDER,
            standing.hash,
            signature
        );
        if (!valid) standing.refusal = GoodsRefusal.BadSignature;
    }

    function _refusal(
        address signer,
        uint64 epoch,
        Side side,
        Conditions calldata conditions,
        address sealer
    ) private view returns (GoodsRefusal) {
        if (conditions.certifier != address(this)) return GoodsRefusal.OtherCertifier;
        if (block.timestamp > conditions.validUntil) return GoodsRefusal.Expired;
        if (conditions.epoch != epoch) return GoodsRefusal.WrongEpoch;
        if (_taken(side, signer, conditions.salt) >= conditions.volume) return GoodsRefusal.CancelledOrFilled;
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

    // ── How much of it is taken ──────────────────────────────────────────────────────────────────────────────────────

    function _taken(Side side, address signer, bytes32 salt) internal view returns (uint32) {
        (uint256 group, uint256 shift) = Lanes.place(uint256(side), salt);
        // The lane's 32 bits.
        return uint32(_lanes[signer][group] >> shift);
    }

    /// @dev Takes no more than is left, so that the lane does not overflow.
    function _take(Side side, address signer, bytes32 salt, uint32 quantity) internal {
        (uint256 group, uint256 shift) = Lanes.place(uint256(side), salt);
        _lanes[signer][group] += uint256(quantity) << shift;
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
