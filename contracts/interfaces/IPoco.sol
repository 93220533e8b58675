// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal} from "../types/Deals.sol";
import {AssetId, DealId, TaskId} from "../types/Ids.sol";
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
    /// Was wrong once, and has lost its stake: nothing more is taken from it.
    bool convicted;
    /// What is left of the stake (nano-HANSE).
    uint64 stake;
    uint32 score;
    /// Places missed since the last time it was right.
    uint16 misses;
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
    Certified,
    /// Certified to fail: a missing input, a trap, a limit. Refunded but for a small fee.
    Failed,
    Claimed
}

/// @notice A task as it stands.
struct Task {
    TaskStatus status;
    /// Rounds begin at 1; 0: nobody has committed yet, round 1 counts from the seal.
    uint8 round;
    /// Places drawn in all rounds so far and in the running one; zero while nobody has committed in it.
    uint8 drawn;
    uint8 drawnInRound;
    /// How many blocks after the seal its last place committed; zero: not all have.
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
    /// `keccak256(abi.encode(worker, keccak256(abi.encode(round, taskId, resultHash))))`.
    bytes32 seal;
    /// The worker's, over `Contribution(bytes32 taskId,uint8 round,bytes32 seal)`; empty: the worker is the caller.
    bytes signature;
}

/// @notice Who committed what and when, in one word, since it is told twice: from the lowest bit, worker 160 bits, seat
/// 32, round 8.
type Committer is bytes32;

/// @notice A sealed answer that is on the chain; brought back as calldata, in the order of commitment.
struct Committed {
    Committer by;
    bytes32 seal;
}

/// @notice What a worker got for a task (nano-HANSE), and its seat's score from now on.
struct Reward {
    address worker;
    uint64 amount;
    uint32 score;
}

/// @notice What was computed. Its hash, `keccak256(abi.encode(outcome, content, memoryHash, keccak256(callbackData)))`,
/// is what workers agree on.
struct Result {
    /// 0: success; else why the task cannot succeed (`src/protocol/outcomes.ts`).
    uint8 outcome;
    /// SHA-256 of the output, its address in the content store.
    bytes32 content;
    /// Keccak-256 of the program's final memory.
    bytes32 memoryHash;
    /// For the requester's contract.
    bytes callbackData;
}

using {workerOf, seatOf, roundOf} for Committer global;

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

/// @title IPoco
/// @notice Proof-of-Contribution: was the work right? Stake, reputation, and replication until a confidence is met.
///
/// A task's course: the deal is sealed at block b. The hash of block b+1 draws places for round 1 among the pool's
/// seats of before b. Drawn workers compute; their seals are committed (`commit`). The round closes when every drawn
/// place has committed or `roundBlocks` after its seed block. Workers then disclose the round's digests off chain, and
/// everybody sees whether the result is sure enough. If so, the result is disclosed and anyone calls `finalize`. If
/// not, anyone opens the next round (`extend`) once a grace has passed. What is not certified by the deadline is
/// claimed back.
///
/// Rules:
/// - Weight of a worker: `max(score / 3, 3) − 1`, at most 16. Group: the product of the weights of the seals that match
///   the result; hostile: that of the others, 0 if there is none. Reached: `group · trust > (1 + group + hostile) ·
///   (trust − 1)`, and seals that match in at least 2/3 of all places drawn so far.
/// - Places: the fewest fresh workers that reach the trust, then as many again each round as were drawn before, 64 in
///   all.
/// - Certified: app and dataset owners are paid, the scheduler gets its share, the workers who were right share the
///   rest and their part of the stakes that the wrong ones lost by log2 of their weights; what does not divide is the
///   scheduler's.
/// - A wrong seat loses its stake and its place. Winners get of it at most as much again as the pool is paid, the
///   treasury the rest: so nobody can save a stake by losing it to its own accomplices in a cheap task before a dear
///   one is judged, and it does not pay to outvote an honest worker for its stake.
/// - Missed places are fined, to the treasury; the third miss in a row costs the seat.
/// - Certified failure: refunded but for a fee out of the pool's price, shared like a reward. Nobody is slashed for
///   having found the failure; who said otherwise is wrong as always.
/// - Claimed: refunded. If places were missed, or at trust 0 and 1 in any case, the pool's stake is slashed: a tenth
///   to the payer, the rest to the workers who committed, or to the treasury where nobody did.
/// - A score rises by one for a right answer that at least two gave, where the pool is paid at least 0.001 HANSE; it
///   falls by a third, rounded up, for a wrong one. It goes on in the worker's next seat of the pool.
///
/// The draw (`Sortition`): seat numbers are taken one after the other from a shuffle of [0, frozen seats). A number
/// whose seat was not taken before the block of the seal, or was left before it, is skipped. A round's draws use that
/// round's seed and go on where the round before ended, until its places are filled, no number is left, or 256 were
/// taken.
/// @dev Never `prevrandao`: it is constant under QBFT. Windows count blocks.
/// @dev Warning: a seed has to be asked for, or recorded at its source, within 256 blocks. `extend` keeps those of
/// closed rounds; a task that may end by its deadline needs a `record` by whoever wants absent workers fined.
/// @dev Warning: a result that can be guessed can be tried against a seal: subjective answers do not belong here.
interface IPoco is ICertifier {
    event PoolOpened(AssetId indexed pool, PoolTerms terms);
    event CategoryAdded(uint16 indexed category, Category terms);
    event SeatTaken(AssetId indexed pool, uint32 indexed seat, address indexed worker);
    event SeatLeft(AssetId indexed pool, uint32 indexed seat, address indexed worker);
    event SeatReleased(AssetId indexed pool, uint32 indexed seat, address indexed worker, uint64 stake);

