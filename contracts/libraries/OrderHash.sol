// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";

/// @title OrderHash
/// @notice EIP-712 struct hashes of the orders. `src/protocol/order-types.ts` is the twin; both are held to
/// `test/vectors/orders.json`.
library OrderHash {
    string internal constant CONDITIONS_TYPE =
        "Conditions(address certifier,address matcher,uint64 validUntil,uint64 epoch,uint32 volume,uint32 minFill,bytes32 salt,bytes32 externalRef,bytes32 terms)";

    bytes32 internal constant CONDITIONS_TYPEHASH = keccak256(bytes(CONDITIONS_TYPE));

    bytes32 internal constant APP_ORDER_TYPEHASH = keccak256(
        abi.encodePacked(
            "AppOrder(uint256 app,uint64 price,uint32 trust,bytes32 tag,bytes32 onlyDataset,bytes32 onlyPool,bytes32 onlyRequester,Conditions conditions)",
            CONDITIONS_TYPE
        )
    );

    bytes32 internal constant DATASET_ORDER_TYPEHASH = keccak256(
        abi.encodePacked(
            "DatasetOrder(uint256 dataset,uint64 price,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyPool,bytes32 onlyRequester,Conditions conditions)",
            CONDITIONS_TYPE
        )
    );

    bytes32 internal constant POOL_ORDER_TYPEHASH = keccak256(
        abi.encodePacked(
            "PoolOrder(uint256 pool,uint64 price,uint16 category,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyDataset,bytes32 onlyRequester,Conditions conditions)",
            CONDITIONS_TYPE
        )
    );

    bytes32 internal constant REQUEST_ORDER_TYPEHASH = keccak256(
        abi.encodePacked(
            "RequestOrder(address requester,uint256 app,uint64 maxAppPrice,uint256 dataset,uint64 maxDatasetPrice,uint64 maxPoolPrice,uint16 category,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyDataset,bytes32 onlyPool,uint32 minSeats,uint64 minSeatStake,address beneficiary,address callback,address sponsor,bytes32 attesters,bytes params,Conditions conditions)",
            CONDITIONS_TYPE
        )
    );

    function hash(Conditions calldata conditions) internal pure returns (bytes32) {
        // A static struct is its members, one word each, in order: what EIP-712 wants behind the type hash.
        return keccak256(abi.encode(CONDITIONS_TYPEHASH, conditions));
    }

    function hash(AppOrder calldata o) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                APP_ORDER_TYPEHASH,
                o.app,
                o.price,
                o.trust,
                o.tag,
                o.onlyDataset,
                o.onlyPool,
                o.onlyRequester,
                hash(o.conditions)
            )
        );
    }

    function hash(DatasetOrder calldata o) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                DATASET_ORDER_TYPEHASH,
                o.dataset,
                o.price,
                o.trust,
                o.tag,
                o.onlyApp,
                o.onlyPool,
                o.onlyRequester,
                hash(o.conditions)
            )
        );
    }

    function hash(PoolOrder calldata o) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                POOL_ORDER_TYPEHASH,
                o.pool,
                o.price,
                o.category,
                o.trust,
                o.tag,
                o.onlyApp,
                o.onlyDataset,
                o.onlyRequester,
                hash(o.conditions)
            )
        );
    }

    function hash(RequestOrder calldata o) internal pure returns (bytes32) {
        // In two halves, since one call would have more arguments than the stack has room for.
        bytes memory head = abi.encode(
            REQUEST_ORDER_TYPEHASH,
            o.requester,
            o.app,
            o.maxAppPrice,
            o.dataset,
            o.maxDatasetPrice,
            o.maxPoolPrice,
            o.category,
            o.trust,
            o.tag,
            o.onlyApp
        );
        bytes memory tail = abi.encode(
            o.onlyDataset,
            o.onlyPool,
            o.minSeats,
            o.minSeatStake,
            o.beneficiary,
            o.callback,
            o.sponsor,
            o.attesters,
            keccak256(o.params),
            hash(o.conditions)
        );
        return keccak256(bytes.concat(head, tail));
    }
}
