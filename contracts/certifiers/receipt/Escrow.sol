// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../interfaces/IClerk.sol";
import {GoodsState, IReceipt} from "../../interfaces/IReceipt.sol";
import {GoodsDeal, Stage, commitmentOfGoods, hashOfGoods} from "../../types/Goods.sol";
import {ALL_TAKEN, GoodsSlot, toGoodsSlot} from "../../types/GoodsSlot.sol";
import {DealId, RequestId, toDealId} from "../../types/Ids.sol";
import {Rules} from "./Rules.sol";
import {Signers} from "./Signers.sol";

/// @title Escrow
/// @notice The deals of goods: where each stands, and what is held for it. Every bond is taken and paid out in this file.
/// @dev Nobody can call back in between: the Clerk's `bond` and `slash` move balances and call nobody, not even the token.
/// Amounts fit 64 bits: each was locked out of an account's free money, and all money together is below 2^57.
abstract contract Escrow is Rules, Signers {
    /// @dev Where counts begin in `_dealsOf`; one deal that is not over; and one more that ever was, too.
    uint256 private constant COUNTS_SHIFT = 40;
    uint256 private constant ONE_OPEN = 1 << COUNTS_SHIFT;
    uint256 private constant ONE_DEAL = (1 << 72) | ONE_OPEN;

    /// @dev What is taken of a purchase stands in the slot of its first deal, which has to be written anyway. So a deal's
    /// slot is no deal yet where only its purchases were cancelled: its commitment is zero then.
    mapping(DealId id => GoodsSlot) private _deals;
    /// @dev From the lowest bit: 40 of when the seller last lost a dispute; 32 of deals that are not over; 32 of all there ever
    /// were, which keep the slot from falling back to zero, as that would cost the next deal more.
    mapping(address seller => uint256) private _dealsOf;

    /// @inheritdoc IReceipt
    function dealsOf(address seller) external view returns (uint32 open, uint40 lastLostAt) {
        uint256 deals = _dealsOf[seller];
        // The 32 bits of a count, and a time.
        (open, lastLostAt) = (uint32(deals >> COUNTS_SHIFT), uint40(deals));
    }

    /// @inheritdoc IReceipt
    function goodsState(DealId id) external view returns (GoodsState memory) {
        return _stateOf(_deals[id]);
    }

    /// @inheritdoc IReceipt
    function checkDeal(GoodsDeal calldata deal) external view returns (DealId id, GoodsState memory state) {
        GoodsSlot slot;
        (id, slot) = _checkDeal(deal);
        state = _stateOf(slot);
    }

    /// @inheritdoc IReceipt
    function disputeBond(GoodsDeal calldata deal) external view returns (uint64) {
        return _bondOf(deal);
    }

    // ── Where a deal stands ──────────────────────────────────────────────────────────────────────────────────────────

    function _checkDeal(GoodsDeal calldata deal) internal view returns (DealId id, GoodsSlot state) {
        (id, state, ) = _checkHashed(deal);
    }

    /// @dev The commitment is the beginning of `hash`.
    function _checkHashed(GoodsDeal calldata deal) internal view returns (DealId id, GoodsSlot state, bytes32 hash) {
        id = toDealId(deal.purchaseId, deal.firstPiece);
        state = _deals[id];
        hash = hashOfGoods(deal);
        // An unknown deal's commitment is zero, and nothing hashes to that.
        require(state.commitment() == bytes24(hash), ReceiptDealUnknown(id));
    }

    function _checkStage(DealId id, GoodsSlot state, bool possible) internal pure {
        require(possible, ReceiptWrongStage(id, state.stage()));
    }

    /// @dev That it is not too late yet.
    function _checkNotAfter(DealId id, uint256 until) internal view {
        require(block.timestamp <= until, ReceiptTooLate(id, until));
    }

    /// @dev That it is not too early any more.
    function _checkAfter(DealId id, uint256 until) internal view {
        require(block.timestamp > until, ReceiptTooEarly(id, until));
    }

    function _isOver(Stage stage) internal pure returns (bool) {
        return stage >= Stage.Paid;
    }

    function _enter(DealId id, GoodsSlot state, Stage stage) internal {
        _deals[id] = state.entered(stage);
    }

    /// @dev Assumes that the supply may be extended; its stage stays as it is.
    function _setExtended(DealId id, GoodsSlot state) internal {
        _deals[id] = state.extended();
    }

    function _stateOf(GoodsSlot slot) private pure returns (GoodsState memory) {
        return
            GoodsState({
                stage: slot.stage(),
                // 34 bits.
                since: uint40(slot.since()),
                extended: slot.isExtended(),
                complaint: slot.complaint(),
                commitment: slot.commitment()
            });
    }

    // ── How much of a purchase is taken ──────────────────────────────────────────────────────────────────────────────

    /// @dev `ALL_TAKEN` once they are cancelled.
    function _bought(RequestId purchaseId) internal view returns (uint32) {
        return _deals[toDealId(purchaseId, 0)].filled();
    }

    function _cancelPurchases(RequestId purchaseId) internal {
        _setBought(purchaseId, ALL_TAKEN);
    }

    function _setBought(RequestId purchaseId, uint32 pieces) private {
        DealId first = toDealId(purchaseId, 0);
        _deals[first] = _deals[first].withFilled(pieces);
    }

    // ── What is held for it ──────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Takes of the purchase, and locks what both sides put in. Assumes that so much is left, and that they have and
    /// allow it: else the Clerk reverts it all.
    function _open(DealId id, GoodsDeal memory deal, uint64 price, uint64 sellerBond) internal {
        GoodsSlot state = toGoodsSlot(commitmentOfGoods(deal));
        uint32 bought;
        unchecked {
            // At most the purchase's volume; and nobody has 2^32 deals.
            bought = deal.firstPiece + deal.quantity;
            _dealsOf[deal.seller] += ONE_DEAL;
        }
        if (deal.firstPiece == 0) state = state.withFilled(bought);
        else _setBought(deal.purchaseId, bought);
        _enter(id, state, Stage.Sealed);
        _bond(deal.buyer, price);
        _bond(deal.seller, sellerBond);
    }

    /// @dev Ends a deal. The seller gets what is left of all that is held for it.
    /// @param toBuyer Of all that is held.
    function _end(
        GoodsDeal calldata deal,
        DealId id,
        GoodsSlot state,
        Stage end,
        uint64 toBuyer,
        uint64 toReferrer
    ) internal {
        (uint64 ofBuyer, uint64 ofSeller) = _heldOf(deal, state.stage());
        uint64 toSeller = ofBuyer + ofSeller - toBuyer - toReferrer;
        _enter(id, state, end);
        uint256 deals = _dealsOf[deal.seller];
        unchecked {
            // It was counted when it was opened.
            deals -= ONE_OPEN;
        }
        if (end == Stage.WonByBuyer) deals = ((deals >> COUNTS_SHIFT) << COUNTS_SHIFT) | block.timestamp;
        _dealsOf[deal.seller] = deals;
        _slash(deal, ofBuyer, ofSeller, toBuyer, toSeller, toReferrer);
        emit GoodsSettled(id, end, toBuyer, toSeller, toReferrer);
    }

    /// @dev What is held of each side's money at a stage before the end.
    function _heldOf(GoodsDeal calldata deal, Stage stage) internal view returns (uint64 ofBuyer, uint64 ofSeller) {
        (ofBuyer, ofSeller) = (_priceOf(deal), _times(deal.sellerBond, deal.quantity));
        if (stage < Stage.Disputed) return (ofBuyer, ofSeller);
        uint64 bond = _bondOf(deal);
        unchecked {
            // They fit, as all money together does.
            ofBuyer += bond;
            if (stage == Stage.Contested) ofSeller += bond;
        }
    }

    function _bond(address account, uint64 amount) internal {
        if (amount != 0) CLERK.bond(account, amount);
    }

    function _priceOf(GoodsDeal calldata deal) internal pure returns (uint64) {
        return _times(deal.price, deal.quantity);
    }

    function _bondOf(GoodsDeal calldata deal) internal view returns (uint64) {
        return _bondFor(_priceOf(deal));
    }

    /// @dev Of what was locked at the seal, or is part of it.
    function _times(uint64 amount, uint32 quantity) internal pure returns (uint64) {
        return amount * quantity;
    }

    /// @dev `CLERK.slash(seized, credits)`, put together where it is sent from: what the compiler makes of arrays of structs
    /// is more code, and more gas. Entries of nothing are left out: an account that gets nothing is not touched.
    function _slash(
        GoodsDeal calldata deal,
        uint64 ofBuyer,
        uint64 ofSeller,
        uint64 toBuyer,
        uint64 toSeller,
        uint64 toReferrer
    ) private {
        bytes4 selector = IClerk.slash.selector;
        address clerk = address(CLERK);
        (address buyer, address seller, address referrer) = (deal.buyer, deal.seller, deal.referrer);
        assembly ("memory-safe") {
            function put(at_, account, amount) -> end_ {
                end_ := at_
                if amount {
                    mstore(at_, account)
                    mstore(add(at_, 0x20), amount)
                    end_ := add(at_, 0x40)
                }
            }
            // Behind the free memory's beginning, which stays where it is: where both lists begin, then each list's length
            // and entries, of two words.
            let data := mload(0x40)
            mstore(data, selector)
            let start := add(data, 0x04)
            mstore(start, 0x40)
            let first := add(start, 0x60)
            let end := put(put(first, buyer, ofBuyer), seller, ofSeller)
            mstore(sub(first, 0x20), shr(6, sub(end, first)))
            mstore(add(start, 0x20), sub(end, start))
            first := add(end, 0x20)
            end := put(put(put(first, buyer, toBuyer), seller, toSeller), referrer, toReferrer)
            mstore(sub(first, 0x20), shr(6, sub(end, first)))
            if iszero(call(gas(), clerk, 0, data, sub(end, data), 0, 0)) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
        }
    }
}