    /// @notice Seals of `round` are on the chain. `complete` tells that all its places have committed.
    event SealsCommitted(TaskId indexed taskId, uint8 indexed round, Committed[] seals, bool complete);
    event RoundOpened(TaskId indexed taskId, uint8 indexed round, uint64 seedBlock);
    event WorkersRewarded(TaskId indexed taskId, Reward[] rewards);
    event WorkerSlashed(TaskId indexed taskId, address indexed worker, uint64 amount, uint32 score);
    event PlaceMissed(TaskId indexed taskId, address indexed worker, uint64 fine);
    event TaskCertified(TaskId indexed taskId, bytes32 indexed resultHash, Result result);
    event TaskFailed(TaskId indexed taskId, bytes32 indexed resultHash, uint8 outcome);
    event TaskClaimed(TaskId indexed taskId, uint64 poolSlashed);
    event CallbackRun(TaskId indexed taskId, address indexed callback, bool success);

    /// @notice Not a pool of the registry, or not the caller's.
    error PocoNotPoolOwner(AssetId pool, address owner, address caller);
    /// @notice A pool is opened once.
    error PocoPoolAlreadyOpen(AssetId pool);
    /// @notice A share above the whole, or an open pool whose seats cost nothing.
    error PocoTermsInvalid(uint64 seatStake, uint16 schedulerShare, bool closed);
    /// @notice A round and its grace have to fit the deadline, and the deadline half the unbonding time.
    error PocoCategoryInvalid(uint32 roundBlocks, uint32 deadlineBlocks);
    error PocoPoolNotOpen(AssetId pool);
    /// @notice A closed pool has no seats.
    error PocoPoolClosed(AssetId pool);
    error PocoAlreadySeated(AssetId pool, address worker, uint32 seat);
    error PocoNotTheWorker(AssetId pool, uint32 seat, address worker, address caller);
    error PocoSeatAlreadyLeft(AssetId pool, uint32 seat, uint40 leftAt);
    /// @notice The seat is free, or taken by somebody who has not left.
    error PocoSeatNotLeft(AssetId pool, uint32 seat);
    error PocoSeatUnbonding(AssetId pool, uint32 seat, uint256 untilBlock);

    /// @notice The content brought back is not that of a sealed deal.
    error PocoDealUnknown(DealId id);
    /// @notice The deal was sealed under another certifier.
    error PocoNotTheCertifier(address certifier);
    error PocoIndexOutOfRange(uint32 index, uint32 firstTask, uint32 volume);
    error PocoAlreadySettled(TaskId taskId, TaskStatus status);
    /// @notice Trust 0 and 1 need `complete`: nobody is drawn.
    error PocoNotReplicated(uint32 trust);
    /// @notice Trust above 1 needs `commit` and `finalize`.
    error PocoReplicated(uint32 trust);
    error PocoDeadlineOver(TaskId taskId, uint256 deadline);
    error PocoDeadlineNotOver(TaskId taskId, uint256 deadline);
    /// @notice Every place has committed, or the window is over.
    error PocoRoundClosed(TaskId taskId, uint8 round);
    error PocoRoundRunning(TaskId taskId, uint8 round, uint256 lastBlock);
    /// @notice The result of the closed round may still be finalized before the next is opened.
    error PocoGraceRunning(TaskId taskId, uint256 lastBlock);
    /// @notice Another round would not be over before the deadline.
    error PocoTimeTooShort(TaskId taskId, uint256 neededUntil, uint256 deadline);
    /// @notice The task has all the places it can have.
    error PocoSeatsExhausted(TaskId taskId, uint256 drawn);
    error PocoRoundNotOpened(TaskId taskId, uint8 wanted, uint8 round);
    /// @notice The block is not there yet, or nobody recorded its seed in time.
    error PocoSeedUnknown(uint256 blockNumber);
    /// @notice Seat numbers may have been given out again since.
    error PocoDrawForgotten(TaskId taskId, uint256 lastBlock);
    error PocoSeatNotDrawn(TaskId taskId, uint8 round, uint32 seat);
    /// @notice Nothing of the seat's stake is left: its word would cost nothing.
    error PocoSeatConvicted(TaskId taskId, uint32 seat);
    error PocoSealNotSigned(TaskId taskId, uint32 seat, address worker);
    /// @notice No contribution, or all of them have been committed before.
    error PocoNothingToCommit(TaskId taskId);
    /// @notice What was brought back is not what was committed.
    error PocoSealsDiffer(TaskId taskId, bytes19 committed, bytes19 given);
    /// @notice The result is not sure enough.
    error PocoNotReached(TaskId taskId, uint256 matching, uint256 drawn, uint256 group, uint256 hostile);
    error PocoWorkerMissing(TaskId taskId);

