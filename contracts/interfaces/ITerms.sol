// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal} from "../types/Deals.sol";
import {Leg} from "../types/Refusals.sol";

/// @title ITerms
/// @notice A contract that checks conditions of an order which the order's own fields cannot say: price steps, a period,
/// who else has to have agreed. The order's `terms` is `keccak256(abi.encode(checker, data))`, zero for none.
interface ITerms {
    /// @notice Whether an order's further conditions are met by a deal.
    /// @param leg Which of the deal's orders asks.
    /// @param orderHash The order's EIP-712 struct hash.
    /// @param draft The deal as it would be sealed, but for what the certifier adds (`poolStake`, `frozen`). If an
    /// earlier match of the batch makes it another deal (less volume, a later first task), the match is refused.
    /// @param data What the signer agreed to, by its hash.
    /// @return Whether they are met.
    /// @dev Warning: called with 100,000 gas, statically, and one word of the answer is read. Reverting, running out of
    /// gas and answering with anything but the word 1 all mean "no".
    function accepts(Leg leg, bytes32 orderHash, Deal calldata draft, bytes calldata data) external view returns (bool);
}
