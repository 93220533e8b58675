// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal} from "../types/Deals.sol";
import {TaskId} from "../types/Ids.sol";
import {Committed, IPanel, Reward} from "./IPanel.sol";

/// @notice What a juror sealed.
struct Ballot {
    /// Which of all committed seals it opens, from 0.
    uint8 position;
    bytes32 answer;
    bytes32 salt;
}

/// @notice What is revealed of a task.
struct Poll {
    /// The answer that most jurors gave, of several the one that had so many votes first.
    bytes32 leading;
    uint8 votes;
    /// Bit i: the i-th seal is revealed.
    uint64 revealed;
}

/// @title IJury
/// @notice Decides what could be guessed: a ruling, a yes or no. Drawn jurors seal their answers with a salt, and reveal
/// them. `IPanel` says how jurors are drawn, commit, and are fined.
///
/// A seal is `keccak256(abi.encode(juror, keccak256(abi.encode(round, taskId, answer, salt))))`. From a round's close on
/// its seals may be revealed for as long as it had to commit (`roundBlocks`). An answer given by more than half of all
/// places drawn so far is the ruling (`rule`), as soon as all seals of the round are revealed or their time is over.
/// Without such a majority, the next round is opened. A dispute is a deal whose callback is the contract that has to
/// decide: it is told `abi.encode(answer)`.
///
/// Rules:
/// - The jurors who gave the ruling share their part equally.
/// - Who gave another answer, or did not reveal, loses a tenth of its stake: up to what the pool is paid, in all, to
///   those who ruled, the rest to the treasury. It counts like a missed place: the third in a row costs the seat.
/// - At a claim, a seal that was not revealed is a missed place, and its juror has no part in what the pool's owner loses.
/// - No scores, and no confidence: a ruling is not right, it is decided. A deal's trust says only how many jurors are
///   drawn first. Below 2, where nobody would be, it is refused (`TrustTooLow`): so a closed pool serves no jury.
/// @dev EIP-712 domain ("Hanse Jury", "1", chain id, this contract). The grace before the next round is the time to
/// reveal and 10 blocks more, to rule in; it has to fit the deadline.
/// @dev Warning: a juror who shows its salt before the round is closed can sell its answer, and be copied.
interface IJury is IPanel {
    event Revealed(TaskId indexed taskId, address indexed juror, uint8 position, bytes32 answer);
    /// @notice The juror gave another answer than the ruling, or none that it revealed.
    event JurorSlashed(TaskId indexed taskId, address indexed juror, uint64 amount, bool revealed);
    event Ruled(TaskId indexed taskId, bytes32 indexed answer, uint256 votes, Reward[] rewards);

    /// @notice The seal's round is not the running one, or its time to reveal is over.
    error JuryRevealOver(TaskId taskId, uint8 round);
    /// @notice Seals of the round may still be revealed.
    error JuryRevealRunning(TaskId taskId, uint256 lastBlock);
    /// @notice Not what is sealed at that position.
    error JuryBallotDiffers(TaskId taskId, uint8 position);
    /// @notice No ballot, or all of them have been revealed before.
    error JuryNothingToReveal(TaskId taskId);
    /// @notice No answer has more than half of the places.
    error JuryUndecided(TaskId taskId, uint256 votes, uint256 drawn);
    /// @notice `rule`, instead of another round.
    error JuryDecided(TaskId taskId, bytes32 answer);

    /// @notice Opens seals of the round that is closed. Anyone who knows answer and salt. What is revealed already is
    /// left out. Emits `Revealed` for each.
    /// @param seals Everything committed so far, in order.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelAlreadySettled`, `PanelRoundRunning`, `JuryRevealOver`, `PanelSealsDiffer`, `JuryBallotDiffers` or `JuryNothingToReveal`.
    function reveal(Deal calldata deal, uint32 index, Committed[] calldata seals, Ballot[] calldata ballots) external;

    /// @notice Settles a task by the answer of more than half of its places. Anyone. Emits `Ruled`, and where it
    /// applies `JurorSlashed`, `PlaceMissed`, `CallbackRun`.
    /// @param seals Everything committed so far, in order.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelAlreadySettled`, `PanelDeadlineOver`, `PanelRoundRunning`,
    /// `PanelSealsDiffer`, `JuryUndecided` or `JuryRevealRunning`; the Clerk says whether the deal is true
    /// (`ClerkDealUnknown`, `ClerkNotTheCertifier`). The callback comes last, with 200,000 gas that the caller has to
    /// bring (`ResultCallbackGasTooLow`); whatever it does changes nothing.
    function rule(Deal calldata deal, uint32 index, Committed[] calldata seals) external;

    function poll(TaskId id) external view returns (Poll memory);
}
