// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice A task under way, unpacked. `Task` in `IPanel` says what the members mean.
struct Progress {
    uint256 status;
    uint256 round;
    uint256 drawn;
    uint256 drawnInRound;
    /// Blocks after the seal; zero: not complete.
    uint256 completedAfter;
    uint256 places;
    /// The top 152 bits of a word.
    bytes32 seals;
    /// Not packed: where it is not the first round's, it has a slot of its own.
    uint256 seedBlock;
    /// Not packed: the deal's `sealedAtBlock` and `frozen`.
    uint256 sealedAt;
    bytes32 frozen;
}

/// @notice A task in one slot. From the lowest bit: status 2 bits, round 3, drawn 7, drawnInRound 7, completedAfter 16,
/// places 64, and at the top seals 152.
/// @dev The first commit writes a new slot, which is a third of its cost: hence one slot, and a chain of seals cut to
/// 152 bits. Who wanted to commit one list of seals and bring back another would have to find a collision, of 2^76
/// hashes, before the round is over.
type TaskWord is uint256;

using {load} for TaskWord global;

/// @dev What is kept of the chain of seals.
bytes32 constant SEALS_MASK = bytes32(uint256(type(uint152).max) << 104);

function load(TaskWord self) pure returns (Progress memory progress) {
    uint256 word = TaskWord.unwrap(self);
    progress.status = word & 0x3;
    progress.round = (word >> 2) & 0x7;
    progress.drawn = (word >> 5) & 0x7f;
    progress.drawnInRound = (word >> 12) & 0x7f;
    progress.completedAfter = uint16(word >> 19);
    progress.places = uint64(word >> 35);
    progress.seals = bytes32(word) & SEALS_MASK;
}

/// @dev Nothing runs over its bits: there are 7 rounds and 64 places at most, and deadlines are below 2^16 blocks.
function toTaskWord(Progress memory self) pure returns (TaskWord) {
    return
        TaskWord.wrap(
            self.status |
                (self.round << 2) |
                (self.drawn << 5) |
                (self.drawnInRound << 12) |
                (self.completedAfter << 19) |
                (self.places << 35) |
                uint256(self.seals)
        );
}
