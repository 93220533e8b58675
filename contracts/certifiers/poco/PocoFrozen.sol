// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What Poco keeps in a deal, so that nothing that changes later touches it.
struct FrozenTerms {
    /// How many seat numbers the pool had given out; the draw is among them.
    uint32 seats;
    /// What a worker locks for a seat (nano-HANSE). For those who read the deal.
    uint64 seatStake;
    uint16 schedulerShare;
    uint32 roundBlocks;
    uint32 deadlineBlocks;
}

/// @title PocoFrozen
/// @notice `Deal.frozen` of Poco's deals: from the top, seats 32 bits, seatStake 64, schedulerShare 16, roundBlocks 32,
/// deadlineBlocks 32; the last 80 bits are zero.
library PocoFrozen {
    function pack(FrozenTerms memory terms) internal pure returns (bytes32) {
        return bytes32(
            abi.encodePacked(
                terms.seats, terms.seatStake, terms.schedulerShare, terms.roundBlocks, terms.deadlineBlocks, uint80(0)
            )
        );
    }

    function unpack(bytes32 frozen) internal pure returns (FrozenTerms memory terms) {
        uint256 bits = uint256(frozen);
        // Each cast cuts off what stands above the field.
        terms.seats = uint32(bits >> 224);
        terms.seatStake = uint64(bits >> 160);
        terms.schedulerShare = uint16(bits >> 144);
        terms.roundBlocks = uint32(bits >> 112);
        terms.deadlineBlocks = uint32(bits >> 80);
    }
}
