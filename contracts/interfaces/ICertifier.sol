// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal} from "../types/Deals.sol";
import {Refusal} from "../types/Refusals.sol";

/// @title ICertifier
/// @notice Decides whether a unit of a deal was performed, and has the Clerk pay accordingly. A deal pins its certifier:
/// one that governance retires goes on to settle the deals it was sealed under.
interface ICertifier {
    /// @notice On what terms this certifier takes a deal; called by the Clerk for every match before anything of it is
    /// locked.
    /// @param draft The deal as it would be sealed, `poolStake` and `frozen` still zero.
    /// @param minSeats The fewest seats that the requester demands of the pool.
    /// @param minSeatStake The least stake (nano-HANSE) that the requester demands behind each seat.
    /// @return refusal `None` when the deal is taken.
    /// @return poolStake What the pool's owner has to lock for each task (nano-HANSE).
    /// @return frozen The certifier's parameters for this deal, kept in it.
    /// @dev Must not revert on any draft, since that reverts the whole batch: it answers with a refusal.
    function admit(
        Deal calldata draft,
        uint32 minSeats,
        uint64 minSeatStake
    ) external view returns (Refusal refusal, uint64 poolStake, bytes32 frozen);
}
