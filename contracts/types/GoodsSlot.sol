// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Complaint, Stage} from "./Goods.sol";

/// What the Receipt keeps of a deal of goods, in one word, whose parts are, from the lowest bit:
///
///   stage 4 | extended 1 | complaint 1 | since 34 | filled 24 | commitment 192
///
/// `GoodsState` says what each part is; `filled`, in the slot of a purchase's first deal alone, is how much of the purchase is
/// taken (`IReceipt.filled`), which so needs no slot of its own. They are packed by hand: the compiler gives each part a byte
/// at least, and would need a second word. Seconds fit 34 bits until the year 2514.
type GoodsSlot is uint256;

using {
    stage,
    isExtended,
    complaint,
    since,
    filled,
    commitment,
    entered,
    extended,
    disputed,
    withFilled
} for GoodsSlot global;

// The most pieces that are taken of purchases with one salt: what fits 24 bits, but for their highest value, which stands for
// cancelled ones.
uint32 constant MAX_PURCHASE_VOLUME = 16_777_214;

// What is told of orders that were cancelled: as much as any volume, so that nothing is left of them.
uint32 constant ALL_TAKEN = type(uint32).max;

uint256 constant STAGE_MASK = 0xf;
uint256 constant EXTENDED_BIT = 1 << 4;
uint256 constant COMPLAINT_SHIFT = 5;
uint256 constant SINCE_SHIFT = 6;
uint256 constant SINCE_MASK = (1 << 34) - 1;
uint256 constant FILLED_SHIFT = 40;
uint256 constant FILLED_MASK = type(uint24).max;
uint256 constant COMMITMENT_SHIFT = 64;

/// A deal that has come to no stage yet.
function toGoodsSlot(bytes24 commitment_) pure returns (GoodsSlot) {
    return GoodsSlot.wrap(uint256(uint192(commitment_)) << COMMITMENT_SHIFT);
}

function stage(GoodsSlot slot) pure returns (Stage) {
    return Stage(GoodsSlot.unwrap(slot) & STAGE_MASK);
}

function isExtended(GoodsSlot slot) pure returns (bool) {
    return GoodsSlot.unwrap(slot) & EXTENDED_BIT != 0;
}

function complaint(GoodsSlot slot) pure returns (Complaint) {
    return Complaint((GoodsSlot.unwrap(slot) >> COMPLAINT_SHIFT) & 1);
}

function since(GoodsSlot slot) pure returns (uint256) {
    return (GoodsSlot.unwrap(slot) >> SINCE_SHIFT) & SINCE_MASK;
}

/// `ALL_TAKEN` where they were cancelled.
function filled(GoodsSlot slot) pure returns (uint32) {
    // 24 bits.
    uint32 pieces = uint32((GoodsSlot.unwrap(slot) >> FILLED_SHIFT) & FILLED_MASK);
    return pieces > MAX_PURCHASE_VOLUME ? ALL_TAKEN : pieces;
}

function commitment(GoodsSlot slot) pure returns (bytes24) {
    return bytes24(uint192(GoodsSlot.unwrap(slot) >> COMMITMENT_SHIFT));
}

/// At another stage, from now on.
function entered(GoodsSlot slot, Stage stage_) view returns (GoodsSlot) {
    uint256 kept = GoodsSlot.unwrap(slot) & ~(STAGE_MASK | (SINCE_MASK << SINCE_SHIFT));
    return GoodsSlot.wrap(kept | uint256(stage_) | ((block.timestamp & SINCE_MASK) << SINCE_SHIFT));
}

function extended(GoodsSlot slot) pure returns (GoodsSlot) {
    return GoodsSlot.wrap(GoodsSlot.unwrap(slot) | EXTENDED_BIT);
}

/// Assumes that nobody has complained before.
function disputed(GoodsSlot slot, Complaint complaint_) pure returns (GoodsSlot) {
    return GoodsSlot.wrap(GoodsSlot.unwrap(slot) | (uint256(complaint_) << COMPLAINT_SHIFT));
}

/// @param pieces At most `MAX_PURCHASE_VOLUME`, or `ALL_TAKEN`.
function withFilled(GoodsSlot slot, uint32 pieces) pure returns (GoodsSlot) {
    uint256 kept = GoodsSlot.unwrap(slot) & ~(FILLED_MASK << FILLED_SHIFT);
    return GoodsSlot.wrap(kept | ((pieces & FILLED_MASK) << FILLED_SHIFT));
}
