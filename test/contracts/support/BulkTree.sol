// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {OrderHash} from "../../../contracts/libraries/OrderHash.sol";
import {Leg} from "../../../contracts/types/Refusals.sol";

/// @notice Trees of orders as a wallet signs them: typed data `BulkOrder(<Kind>Order[2]…[2] tree)`, done here the plain
/// way.
library BulkTree {
    /// @notice The whole tree over 2^h leaves, hashed as EIP-712 hashes arrays of arrays.
    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32) {
        if (leaves.length == 1) return leaves[0];
        bytes32[] memory above = new bytes32[](leaves.length / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            above[i] = keccak256(abi.encodePacked(leaves[2 * i], leaves[2 * i + 1]));
        }
        return rootOf(above);
    }

    /// @notice The siblings on the way up from a leaf.
    function proofOf(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory proof) {
        uint256 height = 0;
        while (1 << height < leaves.length) ++height;
        proof = new bytes32[](height);
        for (uint256 level = 0; level < height; ++level) {
            // The leaves below the sibling are a tree of their own.
            uint256 size = 1 << level;
            uint256 first = ((index >> level) ^ 1) << level;
            bytes32[] memory below = new bytes32[](size);
            for (uint256 i = 0; i < size; ++i) {
                below[i] = leaves[first + i];
            }
            proof[level] = rootOf(below);
        }
    }

    /// @notice The struct hash of a tree of one kind of orders, by the text of its type.
    function structHash(Leg kind, uint256 height, bytes32 root) internal pure returns (bytes32) {
        (string memory name, string memory types) = _types(kind);
        string memory text = string.concat("BulkOrder(", name);
        for (uint256 i = 0; i < height; ++i) {
            text = string.concat(text, "[2]");
        }
        return keccak256(abi.encode(keccak256(bytes(string.concat(text, " tree)", types))), root));
    }

    /// @dev The order's name, and the types that the bulk type refers to in the order of their names.
    function _types(Leg kind) private pure returns (string memory, string memory) {
        string memory c = OrderHash.CONDITIONS_TYPE;
        if (kind == Leg.Request) return ("RequestOrder", string.concat(c, OrderHash.REQUEST_ORDER_TYPE));
        if (kind == Leg.App) return ("AppOrder", string.concat(OrderHash.APP_ORDER_TYPE, c));
        if (kind == Leg.Dataset) return ("DatasetOrder", string.concat(c, OrderHash.DATASET_ORDER_TYPE));
        return ("PoolOrder", string.concat(c, OrderHash.POOL_ORDER_TYPE));
    }

    /// @notice `leaf` at `index` among leaves that follow from a seed.
    function leavesAround(
        bytes32 leaf,
        uint256 index,
        uint256 height,
        uint256 seed
    ) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](1 << height);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = i == index ? leaf : keccak256(abi.encode(seed, i));
        }
    }

    /// @notice `signature ‖ proof ‖ index ‖ height ‖ magic`.
    function encode(
        bytes memory signature,
        bytes32[] memory proof,
        uint256 index
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(signature, proof, uint16(index), uint8(proof.length), "bulk");
    }
}
