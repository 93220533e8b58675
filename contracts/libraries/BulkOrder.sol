// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    POWER_APP_ORDER,
    POWER_DATASET_ORDER,
    POWER_POOL_ORDER,
    POWER_PURCHASE_ORDER,
    POWER_REQUEST_ORDER,
    POWER_SALE_ORDER
} from "../interfaces/IKeyring.sol";
import {GoodsHash} from "./GoodsHash.sol";
import {Keccak} from "./Keccak.sol";
import {OrderHash} from "./OrderHash.sol";

/// @title BulkOrder
/// @notice One signature over many orders of a kind. `IKeyring` tells the encoding, `src/protocol/bulk-order.ts` is the
/// twin.
library BulkOrder {
    /// @notice Ends a bulk signature, so that no other is taken for one.
    bytes4 internal constant BULK_MAGIC = "bulk";

    /// @notice The deepest tree: 2^10 orders.
    uint256 internal constant MAX_HEIGHT = 10;

    /// @dev What follows the proof: index, height, magic.
    uint256 private constant TRAILER = 2 + 1 + 4;

    /// @notice What was signed, and the signature of it. What is not bulk is given back as it came.
    /// @dev A wrong proof leads to another root, which nobody signed.
    function unwrap(
        uint16 power,
        bytes32 structHash,
        bytes calldata signature
    ) internal pure returns (bytes32 signed, bytes calldata inner) {
        uint256 height = _height(signature);
        if (height == 0 || !_isOfOrders(power)) return (structHash, signature);
        // height != 0 tells that proof and trailer are there.
        uint256 proofAt = signature.length - TRAILER - 32 * height;
        uint256 index = uint16(bytes2(signature[signature.length - TRAILER:]));
        signed = structHash;
        for (uint256 i = 0; i < height; ++i) {
            bytes32 sibling = bytes32(signature[proofAt + 32 * i:]);
            signed = (index >> i) & 1 == 0 ? Keccak.ofWords(signed, sibling) : Keccak.ofWords(sibling, signed);
        }
        signed = Keccak.ofWords(typeHash(power, height), signed);
        inner = signature[:proofAt];
    }

    /// @notice EIP-712 type hash of `BulkOrder(<Kind>Order[2]…[2] tree)` and what it refers to, in the order of names.
    function typeHash(uint16 power, uint256 height) internal pure returns (bytes32) {
        (string memory name, string memory types) = _typesOf(power);
        bytes memory text = abi.encodePacked("BulkOrder(", name);
        for (uint256 i = 0; i < height; ++i) text = abi.encodePacked(text, "[2]");
        return keccak256(abi.encodePacked(text, " tree)", types));
    }

    function _typesOf(uint16 power) private pure returns (string memory, string memory) {
        if (power == POWER_APP_ORDER) {
            return ("AppOrder", string.concat(OrderHash.APP_ORDER_TYPE, OrderHash.CONDITIONS_TYPE));
        }
        if (power == POWER_DATASET_ORDER) {
            return ("DatasetOrder", string.concat(OrderHash.CONDITIONS_TYPE, OrderHash.DATASET_ORDER_TYPE));
        }
        if (power == POWER_POOL_ORDER) {
            return ("PoolOrder", string.concat(OrderHash.CONDITIONS_TYPE, OrderHash.POOL_ORDER_TYPE));
        }
        if (power <= POWER_REQUEST_ORDER) {
            return ("RequestOrder", string.concat(OrderHash.CONDITIONS_TYPE, OrderHash.REQUEST_ORDER_TYPE));
        }
        if (power == POWER_SALE_ORDER) {
            return ("SaleOrder", string.concat(OrderHash.CONDITIONS_TYPE, GoodsHash.SALE_ORDER_TYPE));
        }
        return ("PurchaseOrder", string.concat(OrderHash.CONDITIONS_TYPE, GoodsHash.PURCHASE_ORDER_TYPE));
    }

    /// @dev Only orders are signed in bulk; power zero is asked for what no operator may sign.
    function _isOfOrders(uint16 power) private pure returns (bool) {
        if (power <= POWER_REQUEST_ORDER) return power != 0;
        return power == POWER_SALE_ORDER || power == POWER_PURCHASE_ORDER;
    }

    /// @return Zero: not bulk.
    function _height(bytes calldata signature) private pure returns (uint256) {
        if (signature.length < TRAILER || bytes4(signature[signature.length - 4:]) != BULK_MAGIC) return 0;
        uint256 height = uint8(signature[signature.length - 5]);
        return height <= MAX_HEIGHT && signature.length >= TRAILER + 32 * height ? height : 0;
    }
}
