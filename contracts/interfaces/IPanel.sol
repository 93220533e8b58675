// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal} from "../types/Deals.sol";
import {AssetId, TaskId} from "../types/Ids.sol";
import {ICertifier} from "./ICertifier.sol";

/// @notice A pool's terms, published once and never changed: who wants others opens another pool.
struct PoolTerms {
    /// What a worker locks for a seat (nano-HANSE).
    uint64 seatStake;
    /// The scheduler's share of the pool's price, in 1/10,000.
    uint16 schedulerShare;
    /// A closed pool has no seats: it serves trust 0 and 1 only, with workers of its owner's choice, and earns no
    /// score.
    bool closed;
}

/// @notice A pool as it stands.
struct Pool {
    PoolTerms terms;
    bool opened;
    /// How many seat numbers were ever given out.
    uint32 seats;
    /// How many of them are taken now.
    uint32 liveSeats;
}

/// @notice One seat of a pool.
struct Seat {
    address worker;
    /// Drawn only for deals sealed in a later block than this,
    uint40 enrolledAt;
    /// and not in a later one than this; zero: still seated.
    uint40 leftAt;
    /// Has lost its stake, which stays for those that it still owes: it commits nothing more.
    bool convicted;
    /// What is left of the stake (nano-HANSE).
    uint64 stake;
    uint32 score;
    /// Places missed since the last time it was right.
    uint16 misses;
    /// What its worker has earned and not been paid yet (nano-HANSE).
    uint64 earned;
}

/// @notice How much time a category of tasks has, in blocks.
struct Category {
    /// How long the drawn workers of a round have to commit.
    uint32 roundBlocks;
    /// When a task that is not certified may be claimed back.
    uint32 deadlineBlocks;
}

enum TaskStatus {
    Open,
    /// Settled with an answer: a result that is sure enough, or a jury's ruling.
    Certified,
    /// Certified to fail: a missing input, a trap, a limit. Refunded but for a small fee.
    Failed,
    Claimed
}

/// @notice A task as it stands.
struct Task {
    TaskStatus status;
    /// Rounds begin at 1; 0: nobody has committed and no round was opened yet, round 1 counts from the seal.
    uint8 round;
    /// Places drawn in the rounds before the running one, and in the running one as soon as somebody has committed in
    /// it.
    uint8 drawn;
    /// Those of the running round; zero while nobody has committed in it.
    uint8 drawnInRound;
    /// How many blocks after the seal the last place of the running round committed; zero: not all have.
    uint16 completedAfter;
    /// The block whose seed draws the running round; zero: it is the first, and that of the block after the seal does.
    uint64 seedBlock;
    /// Which places have committed: bit p is the p-th drawn, over all rounds and from 0.
    uint64 places;
    /// Chain over all committed seals: the first 19 bytes of `keccak256(abi.encode(previous, by, seal))`.
    bytes19 seals;
}

/// @notice A worker's sealed answer, on its way to the chain.
struct Contribution {
    uint32 seat;
    /// `keccak256(abi.encode(worker, digest))`; the certifier says what the digest is of.
    bytes32 seal;
    /// The signature (EIP-2098) over `Contribution(bytes32 taskId,uint8 round,bytes32 seal)`, of the worker's own key or
    /// of an operator with `POWER_CONTRIBUTION`. Both zero: the worker is the caller. A contract that works calls, or
    /// names an operator.
    bytes32 r;
    bytes32 vs;
}

/// @notice Who committed what and when, in one word, since it is told twice: from the lowest bit, worker 160 bits, seat
/// 32, round 8.
type Committer is bytes32;

/// @notice A sealed answer that is on the chain; brought back as calldata, in the order of commitment.
struct Committed {
    Committer by;
    bytes32 seal;
}

