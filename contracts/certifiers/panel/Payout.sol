// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../interfaces/IClerk.sol";
import {DEAL_BYTES, Deal} from "../../types/Deals.sol";

/// @notice What one settlement seizes and credits, as it is put together: accounts and amounts in turn, as the ABI
/// wants them, so that the Clerk's calldata is copied together rather than encoded.
struct Payout {
    uint256[] seized;
    uint256[] credits;
    /// How many entries (of two words) either has.
    uint256 seizedCount;
    uint256 creditCount;
}

/// @title Payouts
/// @notice Lists of money for the Clerk. Zero amounts are left out: each entry costs storage there.
library Payouts {
    /// @param maxSeized The most entries that can come; so `maxCredits`.
    function create(uint256 maxSeized, uint256 maxCredits) internal pure returns (Payout memory self) {
        self.seized = _list(2 * maxSeized);
        self.credits = _list(2 * maxCredits);
    }

    function seize(Payout memory self, address from, uint64 amount) internal pure {
        if (amount == 0) return;
        _put(self.seized, self.seizedCount++, from, amount);
    }

    function credit(Payout memory self, address to, uint64 amount) internal pure {
        if (amount == 0) return;
        _put(self.credits, self.creditCount++, to, amount);
    }

    /// @notice `clerk.settle(deal, seized, credits)`.
    /// @dev A deal in calldata is its own encoding already.
    function settle(Payout memory self, IClerk clerk, Deal calldata deal) internal {
        (bytes4 selector, uint256 dealBytes) = (IClerk.settle.selector, DEAL_BYTES);
        assembly ("memory-safe") {
            function appendList(at, list, count) -> end {
                mstore(at, count)
                let size := shl(6, count)
                mcopy(add(at, 0x20), add(list, 0x20), size)
                end := add(add(at, 0x20), size)
            }
            // Behind the free memory's beginning, since nothing else is put there until the call is over.
            let data := mload(0x40)
            mstore(data, selector)
            let args := add(data, 4)
            calldatacopy(args, deal, dealBytes)
            // Two offsets follow the deal's 25 words, then the lists.
            let offsets := add(args, dealBytes)
            let tail := add(offsets, 0x40)
            mstore(offsets, sub(tail, args))
            tail := appendList(tail, mload(self), mload(add(self, 0x40)))
            mstore(add(offsets, 0x20), sub(tail, args))
            tail := appendList(tail, mload(add(self, 0x20)), mload(add(self, 0x60)))
            if iszero(call(gas(), clerk, 0, data, sub(tail, data), 0, 0)) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
        }
    }

    /// @dev Not zeroed: nothing is read that was not put there.
    function _list(uint256 words) private pure returns (uint256[] memory list) {
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(list, words)
            mstore(0x40, add(list, shl(5, add(words, 1))))
        }
    }

    function _put(uint256[] memory list, uint256 index, address account, uint64 amount) private pure {
        list[2 * index] = uint160(account);
        list[2 * index + 1] = amount;
    }
}
