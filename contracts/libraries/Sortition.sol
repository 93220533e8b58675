// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TaskId} from "../types/Ids.sol";
import {Keccak} from "./Keccak.sol";

/// @notice A shuffle of the numbers [0, size), as far as it was needed.
struct Shuffle {
    uint256 size;
    /// How many numbers were taken so far, and can be at most.
    uint256 taken;
    uint256 limit;
    /// Positions that hold another number than their own, `position << 32 | number`, and how many there are.
    uint256[] moved;
    uint256 movedCount;
}

/// @title Sortition
/// @notice Draws numbers at random, none of them twice. `src/protocol/draw.ts` is the twin.
/// @dev A Fisher–Yates shuffle of the array a = [0, 1, …, size − 1] of which only what moved is kept. Draw i (from 0,
/// going on over all rounds of a task, each with its own seed):
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
        self.limit = size < MAX_DRAWS ? size : MAX_DRAWS;
        // Each draw moves one number at most.
        self.moved = new uint256[](self.limit);
    }

    /// @notice Whether nothing can be drawn any more.
    function exhausted(Shuffle memory self) internal pure returns (bool) {
        return self.taken == self.limit;
    }

    /// @notice Takes the next number. Assumes that the shuffle is not exhausted.
    function draw(Shuffle memory self, bytes32 seed, TaskId taskId) internal pure returns (uint256 drawn) {
        // taken < limit <= size, and nothing here exceeds size but the hash.
        unchecked {
            uint256 i = self.taken;
            bytes32 hash = Keccak.ofWords(seed, TaskId.unwrap(taskId), bytes32(i));
            uint256 j = i + (uint256(hash) % (self.size - i));
            self.taken = i + 1;

            uint256 slot;
            uint256 first;
            (slot, drawn, first) = _lookUp(self, j, i);
            if (j == i) return drawn;
            self.moved[slot] = (j << NUMBER_BITS) | first;
            if (slot == self.movedCount) self.movedCount = slot + 1;
        }
    }

    /// @return slot Where position j is in `moved`, or the next free slot.
    /// @return atJ The numbers at both positions.
    function _lookUp(
        Shuffle memory self,
        uint256 j,
        uint256 i
    ) private pure returns (uint256 slot, uint256 atJ, uint256 atI) {
        uint256 count = self.movedCount;
        uint256[] memory moved = self.moved;
        (slot, atJ, atI) = (count, j, i);
        assembly ("memory-safe") {
            // Only the first `count` of `moved` are read, and it has room for more: this loop is most of a draw's cost.
            let entries := add(moved, 0x20)
            for {
                let k := 0
            } lt(k, count) {
                k := add(k, 1)
            } {
                let entry := mload(add(entries, shl(5, k)))
                let position := shr(NUMBER_BITS, entry)
                if eq(position, j) {
                    slot := k
                    atJ := and(entry, 0xffffffff)
                }
                if eq(position, i) {
                    atI := and(entry, 0xffffffff)
                }
            }
        }
    }
}
