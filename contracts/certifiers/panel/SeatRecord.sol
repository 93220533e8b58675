// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What tasks change of a seat, in one word. From the lowest bit: stake 64 bits, score 32, misses 16, earned 64.
/// `Seat` in `IPanel` says what they mean.
type SeatRecord is uint256;

using {stake, score, misses, earned, withEarned} for SeatRecord global;

uint256 constant EARNED_SHIFT = 112;

function toSeatRecord(uint64 stake_, uint32 score_, uint16 misses_, uint64 earned_) pure returns (SeatRecord) {
    return
        SeatRecord.wrap(
            (uint256(earned_) << EARNED_SHIFT) | (uint256(misses_) << 96) | (uint256(score_) << 64) | stake_
        );
}

function stake(SeatRecord self) pure returns (uint64) {
    return uint64(SeatRecord.unwrap(self));
}

function score(SeatRecord self) pure returns (uint32) {
    return uint32(SeatRecord.unwrap(self) >> 64);
}

function misses(SeatRecord self) pure returns (uint16) {
    return uint16(SeatRecord.unwrap(self) >> 96);
}

function earned(SeatRecord self) pure returns (uint64) {
    return uint64(SeatRecord.unwrap(self) >> EARNED_SHIFT);
}

function withEarned(SeatRecord self, uint64 earned_) pure returns (SeatRecord) {
    return toSeatRecord(self.stake(), self.score(), self.misses(), earned_);
}
