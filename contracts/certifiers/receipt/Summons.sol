// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReceipt} from "../../interfaces/IReceipt.sol";
import {IResultReceiver} from "../../interfaces/IResultReceiver.sol";
import {OrderHash} from "../../libraries/OrderHash.sol";
import {Arbiter, GoodsDeal, Outcome} from "../../types/Goods.sol";
import {GoodsSlot} from "../../types/GoodsSlot.sol";
import {DealId, Restriction, UnitId, toRequestId, toUnitId} from "../../types/Ids.sol";
import {Conditions, RequestOrder} from "../../types/Orders.sol";
import {Disputes} from "./Disputes.sol";

/// @title Summons
/// @notice How jurors are asked, and what they said.
abstract contract Summons is Disputes {
    // What the arbitration app answers.
    bytes32 private constant FOR_SELLER = bytes32(uint256(1));
    bytes32 private constant FOR_BUYER = bytes32(uint256(2));

    /// @dev What the jury said of a unit; zero: nothing.
    mapping(UnitId unit => bytes32) private _rulings;

    /// @inheritdoc IReceipt
    function summon(GoodsDeal calldata deal, uint64 maxPoolPrice, uint64 validUntil) external {
        // Check
        (DealId id, GoodsSlot state) = _checkContested(deal);
        require(deal.arbiter.isPool(), ReceiptNoJury(id));
        _checkRulingTime(id, state);
        // Interaction: the Clerk tells the digest, the Keyring notes it; neither calls anybody.
        bytes32 requestHash = _hash(_requestFor(id, deal, maxPoolPrice, validUntil));
        KEYRING.presign(CLERK.digestOf(requestHash), true);
        emit JurySummoned(id, juryUnit(id), msg.sender, requestHash);
    }

    /// @inheritdoc IResultReceiver
    function receiveResult(bytes32 id, bytes calldata result) external {
        require(msg.sender == address(JURY), ReceiptNotTheJury(msg.sender));
        // Anybody may have the jury asked about a unit of its own: it is no deal's.
        bytes32 answer = bytes32(result);
        if (result.length != 32 || (answer != FOR_SELLER && answer != FOR_BUYER)) return;
        UnitId unit = UnitId.wrap(id);
        _rulings[unit] = answer;
        emit JuryRuled(unit, answer == FOR_SELLER ? Outcome.Seller : Outcome.Buyer);
    }

    /// @inheritdoc IReceipt
    function juryUnit(DealId id) public view returns (UnitId) {
        return toUnitId(toRequestId(address(this), DealId.unwrap(id)), 0);
    }

    function _rulingOf(DealId id) internal view override returns (bool ruled, Outcome outcome) {
        bytes32 answer = _rulings[juryUnit(id)];
        return (answer != 0, answer == FOR_SELLER ? Outcome.Seller : Outcome.Buyer);
    }

    /// @dev All of it follows from the rules and the deal, but for what the sponsor pays, and until when.
    function _requestFor(
        DealId id,
        GoodsDeal calldata deal,
        uint64 maxPoolPrice,
        uint64 validUntil
    ) private view returns (RequestOrder memory request) {
        request.requester = address(this);
        request.app = JURY_APP;
        request.maxPoolPrice = maxPoolPrice;
        request.category = JURY_CATEGORY;
        request.trust = JURY_TRUST;
        request.onlyPool = Restriction.wrap(Arbiter.unwrap(deal.arbiter));
        request.minSeats = JURY_MIN_SEATS;
        request.minSeatStake = JURY_MIN_SEAT_STAKE;
        request.beneficiary = address(this);
        request.callback = address(this);
        request.sponsor = msg.sender;
        request.params = abi.encode(id);
        Conditions memory conditions = request.conditions;
        conditions.certifier = address(JURY);
        conditions.validUntil = validUntil;
        (, conditions.epoch) = _accountOf(address(this));
        (conditions.volume, conditions.minFill) = (1, 1);
        conditions.salt = DealId.unwrap(id);
    }

    /// @dev As the Clerk's `hashRequestOrder`, of an order in memory, where its fields lie as EIP-712 wants them too.
    function _hash(RequestOrder memory request) private pure returns (bytes32 result) {
        bytes32 paramsHash = keccak256(request.params);
        Conditions memory conditions = request.conditions;
        bytes32 typeHash = OrderHash.CONDITIONS_TYPEHASH;
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            mcopy(add(start, 0x20), conditions, 0x120)
            result := keccak256(start, 0x140)
        }
        typeHash = OrderHash.REQUEST_ORDER_TYPEHASH;
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            // The 18 fields before `params`.
            mcopy(add(start, 0x20), request, 0x240)
            mstore(add(start, 0x260), paramsHash)
            mstore(add(start, 0x280), result)
            result := keccak256(start, 0x2a0)
        }
    }
}
