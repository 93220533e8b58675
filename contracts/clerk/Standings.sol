// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {
    IClerk,
    SignedAppOrder,
    SignedDatasetOrder,
    SignedPoolOrder,
    SignedRequestOrder,
    Sponsorship
} from "../interfaces/IClerk.sol";
import {
    IKeyring,
    POWER_APP_ORDER,
    POWER_DATASET_ORDER,
    POWER_POOL_ORDER,
    POWER_REQUEST_ORDER,
    POWER_SPONSORSHIP
} from "../interfaces/IKeyring.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {OrderHash} from "../libraries/OrderHash.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {AssetId, AssetKind} from "../types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";
import {Leg, Refusal} from "../types/Refusals.sol";
import {Volumes} from "./Volumes.sol";

/// @title Standings
/// @notice The Clerk's orders, each by itself: who signed it, and whether it stands.
abstract contract Standings is Volumes, EIP712 {
    using OrderHash for *;

    /// @inheritdoc IClerk
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IClerk
    IKeyring public immutable KEYRING;

    mapping(address owner => mapping(address operator => uint64)) private _spent;
    mapping(address sponsor => mapping(bytes32 requestHash => uint64)) private _sponsored;

    /// @dev An order of a batch. What is left of it is read when a match takes from it, since a batch may name one
    /// order, or one volume, in two places.
    struct Standing {
        // Where in the calldata the order is: `_appAt` and its like give it back, without the checks that finding it in
        // the batch costs each time. Zero: there is none.
        uint256 at;
        bytes32 hash;
        address signer;
        Refusal refusal;
        // The operator key that signed for the account whose money the order locks, and the most that it may lock.
        // Zero: the account signed itself.
        address operator;
        uint64 limit;
        // Of a sponsored request: the most that the sponsor pays.
        uint64 cap;
    }

    constructor(IRegistry registry, IKeyring keyring) EIP712("Hanse Clerk", "1") {
        (REGISTRY, KEYRING) = (registry, keyring);
    }

    /// @inheritdoc IClerk
    function spentBy(address owner, address key) external view returns (uint64) {
        return _spent[owner][key];
    }

    /// @inheritdoc IClerk
    function sponsored(address sponsor, bytes32 requestHash) external view returns (uint64) {
        return _sponsored[sponsor][requestHash];
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

    /// @inheritdoc IClerk
    function digestOf(bytes32 structHash) external view returns (bytes32) {
        return _hashTypedDataV4(structHash);
    }

    // ── Whether it stands ────────────────────────────────────────────────────────────────────────────────────────────

    function _standApps(
        SignedAppOrder[] calldata orders,
        address sealer
    ) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            AppOrder calldata order = orders[i].order;
            Standing memory standing = standings[i];
            assembly ("memory-safe") {
                mstore(standing, order)
            }
            (standing.hash, standing.signer) = (order.hash(), _ownerOf(order.app, AssetKind.App));
            _standOfAsset(standing, Leg.App, POWER_APP_ORDER, order.conditions, orders[i].signature, sealer);
        }
    }

    function _standDatasets(
        SignedDatasetOrder[] calldata orders,
        address sealer
    ) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            DatasetOrder calldata order = orders[i].order;
            Standing memory standing = standings[i];
            assembly ("memory-safe") {
                mstore(standing, order)
            }
            (standing.hash, standing.signer) = (order.hash(), _ownerOf(order.dataset, AssetKind.Dataset));
            _standOfAsset(standing, Leg.Dataset, POWER_DATASET_ORDER, order.conditions, orders[i].signature, sealer);
        }
    }

    function _standPools(
        SignedPoolOrder[] calldata orders,
        address sealer
    ) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            PoolOrder calldata order = orders[i].order;
            Standing memory standing = standings[i];
            assembly ("memory-safe") {
                mstore(standing, order)
            }
            (standing.hash, standing.signer) = (order.hash(), _ownerOf(order.pool, AssetKind.Pool));
            _standOfAsset(standing, Leg.Pool, POWER_POOL_ORDER, order.conditions, orders[i].signature, sealer);
        }
    }

    function _standRequests(
        SignedRequestOrder[] calldata orders,
        Sponsorship[] calldata sponsorships,
        address sealer
    ) internal view returns (Standing[] memory standings) {
        standings = new Standing[](orders.length);
        uint256 next = 0;
        for (uint256 i = 0; i < orders.length; ++i) {
            RequestOrder calldata order = orders[i].order;
            Standing memory standing = standings[i];
            assembly ("memory-safe") {
                mstore(standing, order)
            }
            (standing.hash, standing.signer) = (order.hash(), order.requester);
            uint32 taken = _requestTaken(order.requester, order.conditions.salt);
            standing.refusal = _refusal(
                standing,
                POWER_REQUEST_ORDER,
                taken,
                order.conditions,
                orders[i].signature,
                sealer
            );
            if (order.sponsor == address(0)) continue;
            // The sponsor pays, or nobody does. What is wrong with the request itself is told first.
            if (next < sponsorships.length) _standSponsored(standing, order.sponsor, sponsorships[next++]);
            else if (standing.refusal == Refusal.None) standing.refusal = Refusal.SponsorNotSigned;
        }
    }

    /// @dev The signer of an asset's order is whoever owns the asset now: a sale of the asset voids its orders.
    function _ownerOf(AssetId asset, AssetKind kind) private view returns (address) {
        return asset.assetKind() == kind ? REGISTRY.ownerOrZero(asset) : address(0);
    }

    function _standOfAsset(
        Standing memory standing,
        Leg leg,
        uint16 power,
        Conditions calldata conditions,
        bytes calldata signature,
        address sealer
    ) private view {
        standing.refusal =
            standing.signer == address(0)
                ? Refusal.WrongKind
                : _refusal(
                    standing,
                    power,
                    _taken(leg, standing.signer, conditions.salt),
                    conditions,
                    signature,
                    sealer
                );
    }

    function _refusal(
        Standing memory standing,
        uint16 power,
        uint32 taken,
        Conditions calldata conditions,
        bytes calldata signature,
        address sealer
    ) private view returns (Refusal) {
        if (block.timestamp > conditions.validUntil) return Refusal.Expired;
        if (conditions.epoch != _accounts[standing.signer].epoch) return Refusal.WrongEpoch;
        if (taken >= conditions.volume) return Refusal.CancelledOrFilled;
        if (conditions.matcher != address(0) && conditions.matcher != sealer) return Refusal.NotTheMatcher;
        if (!_isSigned(standing, standing.signer, power, standing.hash, signature)) return Refusal.BadSignature;
        return Refusal.None;
    }

    function _standSponsored(Standing memory standing, address sponsor, Sponsorship calldata sponsorship) private view {
        if (standing.refusal != Refusal.None) return;
        // A key that signed for the requester spends nothing of the sponsor's.
        standing.operator = address(0);
        standing.cap = sponsorship.cap;
        if (
            block.timestamp > sponsorship.validUntil ||
            sponsorship.epoch != _accounts[sponsor].epoch ||
            !_isSigned(standing, sponsor, POWER_SPONSORSHIP, sponsorship.hash(standing.hash), sponsorship.signature)
        ) standing.refusal = Refusal.SponsorNotSigned;
    }

    /// @dev Notes the operator that signed, if it was one.
    function _isSigned(
        Standing memory standing,
        address account_,
        uint16 power,
        bytes32 structHash,
        bytes calldata signature
    ) private view returns (bool valid) {
        // What most orders carry; all else is the Keyring's business.
        if (Signatures.isKeys(account_, _hashTypedDataV4(structHash), signature)) return true;
        (valid, standing.operator, standing.limit) = KEYRING.check(
            account_,
            power,
            _domainSeparatorV4(),
            structHash,
            signature
        );
    }

    function _appAt(uint256 at) internal pure returns (AppOrder calldata order) {
        assembly ("memory-safe") {
            order := at
        }
    }

    function _datasetAt(uint256 at) internal pure returns (DatasetOrder calldata order) {
        assembly ("memory-safe") {
            order := at
        }
    }

    function _poolAt(uint256 at) internal pure returns (PoolOrder calldata order) {
        assembly ("memory-safe") {
            order := at
        }
    }

    function _requestAt(uint256 at) internal pure returns (RequestOrder calldata order) {
        assembly ("memory-safe") {
            order := at
        }
    }

    // ── What may be locked for it ────────────────────────────────────────────────────────────────────────────────────

    /// @dev Whether the key that signed may lock so much more of `owner`'s money.
    function _maySpend(Standing memory standing, address owner, uint256 amount) internal view returns (bool) {
        return standing.operator == address(0) || _spent[owner][standing.operator] + amount <= standing.limit;
    }

    /// @dev Assumes `_maySpend`: the sum is at most the limit, of 64 bits.
    function _countSpent(Standing memory standing, address owner, uint256 amount) internal {
        if (standing.operator != address(0)) _spent[owner][standing.operator] += uint64(amount);
    }

    function _maySponsor(Standing memory standing, address sponsor, uint256 amount) internal view returns (bool) {
        return _sponsored[sponsor][standing.hash] + amount <= standing.cap;
    }

    /// @dev Assumes `_maySponsor`: the sum is at most the cap, of 64 bits.
    function _countSponsored(Standing memory standing, address sponsor, uint256 amount) internal {
        _sponsored[sponsor][standing.hash] += uint64(amount);
    }
}
