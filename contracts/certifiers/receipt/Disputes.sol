// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReceipt} from "../../interfaces/IReceipt.sol";
import {Complaint, GoodsDeal, Outcome, Stage} from "../../types/Goods.sol";
import {GoodsSlot} from "../../types/GoodsSlot.sol";
import {DealId} from "../../types/Ids.sol";
import {Parcels} from "./Parcels.sol";

/// @title Disputes
/// @notice What becomes of a deal that buyer and seller do not agree about.
abstract contract Disputes is Parcels {
    /// @inheritdoc IReceipt
    function dispute(GoodsDeal calldata deal, Complaint complaint, bytes32 evidenceHash) external {
        // Check
        (DealId id, GoodsSlot state) = _checkDeal(deal);
        _checkMayAct(deal.buyer);
        _checkStage(id, state, state.stage() == Stage.Shipped);
        if (complaint == Complaint.NotArrived) {
            _checkAfter(id, _deliverUntil(deal, state));
        }
        _checkNotAfter(id, _complainUntil(deal, state));
        // Effect
        _enter(id, state.disputed(complaint), Stage.Disputed);
        uint64 bond = _bondOf(deal);
        _bond(deal.buyer, bond);
        emit Disputed(id, complaint, evidenceHash, bond);
    }

    /// @inheritdoc IReceipt
    function contest(GoodsDeal calldata deal, bytes32 evidenceHash) external {
        // Check
        (DealId id, GoodsSlot state) = _checkDeal(deal);
        _checkMayAct(deal.seller);
        _checkStage(id, state, state.stage() == Stage.Disputed);
        _checkNotAfter(id, _answerUntil(state));
        // Effect
        _enter(id, state, Stage.Contested);
        uint64 bond = _bondOf(deal);
        _bond(deal.seller, bond);
        emit Contested(id, evidenceHash, bond);
    }

    /// @inheritdoc IReceipt
    function rule(GoodsDeal calldata deal, Outcome outcome) external {
        (DealId id, GoodsSlot state) = _checkContested(deal);
        require(deal.arbiter.isAccount(msg.sender), ReceiptNotTheArbiter(id, msg.sender));
        _checkRulingTime(id, state);
        _endDispute(deal, id, state, outcome);
    }

    /// @inheritdoc IReceipt
    function enforce(GoodsDeal calldata deal) external {
        (DealId id, GoodsSlot state) = _checkDeal(deal);
        if (state.stage() == Stage.Disputed) {
            _checkAfter(id, _answerUntil(state));
            return _endDispute(deal, id, state, Outcome.Buyer);
        }
        _checkStage(id, state, state.stage() == Stage.Contested);
        (bool ruled, Outcome outcome) = _rulingOf(id);
        if (!ruled) {
            _checkAfter(id, _ruleUntil(state));
            outcome = _defaultOf(deal, state.complaint());
        }
        _endDispute(deal, id, state, outcome);
    }

    /// @dev What the jury said of a deal, if it did.
    function _rulingOf(DealId id) internal view virtual returns (bool ruled, Outcome outcome);

    function _checkContested(GoodsDeal calldata deal) internal view returns (DealId id, GoodsSlot state) {
        (id, state) = _checkDeal(deal);
        _checkStage(id, state, state.stage() == Stage.Contested);
    }

    function _checkRulingTime(DealId id, GoodsSlot state) internal view {
        _checkNotAfter(id, _ruleUntil(state));
    }

    /// @dev The last second to contest in. Assumes that it is disputed.
    function _answerUntil(GoodsSlot state) private view returns (uint256) {
        return state.since() + ANSWER_TIME;
    }

    /// @dev The last second to rule in. Assumes that it is contested.
    function _ruleUntil(GoodsSlot state) private view returns (uint256) {
        return state.since() + RULING_TIME;
    }

    /// @dev Who gets the price when nobody ruled. That nothing arrived is believed, unless somebody could have asked the
    /// carrier and the order says so.
    function _defaultOf(GoodsDeal calldata deal, Complaint complaint) private pure returns (Outcome) {
        if (complaint == Complaint.NotArrived && deal.arbiter.isNobody()) return Outcome.Buyer;
        return deal.defaultOutcome;
    }

    /// @dev The loser's bonds are the winner's.
    function _endDispute(GoodsDeal calldata deal, DealId id, GoodsSlot state, Outcome outcome) private {
        if (outcome == Outcome.Seller) return _endForSeller(deal, id, state, Stage.WonBySeller);
        (uint64 ofBuyer, uint64 ofSeller) = _heldOf(deal, state.stage());
        _end(deal, id, state, Stage.WonByBuyer, ofBuyer + ofSeller, 0);
    }
}
