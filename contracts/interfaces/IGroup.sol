// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IGroup
/// @notice A contract that says who or what belongs to a group, wherever an order restricts: a curator's list of apps,
/// an allow-list of requesters.
interface IGroup {
    /// @notice Whether somebody or something is a member.
    /// @param subject A left-padded address, or an `AssetId`.
    /// @return Whether it is.
    /// @dev Warning: called with 100,000 gas, statically, and one word of the answer is read. Reverting, running out of
    /// gas and answering with anything but the word 1 all mean "no".
    function isMember(bytes32 subject) external view returns (bool);
}
