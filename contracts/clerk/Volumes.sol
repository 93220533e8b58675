// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DealState, IClerk} from "../interfaces/IClerk.sol";
import {DealId, toDealId, toRequestId} from "../types/Ids.sol";
import {Conditions} from "../types/Orders.sol";
import {Leg} from "../types/Refusals.sol";
import {Accounts} from "./Accounts.sol";

/// @title Volumes
/// @notice How much of an order is taken, and how its signer cancels it.
abstract contract Volumes is Accounts {
    uint32 private constant CANCELLED = type(uint32).max;

    /// @dev What is taken of app, dataset and pool orders: eight lanes of 32 bits to a slot, see `_laneOf`.
    mapping(address signer => mapping(uint256 group => uint256)) private _lanes;

    /// @dev What is taken of a request stands in the slot of its first deal, which has to be written anyway. So a deal's
    /// slot is no deal yet where only its requests were cancelled: its commitment is zero then.
    mapping(DealId id => DealState) internal _deals;

    /// @inheritdoc IClerk
    function cancel(Leg leg, bytes32[] calldata salts) external {
        for (uint256 i = 0; i < salts.length; ++i) {
            if (leg == Leg.Request) {
                _deals[toDealId(toRequestId(msg.sender, salts[i]), 0)].requestFilled = CANCELLED;
            } else {
                (uint256 group, uint256 shift) = _laneOf(leg, salts[i]);
                _lanes[msg.sender][group] |= uint256(CANCELLED) << shift;
            }
            emit OrderCancelled(msg.sender, leg, salts[i]);
        }
    }

    /// @inheritdoc IClerk
    function raiseEpoch(uint64 epoch) external {
        uint64 current = _accounts[msg.sender].epoch;
        require(epoch > current, ClerkEpochNotRaised(msg.sender, current, epoch));
        _accounts[msg.sender].epoch = epoch;
        emit EpochRaised(msg.sender, epoch);
    }

    /// @inheritdoc IClerk
    function filled(Leg leg, address signer, bytes32 salt) external view returns (uint32) {
        return leg == Leg.Request ? _requestTaken(signer, salt) : _taken(leg, signer, salt);
    }

    // ── What is left of an order ─────────────────────────────────────────────────────────────────────────────────────

    /// @dev Of an app, dataset or pool order that stands. Another order of the batch with the same salt may have taken
    /// more than this one's volume.
    function _left(Leg leg, address signer, Conditions calldata conditions) internal view returns (uint32) {
        uint32 taken = _taken(leg, signer, conditions.salt);
        return taken < conditions.volume ? conditions.volume - taken : 0;
    }

    /// @dev Takes from an app, dataset or pool order no more than is left, so that its lane does not overflow.
    function _take(Leg leg, address signer, bytes32 salt, uint32 volume) internal {
        (uint256 group, uint256 shift) = _laneOf(leg, salt);
        _lanes[signer][group] += uint256(volume) << shift;
    }

    function _taken(Leg leg, address signer, bytes32 salt) internal view returns (uint32) {
        (uint256 group, uint256 shift) = _laneOf(leg, salt);
        // The lane's 32 bits.
        return uint32(_lanes[signer][group] >> shift);
    }

    function _requestTaken(address requester, bytes32 salt) internal view returns (uint32) {
        return _deals[toDealId(toRequestId(requester, salt), 0)].requestFilled;
    }

    /// @dev The salt's low three bits name the lane, the others and the leg the slot.
    function _laneOf(Leg leg, bytes32 salt) private pure returns (uint256 group, uint256 shift) {
        return ((uint256(salt) >> 3) | (uint256(leg) << 253), (uint256(salt) & 7) << 5);
    }
}
