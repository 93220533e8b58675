// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ballot, IJury, Poll} from "../../../contracts/interfaces/IJury.sol";
import {Committed, IPanel} from "../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {vm} from "../support/Vm.sol";
import {JuryTest} from "./support/JuryTest.sol";

// reveal
// ├── while the round runs, or after as long again: refused
// ├── with other seals, a position beyond them, another answer, salt, round or task: refused
// ├── of a seal of an earlier round: refused
// ├── when nothing new comes: refused; what came before is left out
// └── else the answer counts once, and the one with most votes leads
contract RevealTest is JuryTest {
    Deal private _deal;
    uint32[] private _drawn;
    TaskId private _id;

    function setUp() public override {
        super.setUp();
        enrol(0, 12);
        (_deal, _drawn) = sealAndDraw(aWish());
        _id = idOf(_deal, 0);
    }

    function test_refusesWhileTheRoundRuns() external {
        Committed[] memory seals = commitVotes(_deal, 1, _drawn, 3, 0);
        uint256 lastBlock = _deal.sealedAtBlock + 1 + ROUND_BLOCKS;
        rollTo(lastBlock);
        Ballot[] memory one = ballots(_id, seals, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelRoundRunning.selector, _id, uint8(1), lastBlock));
        jury.reveal(_deal, 0, seals, one);
        advance(1);
        jury.reveal(_deal, 0, seals, one);
    }

    function test_refusesWhenItsTimeIsOver() external {
        Committed[] memory seals = commitVotes(_deal, 1, _drawn, 4, 0);
        advance(ROUND_BLOCKS);
        jury.reveal(_deal, 0, seals, ballots(_id, seals, 0, 1));
        advance(1);
        Ballot[] memory late = ballots(_id, seals, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryRevealOver.selector, _id, uint8(1)));
        jury.reveal(_deal, 0, seals, late);
    }

    function test_refusesOtherSeals() external {
        Committed[] memory seals = commitVotes(_deal, 1, _drawn, 4, 0);
        Ballot[] memory one = ballots(_id, seals, 0, 1);
        bytes19 chain = taskOf(_deal).seals;
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSealsDiffer.selector, _id, chain, bytes19(0)));
        jury.reveal(_deal, 0, none(), one);
    }

    function test_refusesWhatWasNotSealed() external {
        Committed[] memory seals = commitVotes(_deal, 1, _drawn, 2, 2);
        Ballot memory wrong = ballot(_id, seals, 0);
        wrong.answer = NO;
        _differs(seals, wrong);
        wrong = ballot(_id, seals, 0);
        wrong.salt = saltOf(_id, _drawn[1]);
        _differs(seals, wrong);
        // Another's, told as one's own.
        wrong = ballot(_id, seals, 0);
        wrong.position = 1;
        _differs(seals, wrong);
        wrong.position = 4;
        _differs(seals, wrong);
        wrong.position = 255;
        _differs(seals, wrong);
    }

    function test_refusesASealThatWasCopied() external {
        TaskId id = _id;
        bytes32 copied = vote(id, 1, _drawn[0], YES).seal;
        Committed[] memory seals = commit(_deal, only(signed(id, 1, _drawn[1], copied)));
        advance(ROUND_BLOCKS + 1);
        Ballot memory his = Ballot(0, YES, saltOf(id, _drawn[0]));
        _differs(seals, his);
    }

    function test_refusesASealOfAnEarlierRound() external {
        Committed[] memory first = commitVotes(_deal, 1, _drawn, 2, 2);
        jury.reveal(_deal, 0, first, ballots(_id, first, 0, 3));
        advance(ROUND_BLOCKS + 11);
        jury.extend(_deal, 0);
        advance(2);
        Committed[] memory seals = concat(first, commitVotes(_deal, 2, drawnIn(_deal, 2), 4, 0));
        Ballot[] memory late = ballots(_id, seals, 3, 1);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryRevealOver.selector, _id, uint8(1)));
        jury.reveal(_deal, 0, seals, late);
        jury.reveal(_deal, 0, seals, ballots(_id, seals, 4, 4));
    }

    function test_refusesNothing() external {
        Committed[] memory seals = commitVotes(_deal, 1, _drawn, 4, 0);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryNothingToReveal.selector, _id));
        jury.reveal(_deal, 0, seals, new Ballot[](0));
        Ballot[] memory one = ballots(_id, seals, 2, 1);
        jury.reveal(_deal, 0, seals, one);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryNothingToReveal.selector, _id));
        jury.reveal(_deal, 0, seals, one);
    }

    function test_leavesOutWhatCameBefore() external {
        Committed[] memory seals = commitVotes(_deal, 1, _drawn, 4, 0);
        jury.reveal(_deal, 0, seals, ballots(_id, seals, 1, 2));
        revealAll(_deal, seals);
        Poll memory poll = jury.poll(_id);
        equal(poll.revealed, 15, "all four");
        equal(poll.votes, 4, "each once");
    }

    function test_countsTheAnswers() external {
        Committed[] memory seals = commitVotes(_deal, 1, _drawn, 1, 3);
        vm.expectEmit(true, true, true, true, address(jury));
        emit IJury.Revealed(_id, workerOf(_drawn[0]), 0, YES);
        vm.prank(STRANGER);
        jury.reveal(_deal, 0, seals, ballots(_id, seals, 0, 1));
        equal(jury.poll(_id).leading, YES, "the first");
        jury.reveal(_deal, 0, seals, ballots(_id, seals, 1, 1));
        equal(jury.poll(_id).leading, YES, "of two with as many the one that had them first");
        jury.reveal(_deal, 0, seals, ballots(_id, seals, 2, 2));
        Poll memory poll = jury.poll(_id);
        equal(poll.leading, NO, "the others");
        equal(poll.votes, 3, "votes");
    }

    function _differs(Committed[] memory seals, Ballot memory wrong) private {
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryBallotDiffers.selector, _id, wrong.position));
        jury.reveal(_deal, 0, seals, single(wrong));
    }
}
