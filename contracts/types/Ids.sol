// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// What is sold: an app, a dataset or a worker pool. The top byte is its `AssetKind`, the rest commits to its content
/// (see `IRegistry`). Zero stands for "none".
type AssetId is uint256;

/// The requests that share a volume: `keccak256(abi.encode(salt, requester))`.
type RequestId is bytes32;

/// One sealed deal: `keccak256(abi.encode(requestId, firstTask))`.
type DealId is bytes32;

/// One task of a deal, named by all that was agreed: `keccak256(abi.encode(keccak256(abi.encode(deal)), taskIndex))`, see
/// `toTaskId`. Whoever signs for a task has signed for its deal.
type TaskId is bytes32;

/// One unit of a request, known before any deal: `keccak256(abi.encode(requestId, taskIndex))`.
type UnitId is bytes32;

/// Whom or what an order may be matched with:
/// - zero: anyone;
/// - top byte `0xff`: the members of the group contract in the low 160 bits (`IGroup`);
/// - anything else: exactly that subject, an account (left-padded address) or an `AssetId`.
type Restriction is bytes32;

enum AssetKind {
    None,
    App,
    Dataset,
    Pool
}

using {assetKind, isNone, sameAsset as ==, otherAsset as !=} for AssetId global;

function assetKind(AssetId id) pure returns (AssetKind) {
    uint256 top = AssetId.unwrap(id) >> 248;
    return top <= uint256(type(AssetKind).max) ? AssetKind(top) : AssetKind.None;
}

function sameAsset(AssetId a, AssetId b) pure returns (bool) {
    return AssetId.unwrap(a) == AssetId.unwrap(b);
}

function otherAsset(AssetId a, AssetId b) pure returns (bool) {
    return AssetId.unwrap(a) != AssetId.unwrap(b);
}

function isNone(AssetId id) pure returns (bool) {
    return AssetId.unwrap(id) == 0;
}

function toRequestId(address requester, bytes32 salt) pure returns (RequestId) {
    return RequestId.wrap(_pair(salt, uint160(requester)));
}

function toDealId(RequestId requestId, uint32 firstTask) pure returns (DealId) {
    return DealId.wrap(_pair(RequestId.unwrap(requestId), firstTask));
}

function toUnitId(RequestId requestId, uint32 taskIndex) pure returns (UnitId) {
    return UnitId.wrap(_pair(RequestId.unwrap(requestId), taskIndex));
}

/// @dev `keccak256(abi.encode(id, index))` in the scratch space.
function _pair(bytes32 id, uint256 index) pure returns (bytes32 result) {
    assembly ("memory-safe") {
        mstore(0, id)
        mstore(0x20, index)
        result := keccak256(0, 0x40)
    }
}
