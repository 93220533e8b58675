// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IResultReceiver
/// @notice A contract that is told results (ERC-1154, `OracleConsumer`).
interface IResultReceiver {
    /// @notice A task that named this contract as its callback was certified.
    /// @param id The unit (`UnitId`): whoever made the request knows it beforehand, from its salt and the task's index.
    /// @param result What the app returned for the chain; of a jury, `abi.encode(answer)`, the ruling.
    /// @dev Called by the deal's certifier: check `msg.sender`, anybody may call. Gets 200,000 gas; reverting or running out
    /// of it changes nothing about the settlement, and it is not told again.
    function receiveResult(bytes32 id, bytes calldata result) external;
}
