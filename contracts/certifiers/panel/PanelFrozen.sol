// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title PanelFrozen
/// @notice `Deal.frozen` of a panel's deals: what it needs later, so that nothing that changes touches a running deal.
/// From the top: seats 32 bits, seatStake 64, schedulerShare 16, roundBlocks 32, deadlineBlocks 32; the last 80 are
/// zero. No contract reads seatStake back: it is told for readers off chain.
library PanelFrozen {
    function pack(
        uint32 seatNumbers,
        uint64 seatStakeOf,
        uint16 schedulerShareOf,
        uint32 roundBlocksOf,
        uint32 deadlineBlocksOf
    ) internal pure returns (bytes32) {
        return
            bytes32(
                (uint256(seatNumbers) << 224) |
                    (uint256(seatStakeOf) << 160) |
                    (uint256(schedulerShareOf) << 144) |
                    (uint256(roundBlocksOf) << 112) |
                    (uint256(deadlineBlocksOf) << 80)
            );
    }

    /// @notice How many seat numbers the pool had given out; the draw is among them.
    function seats(bytes32 frozen) internal pure returns (uint256) {
        return uint256(frozen) >> 224;
    }

    /// @notice The scheduler's share, in 1/10,000.
    function schedulerShare(bytes32 frozen) internal pure returns (uint256) {
        return uint16(uint256(frozen) >> 144);
    }

    function roundBlocks(bytes32 frozen) internal pure returns (uint256) {
        return uint32(uint256(frozen) >> 112);
    }

    function deadlineBlocks(bytes32 frozen) internal pure returns (uint256) {
        return uint32(uint256(frozen) >> 80);
    }
}