/// @notice What a worker got for a task (nano-HANSE), and its seat's score from now on, in one word. From the lowest
/// bit: worker 160 bits, amount 64, score 32. The score is 0 where nobody was drawn (`complete` and `attest` of
/// `IPoco`): that worker is paid in its account, and a seat that it may have keeps its score.
type Reward is bytes32;

/// @notice A task to be claimed back, with everything that was committed for it, in order.
struct TaskClaim {
    Deal deal;
    uint32 index;
    Committed[] seals;
}

using {workerOf, seatOf, roundOf} for Committer global;

function toReward(address worker, uint64 amount, uint32 score) pure returns (Reward) {
    return Reward.wrap(bytes32(uint256(uint160(worker)) | (uint256(amount) << 160) | (uint256(score) << 224)));
}

function toCommitter(address worker, uint32 seat, uint8 round) pure returns (Committer) {
    return Committer.wrap(bytes32(uint256(uint160(worker)) | (uint256(seat) << 160) | (uint256(round) << 192)));
}

function workerOf(Committer self) pure returns (address) {
    return address(uint160(uint256(Committer.unwrap(self))));
}

function seatOf(Committer self) pure returns (uint32) {
    return uint32(uint256(Committer.unwrap(self)) >> 160);
}

function roundOf(Committer self) pure returns (uint8) {
    return uint8(uint256(Committer.unwrap(self)) >> 192);
}

/// @title IPanel
/// @notice What certifiers share that ask drawn workers: pools, seats, sortition, rounds of sealed answers, fines, and
/// claims. How the answers are judged is said by `IPoco` and `IJury`.
///
/// A task's course: the deal is sealed at block b. The hash of block b+1 draws places for round 1 among the pool's
/// seats of before b. Drawn workers commit sealed answers (`commit`). The round closes when every drawn place has
/// committed or `roundBlocks` after its seed block. Then the certifier settles the task, or anyone opens the next round
/// (`extend`) once a grace has passed. What is not settled by the deadline is claimed back.
///
/// Rules:
/// - A deal is taken while its places can be expected to be drawn: where more than 256 numbers were ever given out, twice as
///   many taken seats as the first round needs have to be among 256 of them (`SeatsTooFew`). Of several refusals the first
///   is told: `CategoryUnknown`, `PoolNotOpen`, `TrustTooHigh`, in a jury `TrustTooLow`, `PoolClosed`, `SeatsTooFew`,
///   `SeatStakeTooLow`.
/// - Places: the fewest fresh workers that reach the trust, then as many again each round as were drawn before, up to
///   the most that a task can have.
/// - Settled with an answer: app and dataset owners are paid, the scheduler gets its share, the workers who were right
///   share the rest, and what those who were wrong lose to them: at most as much again as the pool is paid. What does
///   not divide is the scheduler's.
/// - Missed places are fined, to the treasury; several in a row cost the seat.
/// - Claimed: refunded. If places were missed, or at trust 0 and 1 in any case, the pool owner's stake is slashed. At
///   trust 0 and 1 a tenth of it is the payer's and the rest the treasury's. Above, payer (a tenth) and the workers who
///   committed (the rest, in equal parts) share the slash as far as fines were taken in this very claim from seats that
///   had something to lose; the treasury gets the fines and the rest. So no coalition of payer and workers that were
///   absent among them gains by a failure: what it gets it has paid.
///
/// The draw (`Sortition`): seat numbers are taken one after the other from a shuffle of [0, frozen seats). A number
/// whose seat was not taken before the block of the seal, or was left before it, is skipped. A round's draws use that
/// round's seed and go on where the round before ended, until its places are filled, no number is left, or 256 were
/// taken.
///
/// Numbers (`panel/Parameters.sol`; those of another version may differ):
/// - The pool's owner has 30 % of the pool's price at stake for each task. A certified failure costs 10 % of that
///   price.
/// - A missed place costs 5 % of the seat's stake, the third in a row the seat; a juror who did not give the ruling
///   loses 10 %.
/// - The payer's part of a slashed pool owner's stake is 10 %.
/// - A task has 64 places at most, over all rounds; a deal's trust is at most 1,000,000.
/// - The seed of a round is that of the block after the seal, or after the round was opened. The grace
///   before the next round may be opened is 10 blocks, in a jury beside the time to reveal.
/// - A stake stays for 120,960 blocks after its seat was left, a week of 5-second blocks. A deadline is at most half of
///   that, 60,480 blocks after the seal.
/// - A score rises where the pool is paid at least 0.001 HANSE and at least two agreed.
///
/// Whether a deal is true is asked where a task is settled, by the Clerk (`ClerkDealUnknown`, `ClerkNotTheCertifier`), and
/// nowhere before: a task is named by all of its deal's content (`TaskId`), so what is committed or opened in an invented
/// deal's name touches no task that can be settled, and a seal that is signed for one task is good for no other.
///
/// Laws:
/// 1. What the Clerk holds bonded for this certifier is the sum of the stakes of all seats.
/// 2. The certifier's own free money in the Clerk is at least what all seats have earned.
/// 3. A task is settled once, and its rounds only rise.
/// @dev Never `prevrandao`: it is constant under QBFT. Windows count blocks.
/// @dev Warning: a seed has to be asked for, or recorded at its source, within 256 blocks. `extend` keeps those of
/// closed rounds; a task that may end by its deadline needs a `record` by whoever wants absent workers fined.
interface IPanel is ICertifier {
    event PoolOpened(AssetId indexed pool, PoolTerms terms);
    event CategoryAdded(uint16 indexed category, Category terms);
    event SeatTaken(AssetId indexed pool, uint32 indexed seat, address indexed worker);
    event SeatLeft(AssetId indexed pool, uint32 indexed seat, address indexed worker);
    /// @notice The number may be given out again. `stake` was set free; it is zero where the seat was convicted.
    event SeatReleased(AssetId indexed pool, uint32 indexed seat, address indexed worker, uint64 stake);
    /// @notice What nobody was owed of a convicted seat's stake is the treasury's.
    event SeatForfeited(AssetId indexed pool, uint32 indexed seat, address indexed worker, uint64 stake);
    /// @notice What a seat had earned was paid to its worker.
    event EarningsCollected(AssetId indexed pool, uint32 indexed seat, address indexed worker, uint64 amount);

