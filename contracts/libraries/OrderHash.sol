// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Sponsorship} from "../interfaces/IClerk.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";

/// @title OrderHash
/// @notice EIP-712 struct hashes of the orders. `src/protocol/order-types.ts` is the twin; both are held to
/// `test/vectors/orders.json`.
/// @dev A struct's fields lie in calldata as EIP-712 wants them behind the type hash, a word each: they are copied, not
/// decoded, and hashed behind the free memory pointer, which stays where it is: a batch hashes many. That skips the
/// check that a narrow field's upper bits are zero; whoever then reads such a field reverts on it, and a seal reads
/// them all.
library OrderHash {
    // The compiler would put the strings together and hash them at every call: the hashes are written out, and
    // `test/contracts/Clerk/hashOrders.t.sol` holds them to the strings.

    string internal constant CONDITIONS_TYPE =
        "Conditions(address certifier,address matcher,uint64 validUntil,uint64 epoch,uint32 volume,uint32 minFill,bytes32 salt,bytes32 externalRef,bytes32 terms)";
    string internal constant APP_ORDER_TYPE =
        "AppOrder(uint256 app,uint64 price,uint32 trust,bytes32 tag,bytes32 onlyDataset,bytes32 onlyPool,bytes32 onlyRequester,Conditions conditions)";
    string internal constant DATASET_ORDER_TYPE =
        "DatasetOrder(uint256 dataset,uint64 price,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyPool,bytes32 onlyRequester,Conditions conditions)";
    string internal constant POOL_ORDER_TYPE =
        "PoolOrder(uint256 pool,uint64 price,uint16 category,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyDataset,bytes32 onlyRequester,Conditions conditions)";
    string internal constant REQUEST_ORDER_TYPE =
        "RequestOrder(address requester,uint256 app,uint64 maxAppPrice,uint256 dataset,uint64 maxDatasetPrice,uint64 maxPoolPrice,uint16 category,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyDataset,bytes32 onlyPool,uint32 minSeats,uint64 minSeatStake,address beneficiary,address callback,address sponsor,bytes32 attesters,bytes params,Conditions conditions)";

    bytes32 internal constant CONDITIONS_TYPEHASH = 0x15b60518092c8289d5d05a7ca1f011607f265a79b3e2f4a61af2b3986c424f36;
    bytes32 internal constant APP_ORDER_TYPEHASH = 0xcfe68788f918dac6628131a8700c07314f247ed74c8d1ecf57d967c6e6f34b04;
    bytes32 internal constant DATASET_ORDER_TYPEHASH =
        0xadc20f58220ad08ce31adcac1e14594553d0368aee6726e1b5368935e9043d73;
    bytes32 internal constant POOL_ORDER_TYPEHASH = 0xd22583022459b379aa9795bb00ffbee86fd6e15631badef789706485af657421;
    bytes32 internal constant REQUEST_ORDER_TYPEHASH =
        0x8451dc38e27804080bb4f69894a3a1c523302c5306b78b71f38ecb76061ac4d3;

    bytes32 internal constant SPONSORSHIP_TYPEHASH = keccak256(
        "Sponsorship(bytes32 request,uint64 cap,uint64 validUntil,uint64 epoch)"
    );

    function hash(Conditions calldata conditions) internal pure returns (bytes32 result) {
        bytes32 typeHash = CONDITIONS_TYPEHASH;
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            calldatacopy(add(start, 0x20), conditions, 0x120)
            result := keccak256(start, 0x140)
        }
    }

    function hash(AppOrder calldata o) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := o
        }
        return _hash(APP_ORDER_TYPEHASH, start, 7, hash(o.conditions));
    }

    function hash(DatasetOrder calldata o) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := o
        }
        return _hash(DATASET_ORDER_TYPEHASH, start, 7, hash(o.conditions));
    }

    function hash(PoolOrder calldata o) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := o
        }
        return _hash(POOL_ORDER_TYPEHASH, start, 8, hash(o.conditions));
    }

    function hash(RequestOrder calldata o) internal pure returns (bytes32 result) {
        bytes32 typeHash = REQUEST_ORDER_TYPEHASH;
        bytes32 paramsHash = hash(o.params);
        bytes32 conditionsHash = hash(o.conditions);
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            // The 18 fields before `params`.
            calldatacopy(add(start, 0x20), o, 0x240)
            mstore(add(start, 0x260), paramsHash)
            mstore(add(start, 0x280), conditionsHash)
            result := keccak256(start, 0x2a0)
        }
    }

    /// @notice A sponsor's word about a request.
    function hash(Sponsorship calldata sponsorship, bytes32 requestHash) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    SPONSORSHIP_TYPEHASH,
                    requestHash,
                    sponsorship.cap,
                    sponsorship.validUntil,
                    sponsorship.epoch
                )
            );
    }

    /// @notice Like `keccak256(data)`, but leaves no copy behind in memory.
    function hash(bytes calldata data) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            calldatacopy(start, data.offset, data.length)
            result := keccak256(start, data.length)
        }
    }

    /// @dev Type hash, so many words of calldata, hash of the conditions.
    function _hash(
        bytes32 typeHash,
        uint256 offset,
        uint256 words,
        bytes32 conditionsHash
    ) private pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            let size := shl(5, words)
            mstore(start, typeHash)
            calldatacopy(add(start, 0x20), offset, size)
            mstore(add(start, add(size, 0x20)), conditionsHash)
            result := keccak256(start, add(size, 0x40))
        }
    }
}
