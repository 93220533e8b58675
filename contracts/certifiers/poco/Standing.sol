// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What tasks change of a seat, in one word. From the lowest bit: stake 64 bits, score 32, misses 16. `Seat` in
/// `IPoco` says what they mean.
type Standing is uint256;

using {stake, score, misses} for Standing global;

function toStanding(uint64 stake_, uint32 score_, uint16 misses_) pure returns (Standing) {
    return Standing.wrap((uint256(misses_) << 96) | (uint256(score_) << 64) | stake_);
}

function stake(Standing self) pure returns (uint64) {
    return uint64(Standing.unwrap(self));
}

function score(Standing self) pure returns (uint32) {
    return uint32(Standing.unwrap(self) >> 64);
}

function misses(Standing self) pure returns (uint16) {
    return uint16(Standing.unwrap(self) >> 96);
}
