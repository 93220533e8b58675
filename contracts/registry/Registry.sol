// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Asset, IRegistry} from "../interfaces/IRegistry.sol";
import {AssetId, AssetKind} from "../types/Ids.sol";

/// @title Registry
/// @notice Apps, datasets and pools as ERC-721. `IRegistry` says what each part does, emits, refuses and assumes.
contract Registry is ERC721, IRegistry {
    constructor() ERC721("Hanse Assets", "HANSE-ASSET") {}

    /// @inheritdoc IRegistry
    function register(
        AssetKind kind,
        bytes32 checksum,
        bytes32 measurement,
        string calldata uri
    ) external returns (AssetId id) {
        require(kind != AssetKind.None, RegistryKindMissing());
        require(checksum != 0, RegistryChecksumMissing());
        require(measurement == 0 || kind == AssetKind.App, RegistryMeasurementOfNoApp(kind));

        Asset memory asset = Asset(kind, msg.sender, checksum, measurement);
        id = _idOf(asset);
        require(_ownerOf(AssetId.unwrap(id)) == address(0), RegistryAlreadyRegistered(id));

        // Not _safeMint: the caller is the receiver and asked for it.
        _mint(msg.sender, AssetId.unwrap(id));
        emit AssetRegistered(id, msg.sender, asset, uri);
    }

    /// @inheritdoc IRegistry
    function move(AssetId id, string calldata uri) external {
        require(_ownerOf(AssetId.unwrap(id)) == msg.sender, RegistryNotOwner(id, msg.sender));
        emit AssetMoved(id, uri);
    }

    /// @inheritdoc IRegistry
    function idOf(Asset calldata asset) external pure returns (AssetId) {
        return _idOf(asset);
    }

    /// @inheritdoc IRegistry
    function ownerOrZero(AssetId id) external view returns (address) {
        return _ownerOf(AssetId.unwrap(id));
    }

    function _idOf(Asset memory asset) private pure returns (AssetId) {
        return AssetId.wrap((uint256(asset.kind) << 248) | (uint256(keccak256(abi.encode(asset))) >> 8));
    }
}
