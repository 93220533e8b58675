// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Conditions} from "../types/Orders.sol";
import {PurchaseOrder, SaleOrder} from "../types/Goods.sol";
import {Keccak} from "./Keccak.sol";
import {OrderHash} from "./OrderHash.sol";

/// @title GoodsHash
/// @notice EIP-712 struct hashes of what buyers and sellers of goods sign. `src/protocol/goods-orders.ts` is the twin;
/// both are held to `test/vectors/goods-orders.json`.
/// @dev Hashed as `OrderHash` hashes: copied from the calldata as they lie there, a word for each field, behind the free
/// memory's beginning. A field's unused upper bits are not looked at here: whoever reads the field reverts on them.
library GoodsHash {
    using OrderHash for Conditions;

    // Ids and restrictions are `bytes32` and enums `uint8` in EIP-712. The hashes are written out for the same reason as in
    // `OrderHash`, and `test/contracts/Receipt/hashGoodsOrders.t.sol` holds them to the strings.

    string internal constant SALE_ORDER_TYPE =
        "SaleOrder(address seller,bytes32 goods,uint64 price,uint32 shipWithin,uint32 deliverWithin,uint32 complaintTime,bytes32 arbiter,uint8 defaultOutcome,uint64 sellerBond,address referrer,uint64 commission,uint32 resaleMargin,bytes32 supply,bytes32 onlyBuyer,Conditions conditions)";
    string internal constant PURCHASE_ORDER_TYPE =
        "PurchaseOrder(address buyer,bytes32 goods,uint64 maxPrice,bytes32 shipTo,bytes32 saleOrder,bytes32 onlySeller,uint32 maxShipWithin,uint32 maxDeliverWithin,uint32 minComplaintTime,bytes32 onlyArbiter,uint8 defaultOutcome,uint64 minSellerBond,uint32 minResaleMargin,bytes32 basket,uint16 basketSize,Conditions conditions)";
    string internal constant CONFIRMATION_TYPE = "Confirmation(bytes32 deal)";
    string internal constant SPLIT_TYPE = "Split(bytes32 deal,uint64 toBuyer)";

    bytes32 internal constant SALE_ORDER_TYPEHASH = 0xd44ccd00b492fdf1a2d9c22d3892cd1b0aa60696cb52ed54ea155b5a3db8be0a;
    bytes32 internal constant PURCHASE_ORDER_TYPEHASH =
        0x5d347045c420ed9161c0118b579519104b9ff436564d43e7968f4d592ddffa5d;
    bytes32 internal constant CONFIRMATION_TYPEHASH =
        0xb42f9d4a37d0b8de4b9e35143591b3519f5c6b7f06e05e491bf9bdb5be319471;
    bytes32 internal constant SPLIT_TYPEHASH = 0xb1231e1f129347c4e923c059456235cae821164f0fd37ef365fcec07ff4a7077;

    function hash(SaleOrder calldata o) internal pure returns (bytes32 result) {
        bytes32 typeHash = SALE_ORDER_TYPEHASH;
        bytes32 conditionsHash = o.conditions.hash();
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            // The 14 fields before the conditions.
            calldatacopy(add(start, 0x20), o, 0x1c0)
            mstore(add(start, 0x1e0), conditionsHash)
            result := keccak256(start, 0x200)
        }
    }

    function hash(PurchaseOrder calldata o) internal pure returns (bytes32 result) {
        bytes32 typeHash = PURCHASE_ORDER_TYPEHASH;
        bytes32 conditionsHash = o.conditions.hash();
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            // The 15 fields before the conditions.
            calldatacopy(add(start, 0x20), o, 0x1e0)
            mstore(add(start, 0x200), conditionsHash)
            result := keccak256(start, 0x220)
        }
    }

    /// @notice The buyer's word that it has what it wanted. `dealHash` is `keccak256(abi.encode(deal))`.
    function confirmation(bytes32 dealHash) internal pure returns (bytes32) {
        return Keccak.ofWords(CONFIRMATION_TYPEHASH, dealHash);
    }

    /// @notice Either side's word that the buyer gets `toBuyer` of the price.
    function split(bytes32 dealHash, uint64 toBuyer) internal pure returns (bytes32) {
        return Keccak.ofWords(SPLIT_TYPEHASH, dealHash, bytes32(uint256(toBuyer)));
    }
}
