// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsDeal, Side} from "../types/Goods.sol";

/// @title IGoodsTerms
/// @notice What `ITerms` is for computing: a contract that checks conditions of an order of goods which the order's own
/// fields cannot say. The order's `terms` is `keccak256(abi.encode(checker, data))`, zero for none.
interface IGoodsTerms {
    /// @notice Whether an order's further conditions are met by a deal.
    /// @param side Which of the deal's orders asks.
    /// @param orderHash The order's EIP-712 struct hash.
    /// @param draft The deal as it would be sealed. If an earlier match of the batch makes it another deal, the match is
    /// refused.
    /// @param data What the signer agreed to, by its hash.
    /// @return Whether they are met.
    /// @dev Warning: called with 100,000 gas, statically, and one word of the answer is read. Reverting, running out of
    /// gas and answering with anything but the word 1 all mean "no".
    function accepts(
        Side side,
        bytes32 orderHash,
        GoodsDeal calldata draft,
        bytes calldata data
    ) external view returns (bool);
}
