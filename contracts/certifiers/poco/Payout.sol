// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Entry} from "../../interfaces/IClerk.sol";

/// @notice What one settlement seizes and credits, as it is put together.
struct Payout {
    Entry[] seized;
    uint256 seizedCount;
    uint256 seizedTotal;
    Entry[] credits;
    uint256 creditCount;
    uint256 creditedTotal;
}

/// @title Payouts
/// @notice Lists of money for the Clerk. Zero amounts are left out: each entry costs storage there.
library Payouts {
    /// @param maxSeized The most entries that can come; so `maxCredits`.
    function create(uint256 maxSeized, uint256 maxCredits) internal pure returns (Payout memory self) {
        self.seized = new Entry[](maxSeized);
        self.credits = new Entry[](maxCredits);
    }

    function seize(Payout memory self, address from, uint64 amount) internal pure {
        if (amount == 0) return;
        _put(self.seized, self.seizedCount++, from, amount);
        self.seizedTotal += amount;
    }

    function credit(Payout memory self, address to, uint64 amount) internal pure {
        if (amount == 0) return;
        _put(self.credits, self.creditCount++, to, amount);
        self.creditedTotal += amount;
    }

    /// @notice The lists, as long as they have become.
    function lists(Payout memory self) internal pure returns (Entry[] memory seized, Entry[] memory credits) {
        seized = self.seized;
        credits = self.credits;
        uint256 seizedCount = self.seizedCount;
        uint256 creditCount = self.creditCount;
        assembly ("memory-safe") {
            // Only ever shorter than they were made.
            mstore(seized, seizedCount)
            mstore(credits, creditCount)
        }
    }

    function _put(Entry[] memory list, uint256 index, address account, uint64 amount) private pure {
        list[index].account = account;
        list[index].amount = amount;
    }
}
