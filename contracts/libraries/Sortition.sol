// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TaskId} from "../types/Ids.sol";

/// @notice A shuffle of the numbers [0, size), as far as it was needed.
struct Shuffle {
    uint256 size;
    /// How many numbers were taken so far.
    uint256 taken;
    /// Positions that hold another number than their own, `position << 32 | number`, and how many there are.
    uint256[] moved;
    uint256 movedCount;
}

/// @title Sortition
/// @notice Draws numbers at random, none of them twice. `src/protocol/draw.ts` is the twin.
/// @dev A Fisher–Yates shuffle of the array a = [0, 1, …, size − 1] of which only what moved is kept. Draw i (from 0, going
/// on over all rounds of a task, each with its own seed):
///
///     j = i + uint256(keccak256(abi.encode(seed, taskId, i))) % (size − i)
///     number = a[j]; a[j] = a[i]
///
/// The modulo's bias is below 2^−224.
library Sortition {
    /// @notice Beyond so many draws a task's shuffle ends, so that a pool full of empty seats costs bounded gas.
    uint256 internal constant MAX_DRAWS = 256;

    uint256 private constant NUMBER_BITS = 32;

    /// @param size Below 2^32.
    function shuffle(uint256 size) internal pure returns (Shuffle memory self) {
        self.size = size;
        // Each draw moves one number at most.
        self.moved = new uint256[](size < MAX_DRAWS ? size : MAX_DRAWS);
    }

    /// @notice Whether nothing can be drawn any more.
    function exhausted(Shuffle memory self) internal pure returns (bool) {
        return self.taken == self.moved.length;
    }

    /// @notice Takes the next number. Assumes that the shuffle is not exhausted.
    function draw(Shuffle memory self, bytes32 seed, TaskId taskId) internal pure returns (uint256 number) {
        uint256 i = self.taken;
        uint256 j = i + uint256(keccak256(abi.encode(seed, taskId, i))) % (self.size - i);
        self.taken = i + 1;

        uint256 slot;
        (slot, number) = _at(self, j);
        if (j == i) return number;
        (, uint256 first) = _at(self, i);
        self.moved[slot] = (j << NUMBER_BITS) | first;
        if (slot == self.movedCount) self.movedCount = slot + 1;
    }

    /// @return slot Where the position is in `moved`, or the next free slot.
    function _at(Shuffle memory self, uint256 position) private pure returns (uint256 slot, uint256 number) {
        uint256 count = self.movedCount;
        uint256[] memory moved = self.moved;
        for (; slot < count; ++slot) {
            uint256 entry = moved[slot];
            if (entry >> NUMBER_BITS == position) return (slot, uint32(entry));
        }
        number = position;
    }
}
