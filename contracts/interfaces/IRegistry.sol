// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {AssetId, AssetKind} from "../types/Ids.sol";

/// @notice What an asset is, for good. The id commits to it, so what the chain does not store can be proved by anyone.
struct Asset {
    AssetKind kind;
    /// Who registered it first; not necessarily today's owner.
    address registrar;
    /// SHA-256 of the content: the program, the dataset, or a pool's description.
    bytes32 checksum;
    /// The enclave measurement of an app; zero: none.
    bytes32 measurement;
}

/// @title IRegistry
/// @notice What is sold: apps, datasets and pools as ERC-721 tokens. Whoever owns the token sells it and is paid.
/// @dev `id = kind << 248 | keccak256(abi.encode(asset)) >> 8`. Content, checksum and measurement of an id can never
/// change; where the content is found can.
interface IRegistry is IERC721 {
    /// @notice A new asset; `uri` says where its content may be fetched. Whoever fetches it checks the hash.
    event AssetRegistered(AssetId indexed id, address indexed registrar, Asset asset, string uri);

    /// @notice The content is now (also) found at `uri`.
    event AssetMoved(AssetId indexed id, string uri);

    /// @notice `kind` is `None`.
    error RegistryKindMissing();

    /// @notice A checksum of zero names no content.
    error RegistryChecksumMissing();

    /// @notice Only an app has a measurement.
    error RegistryMeasurementOfNoApp(AssetKind kind);

    /// @notice The caller has registered this very content before.
    error RegistryAlreadyRegistered(AssetId id);

    /// @notice Only the owner may say where the content is.
    error RegistryNotOwner(AssetId id, address caller);

    /// @notice Registers an asset to the caller.
    /// @dev Emits `Transfer` and `AssetRegistered`. The caller's address is part of the id: nobody can take it first.
    function register(
        AssetKind kind,
        bytes32 checksum,
        bytes32 measurement,
        string calldata uri
    ) external returns (AssetId id);

    /// @notice Announces a new place of the content. Emits `AssetMoved`.
    function move(AssetId id, string calldata uri) external;

    /// @notice The id that `asset` has or would have.
    function idOf(Asset calldata asset) external pure returns (AssetId);

    /// @notice The owner, or zero where nobody registered `id`. Never reverts.
    function ownerOrZero(AssetId id) external view returns (address);
}
