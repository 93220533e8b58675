// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Domain
/// @notice An EIP-712 domain, and no more: OpenZeppelin's also tells its strings on chain, for which a certifier has no room.
abstract contract Domain {
    bytes32 private immutable NAME_HASH;
    bytes32 private immutable VERSION_HASH;
    bytes32 private immutable SEPARATOR;
    uint256 private immutable CHAIN_ID;

    constructor(string memory name, string memory version) {
        (NAME_HASH, VERSION_HASH) = (keccak256(bytes(name)), keccak256(bytes(version)));
        (SEPARATOR, CHAIN_ID) = (_build(NAME_HASH, VERSION_HASH), block.chainid);
    }

    /// @dev Another one after a fork of the chain, so that a signature is not good on both sides.
    function _domainSeparator() internal view returns (bytes32) {
        return block.chainid == CHAIN_ID ? SEPARATOR : _build(NAME_HASH, VERSION_HASH);
    }

    function _build(bytes32 nameHash, bytes32 versionHash) private view returns (bytes32) {
        return
            keccak256(
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