    /// @notice Opens a pool to its first owner's terms, once. Only the pool's owner. Emits `PoolOpened`.
    function openPool(AssetId poolId, PoolTerms calldata terms) external;

    /// @notice Adds a category; only governance. Emits `CategoryAdded`.
    function addCategory(Category calldata terms) external returns (uint16 categoryId);

    /// @notice Takes a seat for the caller, who must have allowed this certifier the pool's stake in the Clerk. Nobody
    /// can refuse. One seat per account and pool. Emits `SeatTaken`.
    function enrol(AssetId poolId) external returns (uint32 number);

    /// @notice Gives the caller's seat up; its stake stays for the unbonding time. Emits `SeatLeft`.
    function leave(AssetId poolId, uint32 number) external;

    /// @notice Sets the stake of a seat that was left or lost free, once the unbonding time is over. Anyone.
    /// The worker's next seat in the pool goes on from its score. Emits `SeatReleased`.
    function release(AssetId poolId, uint32 number) external;

    /// @notice Puts sealed answers of the running round on the chain. Anyone, in any number of calls. What is committed
    /// already is left out. Emits `SealsCommitted`.
    /// @param index The task's index in the deal's request: `firstTask ≤ index < firstTask + volume`.
    /// @param contributions Best in the order of the draw.
    /// @dev Refuses unknown deals, those of another certifier, tasks of trust 0 and 1, settled tasks, and after the
    /// deadline; reverts with `PocoRoundClosed`, `PocoSeedUnknown`, `PocoSeatNotDrawn`, `PocoSeatConvicted`,
    /// `PocoSealNotSigned` or `PocoNothingToCommit`.
    function commit(Deal calldata deal, uint32 index, Contribution[] calldata contributions) external;

    /// @notice Opens the next round of a task whose round closed without a certified result and whose grace is over.
    /// Anyone. Emits `RoundOpened`.
    /// @dev Reverts with `PocoGraceRunning`, `PocoTimeTooShort` (a round that cannot be kept would fine the workers and
    /// slash the pool), `PocoSeedUnknown` or `PocoSeatsExhausted`.
    function extend(Deal calldata deal, uint32 index) external;

    /// @notice Certifies a result and has everybody paid. Anyone who knows the result. Emits `TaskCertified` or
    /// `TaskFailed`, `WorkersRewarded`, and where it applies `WorkerSlashed`, `PlaceMissed`, `CallbackRun`.
    /// @param seals Everything committed so far, in order.
    /// @dev Reverts with `PocoDeadlineOver`, `PocoRoundRunning`, `PocoSealsDiffer` or `PocoNotReached`. The callback
    /// comes last, with 200,000 gas that the caller has to bring (`ResultCallbackGasTooLow`); whatever it does changes
    /// nothing.
    function finalize(Deal calldata deal, uint32 index, Committed[] calldata seals, Result calldata result) external;

    /// @notice Certifies the result of a task of trust 0 or 1; only who owned the pool at the seal. Emits as
    /// `finalize`.
    /// @dev Warning: nothing is replicated and nobody drawn: the requester trusts the pool's owner, who names the
    /// worker.
    function complete(Deal calldata deal, uint32 index, address worker, Result calldata result) external;

    /// @notice Takes a task that was not certified by its deadline back. Anyone. Emits `TaskClaimed`, `PlaceMissed`.
    /// @param seals Everything committed so far, in order.
    /// @dev Who was absent is fined only while the draw can be told: its seed is known, and no seat number can have
    /// been given out again since (120,960 blocks after the seal). The pool is slashed all the same.
    function claim(Deal calldata deal, uint32 index, Committed[] calldata seals) external;

    function pool(AssetId id) external view returns (Pool memory);
    function seat(AssetId poolId, uint32 number) external view returns (Seat memory);
    function category(uint16 id) external view returns (Category memory);
    function task(TaskId id) external view returns (Task memory);

    /// @notice The seats drawn for a task in rounds 1 to `rounds`, in order; fewer where the pool has no more.
    /// @dev Reverts while a round's seed is unknown. `src/protocol/draw.ts` is the twin.
    function drawnSeats(Deal calldata deal, uint32 index, uint8 rounds) external view returns (uint32[] memory);
}
