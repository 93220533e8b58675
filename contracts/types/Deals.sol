// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Keccak} from "../libraries/Keccak.sol";
import {AssetId, DealId, RequestId, Restriction, TaskId, toDealId} from "./Ids.sol";

/// A sealed computing deal, everything frozen as it was agreed. The Clerk stores the first 24 bytes of its hash;
/// whoever acts on a deal brings the content back from the `DealSealed` event. Amounts are nano-HANSE per task.
struct Deal {
    RequestId requestId;
    AssetId app;
    AssetId dataset;
    AssetId pool;
    address appOwner;
    address datasetOwner;
    address poolOwner;
    address requester;
    /// Who pays and is refunded: the sponsor, or else the requester.
    address payer;
    address beneficiary;
    address callback;
    address certifier;
    uint64 appPrice;
    uint64 datasetPrice;
    uint64 poolPrice;
    /// What the pool's owner has at stake for each task.
    uint64 poolStake;
    uint64 sealedAtBlock;
    /// The first task's index in the request, and how many tasks this deal has.
    uint32 firstTask;
    uint32 volume;
    uint32 trust;
    uint16 category;
    /// What the pool has to offer: the tags of request, app and dataset together.
    bytes32 tag;
    bytes32 paramsHash;
    Restriction attesters;
    /// The certifier's own parameters, frozen at the seal; only the certifier reads them.
    bytes32 frozen;
}

// Every member is one word, and a static struct lies in memory and in calldata as its ABI encoding does: it is hashed and
// sent where it is, not encoded first.
uint256 constant DEAL_BYTES = 25 * 32;

using {dealId} for Deal global;

function dealId(Deal memory deal) pure returns (DealId) {
    return toDealId(deal.requestId, deal.firstTask);
}

function hashOf(Deal calldata deal) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        let free := mload(0x40)
        calldatacopy(free, deal, DEAL_BYTES)
        hash := keccak256(free, DEAL_BYTES)
    }
}

/// What the Clerk keeps of a deal: the first 24 bytes of `keccak256(abi.encode(deal))`. A collision costs 2^96.
function commitmentOf(Deal calldata deal) pure returns (bytes24) {
    return bytes24(hashOf(deal));
}

/// The same of a deal in memory.
function commitmentOfDraft(Deal memory deal) pure returns (bytes24 commitment) {
    assembly ("memory-safe") {
        commitment := shl(64, shr(64, keccak256(deal, DEAL_BYTES)))
    }
}

function toTaskId(Deal calldata deal, uint32 taskIndex) pure returns (TaskId) {
    return TaskId.wrap(Keccak.ofWords(hashOf(deal), bytes32(uint256(taskIndex))));
}
