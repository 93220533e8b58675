// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IResultReceiver} from "../interfaces/IResultReceiver.sol";
import {UnitId} from "../types/Ids.sol";

/// @title ResultCallback
/// @notice Tells a requester's contract its result (ERC-1154), whatever that contract does about it.
library ResultCallback {
    /// @notice What the receiver may use, and what the caller has to bring for it.
    uint256 internal constant GAS = 200_000;

    /// @notice The caller brought too little gas for the receiver to have its full cap.
    /// @dev Without this check whoever settles could starve the receiver, and the result would never be told.
    error ResultCallbackGasTooLow(uint256 available, uint256 needed);

    /// @return success Whether the receiver took it.
    function run(address receiver, UnitId unit, bytes memory result) internal returns (bool success) {
        bytes memory data = abi.encodeCall(IResultReceiver.receiveResult, (UnitId.unwrap(unit), result));
        // EIP-150 lets at most 63/64 through; 8,000 more cover the call and two cold accounts, since the receiver may have delegated its code (EIP-7702).
        uint256 needed = (GAS * 64) / 63 + 8_000;
        require(gasleft() >= needed, ResultCallbackGasTooLow(gasleft(), needed));
        assembly ("memory-safe") {
            // Nothing of the answer is read: it could be megabytes.
            success := call(GAS, receiver, 0, add(data, 0x20), mload(data), 0, 0)
        }
    }
}
