// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title ForeignCall
/// @notice Asks contracts that strangers named: statically, with a fixed amount of gas, reading one word of the answer.
library ForeignCall {
    /// @notice What a foreign contract may use.
    uint256 internal constant GAS = 100_000;

    /// @notice The caller provided too little gas for the question to be asked fairly.
    /// @dev Without this check a sealer could starve the call and so turn a yes into a no.
    error ForeignCallGasTooLow(uint256 available, uint256 needed);

    /// @notice The first word that `target` answers to `data`; zero when it reverts, has no code or answers less.
    function ask(address target, bytes memory data) internal view returns (bytes32 answer) {
        // EIP-150 lets at most 63/64 through; 8,000 more cover the call itself and two cold accounts, since the one
        // that is asked may have delegated its code (EIP-7702).
        uint256 needed = (GAS * 64) / 63 + 8_000;
        require(gasleft() >= needed, ForeignCallGasTooLow(gasleft(), needed));
        assembly ("memory-safe") {
            // Only the scratch space is written, whatever the size of the answer.
            let success := staticcall(GAS, target, add(data, 0x20), mload(data), 0, 0x20)
            if and(success, gt(returndatasize(), 0x1f)) {
                answer := mload(0)
            }
        }
    }
}
