// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ballot, IJury, Poll} from "../../interfaces/IJury.sol";
import {Committed, IPanel} from "../../interfaces/IPanel.sol";
import {Keccak} from "../../libraries/Keccak.sol";
import {Deal} from "../../types/Deals.sol";
import {TaskId} from "../../types/Ids.sol";
import {Panel} from "../panel/Panel.sol";
import {GRACE_BLOCKS} from "../panel/Parameters.sol";
import {PanelFrozen} from "../panel/PanelFrozen.sol";
import {Progress} from "../panel/Progress.sol";
import {Rounds} from "../panel/Rounds.sol";

/// @title Polls
/// @notice What jurors reveal, and which answer leads.
abstract contract Polls is IJury, Panel {
    using PanelFrozen for bytes32;

    mapping(TaskId id => Poll) internal _polls;
    mapping(TaskId id => mapping(bytes32 answer => uint8)) private _votes;
    /// @dev By the seal's position. Only those of revealed seals mean anything.
    mapping(TaskId id => mapping(uint256 position => bytes32)) internal _answers;

    /// @inheritdoc IJury
    function reveal(Deal calldata deal, uint32 index, Committed[] calldata seals, Ballot[] calldata ballots) external {
        // Check
        (TaskId id, Progress memory closed) = _openTask(deal, index);
        _checkClosed(id, closed);
        // Before the deadline: there is no round that would not be over by then, with its time to reveal.
        require(block.number <= _revealUntil(closed), JuryRevealOver(id, uint8(closed.round)));
        _checkSeals(id, closed, seals);
        // Effect
        bool any = false;
        for (uint256 i = 0; i < ballots.length; ++i) {
            // Else each juror could make another's batch fail by revealing its own just before.
            if (_isRevealed(id, ballots[i].position)) continue;
            _count(id, closed.round, seals, ballots[i]);
            any = true;
        }
        require(any, JuryNothingToReveal(id));
    }

    /// @inheritdoc IPanel
    function extend(Deal calldata deal, uint32 index) public override(IPanel, Rounds) {
        (TaskId id, Progress memory closing) = _openTask(deal, index);
        require(!_isDecided(id, closing), JuryDecided(id, _polls[id].leading));
        super.extend(deal, index);
    }

    /// @inheritdoc IJury
    function poll(TaskId id) external view returns (Poll memory) {
        return _polls[id];
    }

    /// @dev Nothing is revealed after that, so nobody can decide by waiting; then the ruling has its time.
    function _grace(uint256 roundBlocks) internal pure override returns (uint256) {
        return roundBlocks + GRACE_BLOCKS;
    }

    /// @dev The last block in which the closed round's seals may be revealed.
    function _revealUntil(Progress memory closed) internal pure returns (uint256) {
        return _closedAt(closed) + closed.frozen.roundBlocks();
    }

    /// @dev While nobody has committed in the running round its places are not counted: it was opened because there was
    /// no majority of fewer, and nothing is revealed until somebody has.
    function _isDecided(TaskId id, Progress memory progress) internal view returns (bool) {
        return uint256(_polls[id].votes) * 2 > progress.drawn;
    }

    function _isRevealed(TaskId id, uint256 position) internal view returns (bool) {
        return (uint256(_polls[id].revealed) >> position) & 1 != 0;
    }

    function _count(TaskId id, uint256 round, Committed[] calldata seals, Ballot calldata ballot) private {
        uint8 position = ballot.position;
        require(position < seals.length, JuryBallotDiffers(id, position));
        Committed calldata sealed_ = seals[position];
        uint8 ofRound = sealed_.by.roundOf();
        require(ofRound == round, JuryRevealOver(id, ofRound));
        address juror = sealed_.by.workerOf();
        bytes32 digest = Keccak.ofWords(bytes32(round), TaskId.unwrap(id), ballot.answer, ballot.salt);
        require(
            sealed_.seal == Keccak.ofWords(bytes32(uint256(uint160(juror))), digest),
            JuryBallotDiffers(id, position)
        );

        Poll storage counted = _polls[id];
        // Positions are below MAX_PLACES.
        counted.revealed |= uint64(1 << position);
        _answers[id][position] = ballot.answer;
        uint8 votes = ++_votes[id][ballot.answer];
        if (votes > counted.votes) (counted.leading, counted.votes) = (ballot.answer, votes);
        emit Revealed(id, juror, position, ballot.answer);
    }
}