    /// @notice Seals of `round` are on the chain. `complete` tells that all its places have committed.
    event SealsCommitted(TaskId indexed taskId, uint8 indexed round, Committed[] seals, bool complete);
    event RoundOpened(TaskId indexed taskId, uint8 indexed round, uint64 seedBlock);
    event PlaceMissed(TaskId indexed taskId, address indexed worker, uint64 fine);
    event TaskClaimed(TaskId indexed taskId, uint64 poolSlashed);
    event CallbackRun(TaskId indexed taskId, address indexed callback, bool success);

    /// @notice Not a pool of the registry, or not the caller's.
    error PanelNotPoolOwner(AssetId pool, address owner, address caller);
    /// @notice A pool is opened once.
    error PanelPoolAlreadyOpen(AssetId pool);
    /// @notice A share above the whole, or an open pool whose seats cost nothing.
    error PanelTermsInvalid(uint64 seatStake, uint16 schedulerShare, bool closed);
    /// @notice A round and its grace have to fit the deadline, and the deadline half the unbonding time.
    error PanelCategoryInvalid(uint32 roundBlocks, uint32 deadlineBlocks);
    error PanelPoolNotOpen(AssetId pool);
    /// @notice A closed pool has no seats.
    error PanelPoolClosed(AssetId pool);
    error PanelAlreadySeated(AssetId pool, address worker, uint32 seat);
    error PanelNotTheWorker(AssetId pool, uint32 seat, address worker, address caller);
    error PanelSeatAlreadyLeft(AssetId pool, uint32 seat, uint40 leftAt);
    /// @notice The seat is free, or taken by somebody who has not left.
    error PanelSeatNotLeft(AssetId pool, uint32 seat);
    error PanelSeatUnbonding(AssetId pool, uint32 seat, uint256 untilBlock);
    /// @notice None of the seats has earned anything that was not paid.
    error PanelNothingToCollect(AssetId pool);

