// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Lanes
/// @notice Where it is counted how much of an order is taken: eight lanes of 32 bits to a slot, so that orders whose salts
/// follow each other share one.
/// @dev `clerk/Volumes` counts likewise, by lines of its own: by these its code is 22 bytes larger.
library Lanes {
    /// @notice What a lane says of orders that were cancelled: more than any volume leaves room for.
    uint32 internal constant CANCELLED = type(uint32).max;

    /// @notice The salt's low three bits name the lane, the others and the kind of order the slot.
    /// @param kind Below 8.
    function place(uint256 kind, bytes32 salt) internal pure returns (uint256 group, uint256 shift) {
        return ((uint256(salt) >> 3) | (kind << 253), (uint256(salt) & 7) << 5);
    }
}
