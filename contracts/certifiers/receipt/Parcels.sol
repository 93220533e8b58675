// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReceipt} from "../../interfaces/IReceipt.sol";
import {GoodsHash} from "../../libraries/GoodsHash.sol";
import {GoodsDeal, Stage} from "../../types/Goods.sol";
import {GoodsSlot} from "../../types/GoodsSlot.sol";
import {DealId} from "../../types/Ids.sol";
import {Escrow} from "./Escrow.sol";

/// @title Parcels
/// @notice What becomes of a deal that nobody quarrels about.
abstract contract Parcels is Escrow {
    /// @inheritdoc IReceipt
    function ship(GoodsDeal calldata deal, bytes32 trackingHash) external {
        // Check
        (DealId id, GoodsSlot state) = _checkDeal(deal);
        _checkMayAct(deal.seller);
        _checkStage(id, state, state.stage() == Stage.Sealed);
        _checkNotAfter(id, _shipUntil(deal));
        // Effect
        _enter(id, state, Stage.Shipped);
        emit Shipped(id, trackingHash);
    }

    /// @inheritdoc IReceipt
    function confirm(GoodsDeal calldata deal, bytes calldata signature) external {
        (DealId id, GoodsSlot state, bytes32 hash) = _checkHashed(deal);
        _checkStage(id, state, !_isOver(state.stage()));
        _checkAgrees(deal.buyer, GoodsHash.confirmation(hash), signature);
        // Who confirms has lost the dispute, where there is one.
        _endForSeller(deal, id, state, state.stage() < Stage.Disputed ? Stage.Paid : Stage.WonBySeller);
    }

    /// @inheritdoc IReceipt
    function release(GoodsDeal calldata deal) external {
        (DealId id, GoodsSlot state) = _checkDeal(deal);
        _checkStage(id, state, state.stage() == Stage.Shipped);
        _checkAfter(id, _complainUntil(deal, state));
        _endForSeller(deal, id, state, Stage.Paid);
    }

    /// @inheritdoc IReceipt
    function refund(GoodsDeal calldata deal) external {
        (DealId id, GoodsSlot state) = _checkDeal(deal);
        _checkStage(id, state, state.stage() != Stage.Contested && !_isOver(state.stage()));
        (uint64 toBuyer, uint64 sellerBond) = _heldOf(deal, state.stage());
        if (!_mayAct(deal.seller)) {
            require(state.stage() == Stage.Sealed, ReceiptNotAllowed(deal.seller, msg.sender));
            _checkAfter(id, _shipUntil(deal));
            // Who has to be told to give the money back pays for it.
            toBuyer += sellerBond;
        }
        _end(deal, id, state, Stage.Refunded, toBuyer, 0);
    }

    /// @inheritdoc IReceipt
    function split(
        GoodsDeal calldata deal,
        uint64 toBuyer,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external {
        (DealId id, GoodsSlot state, bytes32 hash) = _checkHashed(deal);
        _checkStage(id, state, !_isOver(state.stage()));
        uint64 price = _priceOf(deal);
        require(toBuyer <= price, ReceiptSplitTooHigh(toBuyer, price));
        bytes32 agreement = GoodsHash.split(hash, toBuyer);
        _checkAgrees(deal.buyer, agreement, buyerSignature);
        _checkAgrees(deal.seller, agreement, sellerSignature);

        (uint64 ofBuyer, ) = _heldOf(deal, state.stage());
        uint64 commission = _times(deal.commission, deal.quantity);
        // In proportion, rounded down: at most what it is of the whole price.
        if (commission != 0) commission = uint64((uint256(commission) * (price - toBuyer)) / price);
        _end(deal, id, state, Stage.Split, toBuyer + (ofBuyer - price), commission);
    }

    /// @inheritdoc IReceipt
    function extend(GoodsDeal calldata supply, GoodsDeal calldata resale) external {
        // Check
        (DealId id, GoodsSlot state) = _checkDeal(supply);
        (DealId resaleId, GoodsSlot resaleState) = _checkDeal(resale);
        require(
            resale.seller == supply.buyer &&
                DealId.unwrap(resale.supply) == DealId.unwrap(id) &&
                resale.quantity <= supply.quantity &&
                !_isOver(resaleState.stage()),
            ReceiptNotItsResale(id, resaleId)
        );
        _checkStage(id, state, state.stage() < Stage.Disputed);
        if (state.stage() == Stage.Shipped) {
            _checkNotAfter(id, _complainUntil(supply, state));
        }
        // Once, however many resales there are: by what its seller signed for.
        if (state.isExtended()) return;
        // Effect
        _setExtended(id, state);
        emit ComplaintExtended(id, resaleId);
    }

    /// @inheritdoc IReceipt
    function complaintEnd(GoodsDeal calldata deal) external view returns (uint256) {
        (, GoodsSlot state) = _checkDeal(deal);
        return state.stage() == Stage.Shipped ? _complainUntil(deal, state) : 0;
    }

    // ── Times, and who is paid ───────────────────────────────────────────────────────────────────────────────────────

    /// @dev The last second to ship in.
    function _shipUntil(GoodsDeal calldata deal) private pure returns (uint256) {
        return uint256(deal.sealedAt) + deal.shipWithin;
    }

    /// @dev The last second by which the parcel has to be there. Assumes that it is shipped.
    function _deliverUntil(GoodsDeal calldata deal, GoodsSlot state) internal pure returns (uint256) {
        unchecked {
            // A time of 34 bits, and a span of 32.
            return state.since() + deal.deliverWithin;
        }
    }

    /// @dev The last second to complain in. Assumes that it is shipped.
    function _complainUntil(GoodsDeal calldata deal, GoodsSlot state) internal pure returns (uint256) {
        unchecked {
            // And two such spans more.
            return _deliverUntil(deal, state) + deal.complaintTime + (state.isExtended() ? deal.resaleMargin : 0);
        }
    }

    /// @dev The seller gets all that is held, but for the commission.
    function _endForSeller(GoodsDeal calldata deal, DealId id, GoodsSlot state, Stage end) internal {
        _end(deal, id, state, end, 0, _times(deal.commission, deal.quantity));
    }
}
