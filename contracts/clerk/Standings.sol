// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {
    DealState,
    IClerk,
    SignedAppOrder,
    SignedDatasetOrder,
    SignedPoolOrder,
    SignedRequestOrder
} from "../interfaces/IClerk.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {OrderHash} from "../libraries/OrderHash.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {AssetId, AssetKind, DealId, toDealId} from "../types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";
import {Refusal} from "../types/Refusals.sol";
import {Accounts} from "./Accounts.sol";

/// @title Standings
/// @notice The Clerk's orders, each by itself: who signed it, whether it stands, and how much of it is left.
abstract contract Standings is Accounts, EIP712 {
    using OrderHash for *;

    uint32 private constant CANCELLED = type(uint32).max;

    /// @notice Where assets and their owners are looked up.
    IRegistry public immutable REGISTRY;

    /// @dev What is taken of app, dataset and pool orders; of a request only whether it is cancelled. Keyed by signer,
    /// so that anyone can cancel a hash of its own and nobody another's.
    mapping(address signer => mapping(bytes32 orderHash => uint32)) private _filled;

    /// @dev What is taken of a request stands in the slot of its first deal, which has to be written anyway.
    mapping(DealId id => DealState) internal _deals;

    /// @dev An order of a batch. What is left of it is read when a match takes from it, since a batch may name one
    /// order in two places.
    struct Standing {
        bytes32 hash;
        address signer;
        Refusal refusal;
    }

    constructor(IRegistry registry) EIP712("Hanse Clerk", "1") {
        REGISTRY = registry;
    }

    /// @inheritdoc IClerk
    function cancel(bytes32 orderHash) external {
        _filled[msg.sender][orderHash] = CANCELLED;
        emit OrderCancelled(msg.sender, orderHash);
    }

    /// @inheritdoc IClerk
    function raiseEpoch(uint64 epoch) external {
        uint64 current = _accounts[msg.sender].epoch;
        require(epoch > current, ClerkEpochNotRaised(msg.sender, current, epoch));
        _accounts[msg.sender].epoch = epoch;
        emit EpochRaised(msg.sender, epoch);
    }

    /// @inheritdoc IClerk
    function filled(address signer, bytes32 orderHash) external view returns (uint32) {
        return _requestFilled(signer, orderHash);
    }

    /// @inheritdoc IClerk
    function hashAppOrder(AppOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    /// @inheritdoc IClerk
    function hashDatasetOrder(DatasetOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    /// @inheritdoc IClerk
    function hashPoolOrder(PoolOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    /// @inheritdoc IClerk
    function hashRequestOrder(RequestOrder calldata order) external pure returns (bytes32) {
        return order.hash();
    }

    // ── Whether it stands ────────────────────────────────────────────────────────────────────────────────────────────

    function _standApps(SignedAppOrder[] calldata orders) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            AppOrder calldata order = orders[i].order;
            _standOfAsset(standings[i], order.app, AssetKind.App, order.hash(), order.conditions, orders[i].signature);
        }
    }

    function _standDatasets(SignedDatasetOrder[] calldata orders) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            DatasetOrder calldata order = orders[i].order;
            _standOfAsset(
                standings[i],
                order.dataset,
                AssetKind.Dataset,
                order.hash(),
                order.conditions,
                orders[i].signature
            );
        }
    }

    function _standPools(SignedPoolOrder[] calldata orders) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            PoolOrder calldata order = orders[i].order;
            _standOfAsset(
                standings[i],
                order.pool,
                AssetKind.Pool,
                order.hash(),
                order.conditions,
                orders[i].signature
            );
        }
    }

    function _standRequests(SignedRequestOrder[] calldata orders) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            RequestOrder calldata order = orders[i].order;
            Standing memory standing = standings[i];
            bytes32 orderHash = order.hash();
            (standing.hash, standing.signer) = (orderHash, order.requester);
            uint32 taken = _requestFilled(order.requester, orderHash);
            standing.refusal = _refusal(order.requester, orderHash, taken, order.conditions, orders[i].signature);
            // A sponsor pays only by its own signature, and none can be handed in yet.
            if (order.sponsor != address(0) && standing.refusal == Refusal.None) {
                standing.refusal = Refusal.SponsorNotSigned;
            }
        }
    }

    /// @dev The signer of an asset's order is whoever owns the asset now: a sale of the asset voids its orders.
    function _standOfAsset(
        Standing memory standing,
        AssetId asset,
        AssetKind kind,
        bytes32 orderHash,
        Conditions calldata conditions,
        bytes calldata signature
    ) private view {
        address owner = asset.assetKind() == kind ? REGISTRY.ownerOrZero(asset) : address(0);
        (standing.hash, standing.signer) = (orderHash, owner);
        standing.refusal =
            owner == address(0)
                ? Refusal.WrongKind
                : _refusal(owner, orderHash, _filled[owner][orderHash], conditions, signature);
    }

    function _refusal(
        address signer,
        bytes32 orderHash,
        uint32 taken,
        Conditions calldata conditions,
        bytes calldata signature
    ) private view returns (Refusal) {
        if (block.timestamp > conditions.validUntil) return Refusal.Expired;
        if (conditions.epoch != _accounts[signer].epoch) return Refusal.WrongEpoch;
        if (taken >= conditions.volume) return Refusal.CancelledOrFilled;
        if (conditions.matcher != address(0) && conditions.matcher != msg.sender) return Refusal.NotTheMatcher;
        // No contract that could check them can be handed in yet.
        if (conditions.terms != 0) return Refusal.TermsNotMet;
        if (!Signatures.isValid(signer, _hashTypedDataV4(orderHash), signature)) return Refusal.BadSignature;
        return Refusal.None;
    }

    // ── What is left of it ───────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Of an app, dataset or pool order that stands. What is taken never exceeds `volume` then: it grows by at
    /// most what is left, and a cancelled order does not stand.
    function _left(Standing memory standing, Conditions calldata conditions) internal view returns (uint32) {
        return conditions.volume - _filled[standing.signer][standing.hash];
    }

    /// @dev Takes from an app, dataset or pool order.
    function _take(Standing memory standing, uint32 volume) internal {
        _filled[standing.signer][standing.hash] += volume;
    }

    /// @dev A request's hash names its requester, so its deals are nobody else's, and `_filled` is set only by a
    /// cancellation. An order of another kind has no deals.
    function _requestFilled(address signer, bytes32 orderHash) private view returns (uint32 taken) {
        taken = _filled[signer][orderHash];
        if (taken == 0) taken = _deals[toDealId(orderHash, 0)].requestFilled;
    }
}
