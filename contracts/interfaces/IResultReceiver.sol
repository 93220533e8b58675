// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IResultReceiver
/// @notice A contract that is told results (ERC-1154, `OracleConsumer`).
interface IResultReceiver {
    /// @param id The task.
    /// @param result What the app returned for the chain.
    function receiveResult(bytes32 id, bytes calldata result) external;
}
