// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

// The certifiers' numbers. Others make another version of a certifier, which governance registers for new deals.
// `src/protocol/panel-parameters.ts` has those that services and deployments need.

// How many blocks after the seal, or after a round was opened, the block of its seed is.
uint256 constant SEED_DELAY = 1;

// How many blocks after a round has closed its result may be finalized before anyone may open the next round; in a jury,
// how many after the time to reveal is over.
uint256 constant GRACE_BLOCKS = 10;

// How many blocks the stake of a seat stays after it was left, and for how long after a seal a draw can be told: seat
// numbers are given out again after that. A week of 5-second blocks.
uint256 constant UNBONDING_BLOCKS = 120_960;

// The longest deadline of a category. Half the unbonding time, so that there is as much left to fine who was absent.
uint256 constant MAX_DEADLINE_BLOCKS = UNBONDING_BLOCKS / 2;

// The most places of a task, over all rounds.
uint256 constant MAX_PLACES = 64;

// The highest trust that a deal may ask for.
uint32 constant MAX_TRUST = 1_000_000;

// Denominator of a pool's scheduler share.
uint256 constant SHARE_UNIT = 10_000;

// What the pool's owner has at stake, of the pool's price.
uint256 constant POOL_STAKE_PERCENT = 30;

// What a certified failure costs, of the pool's price.
uint256 constant FAILURE_FEE_PERCENT = 10;

// What a missed place costs, of the seat's stake.
uint256 constant FINE_PERCENT = 5;

// What a juror loses whose answer was not the ruling, of the seat's stake.
uint256 constant JURY_SLASH_PERCENT = 10;

// The payer's part of a slashed pool stake, or of what is shared of it.
uint256 constant PAYER_SLASH_PERCENT = 10;

// So many missed places in a row cost the seat.
uint16 constant MISSES_TO_LOSE_SEAT = 3;

// Scores rise only where at least this is paid to the pool: 0.001 HANSE.
uint256 constant SCORE_FLOOR = 1_000_000;

// Scores rise only where at least so many agreed.
uint256 constant SCORE_MATCHING = 2;