    error PanelIndexOutOfRange(uint32 index, uint32 firstTask, uint32 volume);
    error PanelAlreadySettled(TaskId taskId, TaskStatus status);
    /// @notice At trust 0 and 1 nobody is drawn.
    error PanelNotReplicated(uint32 trust);
    error PanelDeadlineOver(TaskId taskId, uint256 deadline);
    error PanelDeadlineNotOver(TaskId taskId, uint256 deadline);
    /// @notice No claim, or all of the tasks are settled.
    error PanelNothingToClaim();
    /// @notice Every place has committed, or the window is over.
    error PanelRoundClosed(TaskId taskId, uint8 round);
    error PanelRoundRunning(TaskId taskId, uint8 round, uint256 lastBlock);
    /// @notice The task may still be settled by the closed round before the next is opened.
    error PanelGraceRunning(TaskId taskId, uint256 lastBlock);
    /// @notice Another round would not be over before the deadline.
    error PanelTimeTooShort(TaskId taskId, uint256 neededUntil, uint256 deadline);
    /// @notice The task has all the places it can have.
    error PanelSeatsExhausted(TaskId taskId, uint256 drawn);
    error PanelRoundNotOpened(TaskId taskId, uint8 wanted, uint8 round);
    /// @notice The block is not there yet, or nobody recorded its seed in time.
    error PanelSeedUnknown(uint256 blockNumber);
    /// @notice Seat numbers may have been given out again since.
    error PanelDrawForgotten(TaskId taskId, uint256 lastBlock);
    error PanelSeatNotDrawn(TaskId taskId, uint8 round, uint32 seat);
    /// @notice The seat's stake is lost already: its word would cost nothing.
    error PanelSeatConvicted(TaskId taskId, uint32 seat);
    /// @notice Zero is no seal: where seals are brought back, it stands for one.
    error PanelSealMissing(TaskId taskId, uint32 seat);
    error PanelSealNotSigned(TaskId taskId, uint32 seat, address worker);
    /// @notice No contribution, or all of them have been committed before.
    error PanelNothingToCommit(TaskId taskId);
    /// @notice What was brought back is not what was committed.
    error PanelSealsDiffer(TaskId taskId, bytes19 committed, bytes19 given);

    /// @notice Opens a pool, once, to terms that hold for whoever owns it later. Only the pool's owner. Emits
    /// `PoolOpened`.
    /// @dev Reverts with `PanelNotPoolOwner`, `PanelPoolAlreadyOpen` or `PanelTermsInvalid`.
    function openPool(AssetId poolId, PoolTerms calldata terms) external;

    /// @notice Adds a category, for good; only governance. Emits `CategoryAdded`.
    /// @dev Reverts with `PanelCategoryInvalid`, also when all numbers are given out, and with
    /// `OwnableUnauthorizedAccount` for anybody else.
    function addCategory(Category calldata terms) external returns (uint16 categoryId);

    /// @notice Takes a seat for the caller, who must have allowed this certifier `terms.seatStake` in the Clerk, beside
    /// what it holds already. Nobody can refuse. One seat per account and pool. Emits `SeatTaken`.
    /// @dev Reverts with `PanelPoolNotOpen`, `PanelPoolClosed`, `PanelAlreadySeated`, and the Clerk's
    /// `ClerkAllowanceTooLow` and `ClerkBalanceTooLow`.
    function enrol(AssetId poolId) external returns (uint32 number);

