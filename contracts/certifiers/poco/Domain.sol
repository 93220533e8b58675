// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Domain
/// @notice An EIP-712 domain, and no more: OpenZeppelin's also tells its strings on chain, for which Poco has no room.
abstract contract Domain {
    bytes32 private immutable _nameHash;
    bytes32 private immutable _versionHash;
    bytes32 private immutable _separator;
    uint256 private immutable _chainId;

    constructor(string memory name, string memory version) {
        (_nameHash, _versionHash) = (keccak256(bytes(name)), keccak256(bytes(version)));
        (_separator, _chainId) = (_build(_nameHash, _versionHash), block.chainid);
    }

    /// @dev Another one after a fork of the chain, so that a signature is not good on both sides.
    function _domainSeparator() internal view returns (bytes32) {
        return block.chainid == _chainId ? _separator : _build(_nameHash, _versionHash);
    }

    function _build(bytes32 nameHash, bytes32 versionHash) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                nameHash,
                versionHash,
                block.chainid,
                address(this)
            )
        );
    }
}
