// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Who sits in a seat since when: the one word of it that a draw and a commit read. From the lowest bit: worker
/// 160 bits, enrolledAt 40, leftAt 40, convicted 1. `Seat` in `IPanel` says what they mean; a free seat is zero.
type Occupancy is uint256;

using {worker, enrolledAt, leftAt, convicted, leaveAt, convict, wasSeated} for Occupancy global;

uint256 constant CONVICTED = 1 << 240;

/// @dev Block numbers fit 40 bits for some thousands of years, even at ten a second.
function newOccupancy(address worker_, uint256 blockNumber) pure returns (Occupancy) {
    return Occupancy.wrap((blockNumber << 160) | uint160(worker_));
}

function worker(Occupancy self) pure returns (address) {
    return address(uint160(Occupancy.unwrap(self)));
}

function enrolledAt(Occupancy self) pure returns (uint40) {
    return uint40(Occupancy.unwrap(self) >> 160);
}

/// @return Zero: nobody left.
function leftAt(Occupancy self) pure returns (uint40) {
    return uint40(Occupancy.unwrap(self) >> 200);
}

function convicted(Occupancy self) pure returns (bool) {
    return Occupancy.unwrap(self) & CONVICTED != 0;
}

/// @dev Assumes that nobody left before.
function leaveAt(Occupancy self, uint256 blockNumber) pure returns (Occupancy) {
    return Occupancy.wrap(Occupancy.unwrap(self) | (blockNumber << 200));
}

function convict(Occupancy self) pure returns (Occupancy) {
    return Occupancy.wrap(Occupancy.unwrap(self) | CONVICTED);
}

/// @dev Whether the seat takes part in the draws of deals sealed in `sealedAt`. The answer stays the same until the
/// number is given out again, since a seat is left in no earlier block than the present one.
function wasSeated(Occupancy self, uint256 sealedAt) pure returns (bool) {
    uint256 left = self.leftAt();
    return self.worker() != address(0) && self.enrolledAt() < sealedAt && (left == 0 || sealedAt <= left);
}