    /// @notice Gives the caller's seat up; its stake stays for the unbonding time, 120,960 blocks. Emits
    /// `SeatLeft`.
    /// @dev Reverts with `PanelNotTheWorker` or `PanelSeatAlreadyLeft`.
    function leave(AssetId poolId, uint32 number) external;

    /// @notice Sets the stake of a seat that was left or lost free, once the unbonding time is over, or hands it to the
    /// treasury where the seat is convicted; pays what the seat has earned either way. Anyone. The worker's next seat in
    /// the pool goes on from its score. Emits `SeatReleased`, and where it applies `SeatForfeited`, `EarningsCollected`.
    /// @dev Reverts with `PanelSeatNotLeft` or `PanelSeatUnbonding`.
    function release(AssetId poolId, uint32 number) external;

    /// @notice Pays workers what their seats have earned. Anyone, for any seats. Those without earnings are left out.
    /// Emits `EarningsCollected` for each.
    /// @dev Reverts with `PanelNothingToCollect`.
    function collect(AssetId poolId, uint32[] calldata numbers) external;

    /// @notice Puts sealed answers of the running round on the chain. Anyone, in any number of calls. What is committed
    /// already is left out. Emits `SealsCommitted`.
    /// @param index The task's index in the deal's request: `firstTask ≤ index < firstTask + volume`.
    /// @param contributions Best in the order of the draw.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelAlreadySettled`, `PanelNotReplicated`, `PanelDeadlineOver`,
    /// `PanelRoundClosed`, `PanelSeedUnknown`, `PanelSeatNotDrawn`, `PanelSeatConvicted`, `PanelSealNotSigned`, `PanelSealMissing` or `PanelNothingToCommit`.
    function commit(Deal calldata deal, uint32 index, Contribution[] calldata contributions) external;

    /// @notice Opens the next round of a task whose round closed without settling it and whose grace is over. Anyone.
    /// Emits `RoundOpened`.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelAlreadySettled`, in a jury `JuryDecided`, `PanelNotReplicated`,
    /// `PanelGraceRunning`, `PanelTimeTooShort` (a round that cannot be kept would fine the workers and slash the pool's
    /// owner), `PanelSeedUnknown` or `PanelSeatsExhausted`; of several with the first.
    function extend(Deal calldata deal, uint32 index) external;

    /// @notice Takes a task that was not settled by its deadline back. Anyone. Emits `TaskClaimed`, and where it
    /// applies `PlaceMissed`.
    /// @param seals Everything committed so far, in order.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelAlreadySettled`, `PanelDeadlineNotOver` or `PanelSealsDiffer`;
    /// the Clerk says whether the deal is true (`ClerkDealUnknown`, `ClerkNotTheCertifier`).
    /// @dev Who was absent is fined only while the draw can be told: its seed is known, and no seat number can have
    /// been given out again since (120,960 blocks after the seal). The pool's owner is slashed all the same. A juror who
    /// did not reveal is known by its seal, and fined where the seed is lost too.
    function claim(Deal calldata deal, uint32 index, Committed[] calldata seals) external;

    /// @notice Takes several tasks back, each as `claim` does. What is settled already is left out.
    /// @dev Reverts with `PanelNothingToClaim`, and on whatever makes one of them fail as `claim` does.
    function claimBatch(TaskClaim[] calldata claims) external;

    function pool(AssetId id) external view returns (Pool memory);
    function seat(AssetId poolId, uint32 number) external view returns (Seat memory);
    function category(uint16 id) external view returns (Category memory);
    function task(TaskId id) external view returns (Task memory);

    /// @notice The seats drawn for a task in rounds 1 to `rounds`, in order; fewer where the pool has no more.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelNotReplicated`, `PanelRoundNotOpened`, `PanelDrawForgotten` or, while a round's seed is unknown, `PanelSeedUnknown`.
    /// `src/protocol/draw.ts` is the twin.
    function drawnSeats(Deal calldata deal, uint32 index, uint8 rounds) external view returns (uint32[] memory);
}
