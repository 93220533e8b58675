// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Keccak
/// @notice `keccak256(abi.encode(…))` of a few words, without keeping the encoding: in loops that is most of the cost.
library Keccak {
    function ofWords(bytes32 a, bytes32 b) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, a)
            mstore(0x20, b)
            hash := keccak256(0x00, 0x40)
        }
    }

    function ofWords(bytes32 a, bytes32 b, bytes32 c) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            // Behind the free memory's beginning, which stays where it is.
            let free := mload(0x40)
            mstore(free, a)
            mstore(add(free, 0x20), b)
            mstore(add(free, 0x40), c)
            hash := keccak256(free, 0x60)
        }
    }

    function ofWords(bytes32 a, bytes32 b, bytes32 c, bytes32 d) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, a)
            mstore(add(free, 0x20), b)
            mstore(add(free, 0x40), c)
            mstore(add(free, 0x60), d)
            hash := keccak256(free, 0x80)
        }
    }
}
