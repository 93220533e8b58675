// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal} from "../types/Deals.sol";

// How long a deal's encoding is: 25 members.
uint256 constant DEAL_BYTES = 25 * 32;

/// @title DealCalldata
/// @notice A deal as it is brought back. In calldata it is its own encoding, since every member is one word.
library DealCalldata {
    /// @notice The first 24 bytes of `keccak256(abi.encode(deal))`, which the Clerk keeps of it.
    function commitment(Deal calldata deal) internal pure returns (bytes24 result) {
        assembly ("memory-safe") {
            // Behind the free memory's beginning, which stays where it is.
            let free := mload(0x40)
            calldatacopy(free, deal, DEAL_BYTES)
            result := shl(64, shr(64, keccak256(free, DEAL_BYTES)))
        }
    }
}
