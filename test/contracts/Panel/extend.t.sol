// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Contribution, IPanel, Task} from "../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "./support/Market.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// extend
// ├── while the round runs, or its grace: refused
// ├── when another round would not be over before the deadline: refused
// ├── when nobody is left to be drawn, or all 64 places were: refused
// ├── when the closed round's seed was lost: refused; not if somebody recorded it
// ├── when the task is settled: refused
// └── else the next round runs, drawn by a later block, and the seed of the closed one is kept
contract ExtendTest is PocoTest {
    function test_refusesWhileTheRoundRuns() external {
        enrol(0, 12);
        (Deal memory deal, ) = sealAndDraw(aWish());
        uint256 graceUntil = deal.sealedAtBlock + 1 + ROUND_BLOCKS + 10;
        rollTo(graceUntil);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelGraceRunning.selector, idOf(deal, 0), graceUntil));
        poco.extend(deal, 0);
        advance(1);
        poco.extend(deal, 0);
    }

    function test_theGraceOfACompleteRoundBeginsAtOnce() external {
        enrol(0, 12);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        advance(3);
        commitAll(deal, 1, drawn, success());
        uint256 graceUntil = currentBlock + 10;
        rollTo(graceUntil);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelGraceRunning.selector, idOf(deal, 0), graceUntil));
        poco.extend(deal, 0);
        advance(1);
        poco.extend(deal, 0);
    }

    function test_refusesWhenTheDeadlineIsNear() external {
        enrol(0, 12);
        (Deal memory deal, ) = sealAndDraw(aWish());
        seeds.record(deal.sealedAtBlock + 1);
        uint256 deadline = deal.sealedAtBlock + DEADLINE_BLOCKS;
        rollTo(deadline - ROUND_BLOCKS - 10);
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelTimeTooShort.selector, idOf(deal, 0), deadline + 1, deadline)
        );
        poco.extend(deal, 0);
        rollTo(deadline - ROUND_BLOCKS - 11);
        poco.extend(deal, 0);
    }

    function test_refusesWhenNobodyIsLeft() external {
        enrol(0, 4);
        (Deal memory deal, ) = sealAndDraw(aWish());
        advance(100);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatsExhausted.selector, idOf(deal, 0), uint256(4)));
        poco.extend(deal, 0);
    }

    function test_refusesBeyond64Places() external {
        enrol(0, 70);
        Wish memory wish = aWish();
        wish.trust = 2 ** 15;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        equal(drawn.length, 15, "first places");
        for (uint256 round = 2; round <= 4; ++round) {
            advance(100);
            poco.extend(deal, 0);
        }
        advance(100);
        equal(poco.drawnSeats(deal, 0, 4).length, 64, "no more than 64");
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatsExhausted.selector, idOf(deal, 0), uint256(64)));
        poco.extend(deal, 0);
    }

    function test_refusesWhenTheSeedIsLost() external {
        enrol(0, 12);
        (Deal memory deal, ) = sealAndDraw(aWish());
        advance(300);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeedUnknown.selector, uint256(deal.sealedAtBlock) + 1));
        poco.extend(deal, 0);
    }

    function test_goesOnWhenTheSeedWasRecorded() external {
        enrol(0, 12);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        vm.prank(STRANGER);
        seeds.record(deal.sealedAtBlock + 1);
        advance(300);
        poco.extend(deal, 0);
        advance(2);
        uint32[] memory all = poco.drawnSeats(deal, 0, 2);
        equal(all.length, 8, "places");
        for (uint256 i = 0; i < 4; ++i) {
            equal(all[i], drawn[i], "the first round stays");
        }
    }

    function test_keepsTheSeedOfTheClosedRound() external {
        enrol(0, 30);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        advance(100);
        poco.extend(deal, 0);
        advance(2);
        uint32[] memory second = poco.drawnSeats(deal, 0, 2);
        advance(200);
        poco.extend(deal, 0);
        advance(200);
        // The first round's block is out of sight now, and nobody recorded it.
        equal(seeds.seedOf(deal.sealedAtBlock + 1), 0, "lost");
        uint32[] memory all = poco.drawnSeats(deal, 0, 3);
        for (uint256 i = 0; i < second.length; ++i) {
            equal(all[i], second[i], "drawn before");
        }
        equal(second[0], drawn[0], "the first round stays");
    }

    function test_opensTheNextRound() external {
        enrol(0, 12);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        commit(deal, only(contribution(idOf(deal, 0), 1, drawn[1], success())));
        advance(100);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.RoundOpened(idOf(deal, 0), 2, uint64(currentBlock + 1));
        vm.prank(STRANGER);
        poco.extend(deal, 0);
        Task memory task = taskOf(deal);
        equal(task.round, 2, "round");
        equal(task.drawn, 4, "drawn");
        equal(task.drawnInRound, 0, "nobody yet");
        equal(task.places, 2, "who has committed");
        equal(task.seedBlock, currentBlock + 1, "seed block");
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelGraceRunning.selector, idOf(deal, 0), currentBlock + 61));
        poco.extend(deal, 0);
    }

    function test_refusesASettledTask() external {
        enrol(0, 12);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        poco.finalize(deal, 0, commitAll(deal, 1, drawn, success()), success());
        advance(100);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelAlreadySettled.selector, idOf(deal, 0), uint8(1)));
        poco.extend(deal, 0);
    }
}
