// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title ISeedSource
/// @notice Randomness that nobody knew when a deal was sealed. Behind this interface so that a validators' beacon can
/// take the place of block hashes.
interface ISeedSource {
    /// @notice The seed of a block, or zero while it is unknown: not reached yet, or lost because nobody recorded it.
    function seedOf(uint256 blockNumber) external view returns (bytes32 seed);

    /// @notice Keeps a block's seed for good. Anyone may call it; a second call changes nothing.
    /// @dev Must not revert where `seedOf` is not zero.
    function record(uint256 blockNumber) external;
}
